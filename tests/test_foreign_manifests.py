"""Manifests that another dbt wrote, on another system: read, and selected from with the dbt that is installed.

Those of tests/older_dbt were written by dbt 1.5 and 1.7, without the macros.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration import ROOT
from tests.project import Outcome, dbt_heap

OLDER = ROOT / "tests" / "older_dbt"


def manifest(version: str) -> dict[str, Any]:
    """A manifest that dbt wrote."""
    path = OLDER / f"{version}.json" if version.startswith("v") else ROOT / "tests" / version / "manifest.json"
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def listed(folder: Path, content: dict[str, Any], *arguments: str) -> Outcome:
    """`dbt-heap ls` in a folder without a checkout."""
    (folder / "manifest.json").write_text(json.dumps(content))
    where = ("--project-dir", str(folder), "--manifest", str(folder / "manifest.json"))
    return dbt_heap("ls", "--output", "name", *where, *arguments)


def on_windows(content: dict[str, Any]) -> dict[str, Any]:
    """The manifest as dbt writes it on Windows."""
    for group in ("nodes", "sources", "exposures"):
        for node in content[group].values():
            for key in ("path", "original_file_path", "patch_path"):
                if written := node.get(key):
                    head, mark, path = written.rpartition("://")
                    node[key] = head + mark + path.replace("/", "\\")
    return content


SELECTED = {
    "tag:crm+": ["people", "orders"],
    "path:models/marts --exclude people": ["orders"],
    "path:models/marts/marts.yml": ["people", "orders"],
    "package:this,people": ["people"],
    "file:people.sql test_name:unique+": ["people"],
    "+exposure:board": ["people", "orders"],
    "config.materialized:view": ["people", "orders"],
}


@pytest.mark.parametrize("written", [manifest, lambda version: on_windows(manifest(version))], ids=["posix", "windows"])
@pytest.mark.parametrize("version", ["v9", "v11"])
def test_manifest_of_an_older_dbt_is_read_and_selected_from(
    tmp_path: Path, version: str, written: Callable[[str], dict[str, Any]]
) -> None:
    for selection, names in SELECTED.items():
        ran = listed(tmp_path, written(version), "--select", *selection.split())
        assert (ran.exit_code, ran.stdout.split()) == (0, names), (selection, ran.stderr)
        assert f"its schema is {version}" in ran.stderr and "does not name its project" not in ran.stderr
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    shutil.copy(tmp_path / "manifest.json", earlier)
    changed = written(version)
    changed["nodes"]["model.shop.orders"]["raw_code"] += " where true"
    ran = listed(tmp_path, changed, "--select", "state:modified", "--state", str(earlier))
    assert (ran.exit_code, ran.stdout.split()) == (0, ["orders"]), ran.stderr


@pytest.mark.parametrize(
    ("project_id", "checkout", "name"),
    [
        (None, "", "shop"),
        (None, "kit", "kit"),
        (None, "other", "shop"),
        ("ffa044f5d18974a3264c23a5e1e06217", "", "kit"),
    ],
)
def test_project_that_a_manifest_does_not_name_is_known_by_its_digest_or_assumed(
    tmp_path: Path, project_id: str | None, checkout: str, name: str
) -> None:
    content = manifest("v9")
    content["metadata"]["project_id"] = project_id
    content["nodes"]["model.kit.from_kit"]["config"]["meta"] = {
        "heap": {"type": "user_properties", "identity": "kit_id", "properties": {"Kit": "kit_id"}}
    }
    if checkout:
        (tmp_path / "dbt_project.yml").write_text(f"name: {checkout}")
    ran = listed(tmp_path, content, "--select", "package:this")
    assert ran.stdout.split() == (["from_kit"] if name == "kit" else ["people", "orders"])
    assumed = project_id is None and checkout != name
    assert ("does not name its project, which is assumed to be 'shop'" in ran.stderr) == assumed


def test_mistakes_and_listings_name_files_written_on_windows_with_slashes(tmp_path: Path) -> None:
    content = on_windows(manifest("v9"))
    content["nodes"]["model.shop.people"]["config"]["meta"]["heap"]["nulls"] = "never"
    assert (
        "people (models/marts/marts.yml, or +meta in dbt_project.yml): meta.heap.nulls"
        in listed(tmp_path, content).stderr
    )


def of_the_preview(content: dict[str, Any]) -> dict[str, Any]:
    """A manifest of dbt 2 with values, entries and groups that the classes of dbt 1 refuse."""
    content["metadata"]["dbt_version"] = "2.0.0-preview.173"
    content["docs"] = {"doc.shop.__overview__": {"name": "__overview__", "block_contents": ""}}  # no resource_type
    content["macros"] = {"macro.shop.m": {"kind": "new"}}
    content["groups"] = {"group.shop.crm": {"owner": "a text"}}
    content["group_map"] = content["child_map"] = content["parent_map"] = None
    content["disabled"] = {"model.shop.off": [{"resource_type": "new"}]}
    content["exposures"] = {"exposure.shop.e": {"type": "hologram", "depends_on": {"nodes": ["model.shop.people"]}}}
    content["saved_queries"] = {"saved_query.shop.q": {"query_params": 1}}
    content["functions"] = {"function.shop.f": {"config": {"type": "quantum"}}}
    content["metrics"] = {"metric.shop.m": {"type": "unheard_of", "type_params": None}}
    content["flows"] = {"flow.shop.x": {}}
    people = content["nodes"]["model.shop.people"]
    people["config"] = {**people["config"], "access": "internal", "freshness": {"build_after": "soon"}}
    people["access"] = "internal"
    people["columns"] = {"user_id": {"name": "user_id", "constraints": [{"type": "unheard_of"}]}}
    people["depends_on"] = {"macros": [], "nodes": ["function.shop.f", "gone.shop.x"]}
    content["nodes"]["flow.shop.y"] = {"resource_type": "flow", "depends_on": {"nodes": ["model.shop.people"]}}
    return content


def test_groups_of_a_newer_dbt_do_not_matter_unless_selected(tmp_path: Path) -> None:
    content = of_the_preview(manifest("dbt_2"))
    for selection, names in {"people": ["people"], "package:shop,people": ["people"], "access:internal": []}.items():
        ran = listed(tmp_path, content, "--select", *selection.split())
        assert (ran.exit_code, ran.stdout.split()) == (0, names), ran.stderr
        assert "cannot read flow.shop.y as written by" in ran.stderr
    ran = listed(tmp_path, content, "--select", "+metric:m", "people")
    assert ran.exit_code == 0 and "flow.shop.y, metric.shop.m" in ran.stderr
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "manifest.json").write_text(json.dumps(content))
    results = [{"unique_id": "model.shop.people", "status": "reused", "timing": "none"}]
    (earlier / "run_results.json").write_text(json.dumps({"metadata": {}, "results": results}))
    for selection, names in {"state:modified": [], "state:old,people": ["people"], "result:reused": ["people"]}.items():
        ran = listed(tmp_path, content, "--select", selection, "--state", str(earlier))
        assert (ran.exit_code, ran.stdout.split()) == (0, names), ran.stderr
