"""A project that only dbt 2 parses is synced by the manifest that dbt 2 wrote of it: `tests/dbt_2`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.unread_declarations import dropped_by_dbt2
from dbt_heap.sandbox.server import Sandbox
from tests.integration import ROOT
from tests.project import Outcome, dbt_heap

HERE = ROOT / "tests" / "dbt_2"
LISTED: dict[str, list[str]] = json.loads((HERE / "listed.json").read_bytes())
TAGGED = {"model.shop.people", "model.shop.visits", "seed.shop.countries", "source.shop.raw.contacts"}
DROPPED = "dbt 2 drops its `meta.heap`, which is not under `config:`"
WARNINGS = [
    f"models/crm.yml: people: the column plan: {DROPPED}, so it is not sent",
    f"models/crm.yml: teams: {DROPPED}, so it is not synced",
    f"models/crm.yml: phones: {DROPPED}, so it is not synced",
]
# As dbt 2 writes them: a model that was built with warnings, and one that was reused.
RUN_RESULTS = {
    "metadata": {"invocation_id": "01a214c2-c1ec-7690-8a37-ae3f21efdde7"},
    "args": {"which": "build"},
    "results": [
        {"unique_id": "model.shop.people", "status": "warn"},
        {"unique_id": "model.shop.visits", "status": "reused"},
        {"unique_id": "model.shop.teams", "status": "success"},
        {"unique_id": "seed.shop.countries", "status": "success"},
        {"unique_id": "test.shop.unique_people_user_id.36833774d3", "status": "pass"},
    ],
}


class Shop:
    """The project with its manifest in place, and its tables as dbt 2 would have built them."""

    def __init__(self, folder: Path, heap_url: str) -> None:
        self.folder, self.heap_url = folder / "shop", heap_url
        shutil.copytree(HERE, self.folder)
        self.manifest = self.folder / "target" / "manifest.json"
        self.manifest.parent.mkdir()
        (self.folder / "manifest.json").rename(self.manifest)
        for file in self.folder.rglob("*.yml"):
            os.utime(file, (0, 0))  # older than the manifest, and not as new as the checkout
        (self.manifest.parent / "run_results.json").write_text(json.dumps(RUN_RESULTS))
        profiles, database = self.folder / "profiles.yml", str(self.folder / "shop.duckdb")
        profiles.write_text(profiles.read_text().replace("shop.duckdb", json.dumps(database)))
        with duckdb.connect(database) as warehouse:
            warehouse.execute((HERE / "tables.sql").read_text())

    def run(self, *arguments: str) -> Outcome:
        """Run a command in the project."""
        where = ("--project-dir", str(self.folder), "--profiles-dir", str(self.folder))
        return dbt_heap(*arguments, *where, HEAP_BASE_URL=self.heap_url)

    def rewrite(self, **changes: Any) -> None:
        """Change nodes of the manifest, as an edit of their YAML would have."""
        content = json.loads(self.manifest.read_bytes())
        content["nodes"] |= {unique_id: content["nodes"][unique_id] | node for unique_id, node in changes.items()}
        self.manifest.write_text(json.dumps(content))


@pytest.fixture
def shop(tmp_path: Path, heap: Sandbox, known_macros: None) -> Shop:
    return Shop(tmp_path, heap.url)


def warned(outcome: Outcome) -> list[str]:
    """What a command warns of."""
    return [line.removeprefix("warning: ") for line in outcome.stderr.splitlines() if line.startswith("warning: ")]


def test_it_is_checked_planned_and_synced(shop: Shop, heap: Sandbox) -> None:
    checked = shop.run("check")
    assert (checked.exit_code, checked.stdout) == (0, "4 syncs in 4 models: OK\n")
    assert shop.run("plan", "--check").exit_code == 3
    assert shop.run("sync").exit_code == 0
    (user,) = heap.users()
    assert user["properties"] == {"seats": 1, "City": "Rome", "phone": "555", "country": "IT"}
    assert len(heap.events()) == 1
    assert shop.run("plan", "--check").exit_code == 0


def test_each_declaration_that_dbt_2_drops_is_reported(shop: Shop) -> None:
    for command in ("ls", "check", "plan", "show", "rejects", "runs", "exposures", "debug", "state show"):
        assert warned(shop.run(*command.split())) == WARNINGS, command
    refused = shop.run("ls", "--warn-error")
    assert refused.exit_code == 2 and all(text in refused.stderr for text in WARNINGS)


@pytest.mark.parametrize("selection", LISTED)
def test_selection_names_the_models_that_dbt_2_names(shop: Shop, selection: str) -> None:
    found = shop.run("ls", "--output", "json", "--select", selection)
    assert found.exit_code == 0, found.stderr
    assert {each["model"] for each in found.json()} == set(LISTED[selection]) & TAGGED


def test_state_folder_of_dbt_2_is_compared(shop: Shop) -> None:
    shutil.copytree(shop.manifest.parent, shop.folder / "earlier")
    visits = json.loads(shop.manifest.read_bytes())["nodes"]["model.shop.visits"]
    checksum = {"name": "sha256", "checksum": "0"}
    shop.rewrite(**{"model.shop.visits": {"raw_code": visits["raw_code"] + " where true", "checksum": checksum}})
    found = shop.run("ls", "--output", "name", "--select", "state:modified", "--state", "earlier")
    assert found.stdout == "visits\n"


def test_entries_that_dbt_1_does_not_know_are_skipped_with_a_warning(shop: Shop) -> None:
    shop.rewrite(**{"model.shop.people": {"resource_type": "thing of dbt 3"}})
    assert "visits" in shop.run("ls", "--output", "name").stdout
    reported = shop.run("ls", "--select", "visits", "--output", "name")
    assert (reported.exit_code, reported.stdout) == (0, "visits\n")
    assert "cannot read model.shop.people as written by dbt 2.0.0-alpha.4" in reported.stderr
    assert "Install the newest dbt-core below 2" in reported.stderr


def test_undeclared_sync_is_reported_by_its_state(shop: Shop, tmp_path: Path) -> None:
    shop.run("sync")
    shop.rewrite(**{"model.shop.people": {"meta": {}, "config": {"materialized": "view"}, "columns": {}}})
    (shop.folder / "models" / "crm.yml").unlink()  # what is not there, cannot be looked into
    reported = (
        "people was synced before, and the manifest no longer declares it. dbt 2 drops `meta` that is not under "
        "`config:`. If the sync is gone for good: dbt-heap state reset people"
    )
    for command in ("check", "sync"):
        ran = shop.run(command)
        assert (ran.exit_code, warned(ran)) == (0, [reported])
    assert json.loads((shop.folder / "target" / "heap_results.json").read_bytes())["warnings"] == [reported]
    for command in ("check", "sync"):
        assert shop.run(command, "--warn-error").exit_code == 2
    shop.run("state", "reset", "people", "--yes")
    assert warned(shop.run("sync")) == []


# Leniently

CONTENTS = {
    "no YAML": "models: [heap",
    "a list": "- heap",
    "a text": "heap",
    "null": "models: # heap",
    "odd entries": "models: [heap, {name: a}, {meta: heap}, 7]\nsources: [{tables: {heap: 1}}, heap]\nseeds: {heap: 1}",
    "odd names": "models: [{name: [a], meta: {heapless: 1}, columns: heap, versions: {v: 1}}]",
    "a date that is none": "models: [{heap: 2026-13-45}]",
    "under config as well": "models: [{name: a, meta: {heap: {}}, config: {meta: {heap: {}}}}]",
    "of a model that SQL declares": "models: [{name: people, meta: {heap: {}}}]",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_file_without_this_information_reports_nothing(shop: Shop, content: str) -> None:
    (shop.folder / "models" / "crm.yml").write_text(content)
    assert list(dropped_by_dbt2(shop.folder, read_manifest(shop.manifest))) == []


def test_declarations_of_versions_and_snapshots_are_reported(shop: Shop) -> None:
    versions = "{name: a, versions: [{v: 1, meta: {heap: {}}}, {v: 2}]}"
    (shop.folder / "models" / "crm.yml").write_text(
        f"models: [{versions}]\nsnapshots: [{{name: b, meta: {{heap: 1}}}}]"
    )
    reported = [
        text.partition(": dbt 2 drops")[0] for text in dropped_by_dbt2(shop.folder, read_manifest(shop.manifest))
    ]
    assert reported == ["models/crm.yml: a", "models/crm.yml: b"]


def test_manifests_of_dbt_1_and_other_projects_are_not_compared_with_files(shop: Shop) -> None:
    content = json.loads(shop.manifest.read_bytes())
    for key, value in {"dbt_version": "1.11.0", "project_name": "another"}.items():
        shop.manifest.write_text(json.dumps({**content, "metadata": {**content["metadata"], key: value}}))
        assert warned(shop.run("ls")) == []
