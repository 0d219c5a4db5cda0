"""Whatever `dbt ls` can be asked for, dbt-heap chooses the syncs of the models that it names."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.graph.cli import parse_difference

from dbt_heap.project.selection import _asks_for_files
from tests.integration import ROOT, Commands
from tests.project import Outcome, dbt_heap

HERE = ROOT / "tests" / "selection"
STATE = "--state earlier"

CHOICES = [
    "",  # selectors.yml has a default
    # words, wildcards, unions, intersections
    "--select people --select orders", "--select shop.marts.*", "--select *e*",
    "--select tag:crm,config.group:growth orders", "--select ''", "--exclude tag:crm",
    "--select tag:mart --exclude tag:crm orders", "--select fqn:* source:*", "--select teams.v1", "--select teams_v2",
    "--select people.sql", "--select switched_off", "--select nothing_yet", "--select countries.csv",
    # the graph
    "--select +people", "--select 1+people+1", "--select 2+scores", "--select @stg_people",
    "--select +people+,tag:mart", "--exclude people+",
    # methods
    "--select tag:n*", "--select path:models/marts", "--select models/marts/*", "--select path:models/**/teams_v?.sql",
    "--select path:models/staging/sources.yml", "--select path:seeds", "--select path:nowhere",
    "--select file:teams_v*", "--select package:kit", "--select package:this", "--select config.meta.heap.type:events",
    "--select config.meta.heap.identity:user_id --exclude config.materialized:seed", "--select config.tags:crm",
    "--select resource_type:snapshot", "--select source:raw.loaded+", "--select +exposure:*",
    "--select +test_name:unique", "--select 1+test_type:unit", "--select +unit_test:scores_are_one_more",
    "--select group:growth", "--select access:p*", "--select version:latest", "--select version:none",
    # an earlier state
    f"--select state:new+ {STATE}", f"--select state:old {STATE}", f"--select state:modified {STATE}",
    f"--select state:unmodified {STATE}", f"--select state:modified.body {STATE}",
    f"--select state:modified.configs {STATE}", f"--select state:modified.relation {STATE}",
    f"--select state:modified.macros {STATE}", f"--select state:modified.contract {STATE}",
    f"--select 1+state:modified,tag:mart {STATE}", f"--select result:error+ {STATE}",
    f"--select result:success,state:modified {STATE}", f"--select 1+result:fail {STATE}",
    f"--exclude result:error+ result:skipped {STATE}", f"--select source_status:fresher+ {STATE}",
    f"--selector since {STATE}",
    # selectors.yml
    "--selector crm", "--selector marts_but_events", "--selector both", "--selector of_the_day",
    "--selector all_but_crm", "--selector crm --select orders",
]  # fmt: skip

REFUSED = [
    "--select tagg:crm", "--select source:a.b.c.d", "--select @people+", "--select version:newest",
    "--select test_type:strange", "--select path:/models", "--select state:modified",
    f"--select state:changed {STATE}", "--select result:error", "--select state:new --state nowhere",
    "--selector nosuch", "--select",
]  # fmt: skip


class Shop(Commands):
    """The project, and what `dbt ls` names in it by selection; None where it refuses one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "")
        shutil.copytree(HERE / "shop", folder)
        with duckdb.connect(str(folder / "shop.duckdb")) as warehouse:
            warehouse.execute("create table loaded as select 'source' as user_id, 1 as in_source, now() as loaded_at")
            warehouse.execute("create table other as from loaded")
        asked = [*CHOICES, *REFUSED]
        (folder / "asked.json").write_text(json.dumps(list(map(shlex.split, asked))))
        self.run(sys.executable, str(HERE / "dbt_lists.py"), str(HERE / "later"), "asked.json")
        self.manifest = json.loads((folder / "target" / "manifest.json").read_bytes())
        nodes = self.manifest["nodes"] | self.manifest["sources"]
        self.tagged = {unique_id for unique_id, node in nodes.items() if "heap" in node["config"].get("meta", {})}
        found: list[list[str] | None] = json.loads((folder / "found.json").read_bytes())
        self.named = {text: None if ids is None else set(ids) for text, ids in zip(asked, found, strict=True)}

    def ls(self, selection: str, *flags: str) -> Outcome:
        """`dbt-heap ls`, from another folder than the project's."""
        where = ("--project-dir", str(self.folder), "--profiles-dir", str(self.folder))
        return dbt_heap("ls", "--output", "json", *where, *flags, *shlex.split(selection))


def models(outcome: Outcome) -> set[str]:
    """Of the syncs that are listed."""
    assert outcome.exit_code == 0, outcome.stderr
    return {each["model"] for each in outcome.json()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("selection") / "shop")


@pytest.mark.parametrize("selection", CHOICES)
def test_syncs_are_those_of_the_models_that_dbt_names(shop: Shop, selection: str) -> None:
    named = shop.named[selection]
    assert named is not None
    assert models(shop.ls(selection)) == named & shop.tagged


def test_selections_distinguish_the_models(shop: Shop) -> None:
    """Else they would prove little."""
    chosen = [frozenset(shop.tagged & named) for named in shop.named.values() if named]
    assert len(set(chosen)) > 40
    for model in shop.tagged:
        assert {model in each for each in chosen} == {True, False}


@pytest.mark.parametrize("selection", REFUSED)
def test_selection_that_dbt_refuses_is_refused_in_one_sentence(shop: Shop, selection: str) -> None:
    assert shop.named[selection] is None
    refused = shop.ls(selection)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1 or "Usage" in refused.stderr


def test_selection_without_a_match_is_reported_as_dbt_does(shop: Shop) -> None:
    reported = "The selection criterion 'peple' does not match any enabled nodes"
    assert shop.ls("--select peple orders").stderr == f"warning: {reported}\n"
    assert shop.ls("--select orders --exclude peple").stderr == f"warning: {reported}\n"
    assert shop.ls("--select stg_people").stderr == ""  # it does fit something, which no sync is of
    refused = shop.ls("--select peple orders --warn-error")
    assert refused.exit_code == 2 and reported in refused.stderr


@pytest.mark.parametrize("flag", ["--select", "--exclude", "--select +", "--select orders,"])
def test_sync_name_in_place_of_a_model_is_an_error_that_names_the_option(shop: Shop, flag: str) -> None:
    refused = shop.ls(f"{flag}{'' if flag[-1] in '+,' else ' '}teams_1")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "'teams_1' is a sync" in refused.stderr and "use --sync teams_1" in refused.stderr


def test_syncs_are_selected_by_their_names(shop: Shop) -> None:
    assert models(shop.ls("--sync teams_1 orders")) == {"model.shop.teams.v1", "model.shop.orders"}
    assert models(shop.ls("--sync teams_1 --select teams")) == {"model.shop.teams.v1"}
    for selection, reported in {
        "--sync teams": "no selected sync has this name; for the syncs of a model, use --select teams",
        "--sync ordres": "did you mean `orders`?",
        "--sync orders --select teams": "no selected sync has this name. Syncs: teams_1, teams_2, teams_3",
    }.items():
        refused = shop.ls(selection)
        assert refused.exit_code == 2 and reported in refused.stderr


def test_default_selector_is_reported(shop: Shop) -> None:
    reported = "as in dbt, the selector 'crm' is used: it has `default: true`\n"
    assert shop.ls("").stderr == reported
    folder = str(shop.folder)
    assert dbt_heap("exposures", "--project-dir", folder, "--profiles-dir", folder).stderr == reported
    assert shop.ls("--target prod").exit_code == 2  # of which the profile knows nothing, and the selector's Jinja asks
    assert shop.ls("--exclude ''").stderr.splitlines() == [
        "warning: The selection criterion '' does not match any enabled nodes"
    ]


# Without a checkout

ANYWHERE = [
    "", "--select path:models/marts", "--select path:models/**/teams_v?.sql", "--select path:seeds",
    "--select path:nowhere", "--select package:this", "--select +test_name:unique",
    "--select config.meta.heap.type:events", "--selector both", "--selector marts_but_events", "--selector all_but_crm",
    f"--select state:new+ {STATE}", f"--select result:error+ {STATE}",
]  # fmt: skip


@pytest.mark.parametrize("selection", ANYWHERE)
def test_without_a_checkout_the_manifest_alone_is_enough(shop: Shop, tmp_path: Path, selection: str) -> None:
    assert models(anywhere(shop, tmp_path, selection)) == (shop.named[selection] or set()) & shop.tagged


@pytest.mark.parametrize("selection", ["", "--select path:models/marts", "--selector marts_but_events"])
def test_project_file_alone_is_not_a_checkout(shop: Shop, tmp_path: Path, selection: str) -> None:
    """It stands beside the profile for the app ids that it holds."""
    shutil.copy(shop.folder / "dbt_project.yml", tmp_path)
    assert models(anywhere(shop, tmp_path, selection)) == (shop.named[selection] or set()) & shop.tagged


def test_selectors_missing_from_a_dbt_2_manifest_are_read_from_the_project(shop: Shop, tmp_path: Path) -> None:
    of_dbt_2 = {**shop.manifest["metadata"], "dbt_version": "2.0.3"}
    (tmp_path / "manifest.json").write_text(json.dumps({**shop.manifest, "metadata": of_dbt_2, "selectors": {}}))
    where = ("--manifest", str(tmp_path / "manifest.json"))
    for selection in ("--selector both", ""):
        assert models(shop.ls(selection, *where)) == (shop.named[selection] or set()) & shop.tagged


@pytest.mark.parametrize(
    ("word", "asks"),
    [
        ("tag:crm", False),
        ("file:people.sql", False),
        ("people.sql", False),
        ("models/marts", True),
        ("a+,path:b", True),
    ],
)
def test_project_files_are_restored_only_for_path_selectors(word: str, asks: bool) -> None:
    assert _asks_for_files(parse_difference([word], None)) == asks
    assert _asks_for_files(parse_difference(None, ["people", word])) == asks


def anywhere(shop: Shop, folder: Path, selection: str) -> Outcome:
    """`dbt-heap ls` in a folder that holds no model: the manifest is copied there, and the earlier state."""
    (folder / "earlier").symlink_to(shop.folder / "earlier")
    manifest = shutil.copy(shop.folder / "target" / "manifest.json", folder)
    return dbt_heap(
        "ls", "--output", "json", "--manifest", str(manifest), "--project-dir", str(folder), *shlex.split(selection)
    )


def test_missing_selector_is_reported_without_a_checkout(shop: Shop, tmp_path: Path) -> None:
    def refused(manifest: dict[str, Any]) -> str:
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        where = ("--manifest", str(tmp_path / "manifest.json"), "--project-dir", str(tmp_path))
        assert models(dbt_heap("ls", "--output", "json", *where, "--select", "orders")) == {"model.shop.orders"}
        return dbt_heap("ls", *where, "--selector", "daily").stderr

    assert refused({**shop.manifest, "selectors": {}}) == (
        "Error: --selector daily: the manifest has no such selector; it has: none\n"
    )
    of_dbt_2 = {**shop.manifest["metadata"], "dbt_version": "2.0.3"}
    assert "without a checkout" in refused({**shop.manifest, "metadata": of_dbt_2})


def test_no_file_is_created_outside_the_project_folder(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    odd = {"original_file_path": "../../out.sql", "patch_path": f"shop://{tmp_path}/out.yml"}
    orders = {**shop.manifest["nodes"]["model.shop.orders"], **odd}
    long = {**shop.manifest["nodes"]["model.shop.people"], "original_file_path": "models/" + "m" * 300}
    nodes = {**shop.manifest["nodes"], "model.shop.orders": orders, "model.shop.people": long}
    (tmp_path / "manifest.json").write_text(json.dumps({**shop.manifest, "nodes": nodes}))
    where = ("--manifest", str(tmp_path / "manifest.json"), "--project-dir", str(tmp_path))
    found = models(dbt_heap("ls", "--output", "json", *where, "--select", "path:models"))
    assert "model.shop.scores" in found and "model.shop.orders" not in found
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["manifest.json", "temporary"]


# Files that will not do


@pytest.mark.parametrize(
    ("version", "advice"),
    [("1.99.0", "dbt-core 1.99.0"), ("2025.7.9+abc123", "the newest dbt-core below 2")],  # a release track: in no index
)
def test_entries_unknown_to_the_installed_dbt_are_skipped_with_a_warning(
    shop: Shop, tmp_path: Path, version: str, advice: str
) -> None:
    people = {**shop.manifest["nodes"]["model.shop.people"], "resource_type": "thing of another dbt"}
    metadata = {**shop.manifest["metadata"], "dbt_version": version}
    nodes = {**shop.manifest["nodes"], "model.shop.people": people}
    (tmp_path / "manifest.json").write_text(json.dumps({**shop.manifest, "metadata": metadata, "nodes": nodes}))
    reported = shop.ls("--select orders", "--manifest", str(tmp_path / "manifest.json"))
    assert models(reported) == {"model.shop.orders"}
    assert f"cannot read model.shop.people as written by dbt {version}" in reported.stderr
    assert f"Install {advice}, or" in reported.stderr


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"metadata": {}}', '{"metadata": {"dbt_schema_version": "manifest/v1"}}']
)
def test_earlier_artifacts_that_dbt_cannot_read_are_reported(shop: Shop, tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    refused = shop.ls(f"--select state:modified --state {tmp_path}")
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "content",
    [
        None,  # a folder stands there
        "selectors: [",
        "selectors: {}",
        "selectors: [{name: a}]",
        "- a",
        "selectors: [{name: a, default: true, definition: {}}]",
    ],
)
def test_invalid_selectors_file_is_reported_in_one_sentence(shop: Shop, content: str | None) -> None:
    file, kept = shop.folder / "selectors.yml", shop.folder / "kept.yml"
    file.rename(kept)
    file.mkdir() if content is None else file.write_text(content)
    try:
        for selection in ("--selector crm", "") if content is None else ("--selector crm",):
            refused = shop.ls(selection)
            assert refused.exit_code == 2
            assert len(refused.stderr.splitlines()) == 1
    finally:
        file.rmdir() if content is None else file.unlink()
        kept.rename(file)
