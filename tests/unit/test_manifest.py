from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_heap.errors import ManifestError
from dbt_heap.project.dbt_project import read_project
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.nodes import Column, Manifest, Model, Relation
from dbt_heap.syncs.declare import declare
from tests.integration import Integration

WRITTEN = Path(__file__).parent / "manifests"  # one project, written by dbt 1.11 and by dbt 2
HEAP = {"type": "user_properties", "identity": "user_id"}
NAME = "model.shop.people"


def metadata(dbt_version: str = "1.11.0", schema: str = "v12") -> dict[str, str]:
    return {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/{schema}.json",
        "dbt_version": dbt_version,
        "generated_at": "2026-03-01T08:00:00Z",
        "invocation_id": "an id",
        "project_name": "shop",
        "adapter_type": "duckdb",
    }


def node(**other: Any) -> dict[str, Any]:
    """A model as dbt 1 writes it, with what is given in place of its own."""
    return {
        "resource_type": "model",
        "name": "people",
        "database": "db",
        "schema": "crm",
        "alias": "people",
        "relation_name": '"db"."crm"."people"',
        "patch_path": "shop://models/heap.yml",
        "original_file_path": "models/people.sql",
        "config": {"materialized": "table", "meta": {"heap": HEAP}},
        **other,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.json"


def read(path: Path, nodes: Any, sources: Any = None, **of_metadata: str) -> Manifest:
    """What is read of a manifest with these nodes."""
    path.write_text(json.dumps({"metadata": metadata(**of_metadata), "nodes": nodes, "sources": sources}))
    return read_manifest(path)


def model(path: Path, dbt_version: str = "1.11.0", **other: Any) -> Model:
    """What is read of one node."""
    (found,) = read(path, {NAME: node(**other)}, dbt_version=dbt_version).models
    return found


def refusal(path: Path) -> str:
    with pytest.raises(ManifestError) as refused:
        read_manifest(path)
    return str(refused.value)


# What is no manifest


def test_missing_manifest_is_reported_with_the_command_that_writes_it(path: Path) -> None:
    assert refusal(path) == (
        f"there is no manifest at {path}: run `dbt run` (or `dbt parse`) first, or say where it is with "
        "--manifest, --target-path or --project-dir"
    )


def test_folder_instead_of_a_file_cannot_be_read(path: Path) -> None:
    path.mkdir()
    assert refusal(path) == f"the manifest at {path} cannot be read: Is a directory"


def test_path_through_a_file_cannot_be_read(path: Path) -> None:
    path.write_text("{}")
    assert refusal(path / "manifest.json") == f"the manifest at {path}/manifest.json cannot be read: Not a directory"


@pytest.mark.parametrize("size", [0, 1, 100, 1000, 5000])
def test_manifest_cut_short_is_reported_at_any_length(path: Path, size: int) -> None:
    path.write_bytes((WRITTEN / "v1.json").read_bytes()[:size])
    assert refusal(path) == (
        f"{path} is cut short or no JSON: dbt may have been stopped while it wrote it, or is writing it now. "
        "Run `dbt parse` (or `dbt run`) again"
    )


NO_JSON = {
    "html": b"<html>",
    "binary": b"\x00\xff\xfe",
    "no UTF-8": b'{"a": "\x80"}',
    "no UTF-8 within a node": b'{"metadata": {}, "nodes": {"model.shop.people": {"name": "\x80"}}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_invalid_json_is_reported(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert f"{path} is cut short or no JSON" in refusal(path)


NO_MANIFESTS = {
    "a list": ([], "is JSON, but not a dbt manifest"),
    "a number": (7, "is JSON, but not a dbt manifest"),
    "null": (None, "is JSON, but not a dbt manifest"),
    "no metadata": ({"nodes": {}}, "is JSON, but not a dbt manifest"),
    "metadata that is a list": ({"metadata": [], "nodes": {}}, "is JSON, but not a dbt manifest"),
    "no nodes": ({"metadata": metadata()}, "is JSON, but not a dbt manifest"),
    "null nodes": ({"metadata": metadata(), "nodes": None}, "is JSON, but not a dbt manifest"),
    "a list of nodes": ({"metadata": metadata(), "nodes": [node()]}, "is JSON, but not a dbt manifest"),
    "run_results.json": (
        {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}, "results": []},
        "is dbt's run-results, not its manifest",
    ),
    "catalog.json": (
        {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"}, "nodes": {NAME: {}}},
        "is dbt's catalog, not its manifest",
    ),
    "semantic_manifest.json": ({"semantic_models": [], "metrics": []}, "is JSON, but not a dbt manifest"),
}


@pytest.mark.parametrize(("content", "says"), NO_MANIFESTS.values(), ids=NO_MANIFESTS)
def test_other_json_is_named_in_the_error(path: Path, content: Any, says: str) -> None:
    path.write_text(json.dumps(content))
    assert refusal(path) == f"{path} {says}: give the path of dbt's manifest.json, or run `dbt parse` again"


# Versions


def test_generator_of_the_manifest_is_read(path: Path) -> None:
    found = read(path, {})
    wrote = Manifest(
        "shop", "1.11.0", "v12", (), invocation_id="an id", generated_at="2026-03-01T08:00:00Z", adapter_type="duckdb"
    )
    assert found == wrote


@pytest.mark.parametrize("schema", ["v11", "v13", "v20"])
def test_unknown_schema_is_warned_of_and_read_anyway(path: Path, schema: str) -> None:
    found = read(path, {NAME: node()}, schema=schema)
    assert found.schema_version == schema
    assert [each.name for each in found.models] == ["people"]
    assert found.warnings == (
        f"{path}: its schema is {schema}, and v12 is the one that dbt-heap knows; it is read anyway",
    )


def test_empty_metadata_is_warned_of_and_read_anyway(path: Path) -> None:
    path.write_text(json.dumps({"metadata": {}, "nodes": {NAME: node()}}))
    found = read_manifest(path)
    assert (found.project_name, found.dbt_version, found.schema_version) == ("", "", "")
    assert len(found.models) == 1
    assert found.warnings == (
        f"{path}: its schema is no version at all, and v12 is the one that dbt-heap knows; it is read anyway",
    )


@pytest.mark.parametrize(
    ("version", "is_v2"),
    [("1.8.0", False), ("1.11.16", False), ("2.0.0-alpha.4", True), ("2.0.3", True), ("2026.11.23+ab12", False)],
)
def test_dbt_2_is_recognized_by_its_version(path: Path, version: str, is_v2: bool) -> None:
    assert read(path, {NAME: node()}, dbt_version=version).of_dbt_2 is is_v2


# dbt 1


def test_model_is_read_with_all_that_a_sync_needs(path: Path) -> None:
    found = model(
        path,
        tags=["crm"],
        primary_key=["user_id"],
        config={"materialized": "incremental", "unique_key": "day", "meta": {"owner": "growth", "heap": HEAP}},
        columns={"user_id": {"name": "user_id", "config": {"meta": {"heap": True}, "tags": ["key"]}}},
    )
    assert found == Model(
        unique_id=NAME,
        name="people",
        resource_type="model",
        materialized="incremental",
        relation=Relation("db", "crm", "people", '"db"."crm"."people"'),
        file="models/heap.yml",
        heap=HEAP,
        columns=(Column("user_id", {"heap": True}, ("key",)),),
        tags=("crm",),
        primary_key=("user_id",),
        unique_key=("day",),
        meta={"owner": "growth"},
    )
    assert str(found.relation) == "db.crm.people"


def test_legacy_meta_counts_if_config_has_none(path: Path) -> None:
    found = model(path, config={"materialized": "table"}, meta={"heap": HEAP, "owner": "growth"})
    assert (found.heap, found.meta) == (HEAP, {"owner": "growth"})


def test_config_meta_replaces_legacy_meta(path: Path) -> None:
    found = model(path, meta={"heap": {"type": "events"}, "owner": "growth"})
    assert (found.heap, found.meta) == (HEAP, {"owner": "growth"})


def test_columns_legacy_meta_and_tags_count(path: Path) -> None:
    columns = {
        "plan": {"name": "plan", "meta": {"heap": {"property": "Plan"}}, "tags": ["blue"]},
        "city": {"name": "city", "meta": {"heap": True}, "config": {"meta": {"heap": False}, "tags": ["blue", "pii"]}},
    }
    assert model(path, columns=columns).columns == (
        Column("plan", {"heap": {"property": "Plan"}}, ("blue",)),
        Column("city", {"heap": False}, ("blue", "pii")),
    )


def test_model_with_heap_meta_only_on_columns_is_found(path: Path) -> None:
    found = model(path, config={}, columns={"plan": {"name": "plan", "config": {"meta": {"heap": True}}}})
    assert found.heap is None
    assert found.columns == (Column("plan", {"heap": True}),)


def test_empty_heap_block_is_found_so_it_can_be_reported(path: Path) -> None:
    values: tuple[object, ...] = (None, False, "", [], {})
    for value in values:
        assert model(path, config={"meta": {"heap": value}}).heap == value


def test_nodes_without_heap_are_left_out_and_the_others_come_in_order(path: Path) -> None:
    untagged = node(config={"meta": {"owner": "growth"}})
    nodes = {"model.shop.z": node(), "model.shop.m": untagged, "model.shop.a": node(), "seed.shop.b": untagged}
    assert [each.unique_id for each in read(path, nodes).models] == ["model.shop.a", "model.shop.z"]


@pytest.mark.parametrize("resource_type", ["model", "snapshot", "seed"])
def test_models_snapshots_and_seeds_are_read(path: Path, resource_type: str) -> None:
    found = model(path, resource_type=resource_type, config={"meta": {"heap": HEAP}})
    assert (found.resource_type, found.materialized) == (resource_type, resource_type)


@pytest.mark.parametrize("resource_type", ["test", "analysis", "operation", "unit_test", "function", "", None, 7])
def test_other_nodes_are_not_syncs(path: Path, resource_type: Any) -> None:
    assert read(path, {NAME: node(resource_type=resource_type)}).models == ()


def test_source_is_read_with_its_identifier(path: Path) -> None:
    source = node(resource_type="source", name="contacts", identifier="CONTACTS_V3", relation_name='"db"."crm"."C"')
    del source["alias"]
    (found,) = read(path, {}, {"source.shop.crm.contacts": source}).models
    assert found.relation == Relation("db", "crm", "CONTACTS_V3", '"db"."crm"."C"')
    assert (found.name, found.materialized) == ("contacts", "table")


def test_ephemeral_model_has_no_relation(path: Path) -> None:
    found = model(path, relation_name=None, config={"materialized": "ephemeral", "meta": {"heap": HEAP}})
    assert (found.materialized, found.relation) == ("ephemeral", None)


def test_model_without_relation_name_has_no_relation(path: Path) -> None:
    assert model(path, relation_name=None).relation is None


def test_relation_without_a_database_is_named_without_one(path: Path) -> None:
    relation = model(path, database=None, relation_name="crm.people").relation
    assert relation == Relation(None, "crm", "people", "crm.people")
    assert str(relation) == "crm.people"


def test_versions_of_a_model_are_models_of_their_own(path: Path) -> None:
    versions = {
        f"model.shop.orders.v{version}": node(name="orders", alias=f"orders_v{version}", version=version)
        for version in (1, 2)
    }
    found = read(path, versions).models
    assert [(each.unique_id, each.name, each.relation and each.relation.identifier) for each in found] == [
        ("model.shop.orders.v1", "orders", "orders_v1"),
        ("model.shop.orders.v2", "orders", "orders_v2"),
    ]


def test_file_is_the_yaml_that_declares_and_else_the_models_own(path: Path) -> None:
    assert model(path).file == "models/heap.yml"
    assert model(path, patch_path=None).file == "models/people.sql"
    assert model(path, patch_path=None, original_file_path=None).file == ""


def test_nan_in_any_models_meta_does_not_hide_the_manifest(path: Path) -> None:
    """dbt 1 writes `.nan` and `.inf` of YAML as NaN and Infinity, which are no JSON."""
    other = node(config={"meta": {"threshold": float("nan"), "most": float("inf")}})
    path.write_text(json.dumps({"metadata": metadata(), "nodes": {NAME: node(), "model.shop.other": other}}))
    assert "NaN" in path.read_text()
    assert [each.unique_id for each in read_manifest(path).models] == [NAME]


# dbt 2

COPIED = {"meta": {"heap": HEAP, "contains_pii": True}, "tags": ["crm"], "config": {}}


def test_meta_and_tags_that_dbt_2_copies_onto_columns_are_ignored(path: Path) -> None:
    columns = {
        "user_id": {"name": "user_id", **COPIED},
        "plan": {"name": "plan", **COPIED, "config": {"meta": {"heap": {"property": "Plan"}}}},
        "phone": {"name": "phone", **COPIED, "tags": ["pii"], "config": {"tags": ["pii"]}},
        "region": {"name": "region", **COPIED, "config": {"tags": ["crm"]}},
    }
    found = model(path, dbt_version="2.0.1", tags=["crm"], columns=columns)
    assert found.columns == (
        Column("user_id"),
        Column("plan", {"heap": {"property": "Plan"}}),
        Column("phone", {}, ("pii",)),
        Column("region", {}, ("crm",)),
    )


def test_column_tag_that_is_not_a_copy_counts_with_dbt_2_too(path: Path) -> None:
    found = model(path, dbt_version="2.0.1", tags=["crm"], columns={"phone": {"name": "phone", "tags": ["pii"]}})
    assert found.columns == (Column("phone", {}, ("pii",)),)


def test_copied_meta_alone_does_not_declare_a_sync_with_dbt_2(path: Path) -> None:
    columns = {"user_id": {"name": "user_id", **COPIED}}
    assert read(path, {NAME: node(config={}, columns=columns)}, dbt_version="2.0.1").models == ()


def test_manifest_of_dbt_2_that_declares_nothing_says_what_dbt_2_drops(path: Path) -> None:
    assert read(path, {NAME: node(config={})}, dbt_version="2.0.1").warnings == (
        f"{path}: no model has `config.meta.heap`. dbt 2.0.1 drops a `meta` that is not under `config:`, "
        "and the declarations in it",
    )
    assert read(path, {NAME: node(config={})}, dbt_version="1.11.0").warnings == ()
    assert read(path, {NAME: node()}, dbt_version="2.0.1").warnings == ()


# What the two engines wrote of one project: `people` declares under `config:`, `orders` under a legacy `meta`.


def test_manifest_of_dbt_1_is_read() -> None:
    found = read_manifest(WRITTEN / "v1.json")
    assert (found.dbt_version, found.schema_version, found.warnings) == ("1.11.16", "v12", ())
    orders, people = found.models
    assert orders.heap == {
        "type": "events",
        "identity": "user_id",
        "event_name": "Order Completed",
        "unique_key": "order_id",
    }
    assert orders.unique_key == ("order_id",)
    assert orders.columns == (Column("total", {"heap": {"property": "Total"}}, ("money",)),)
    assert people == expected_people()


def test_manifest_of_dbt_2_is_read_without_what_dbt_2_drops() -> None:
    found = read_manifest(WRITTEN / "v2.json")
    assert (found.dbt_version, found.schema_version, found.warnings) == ("2.0.0-alpha.4", "v12", ())
    assert found.models == (expected_people(),)


def test_dbt_2_really_writes_the_copies() -> None:
    """Else the tests above guard against nothing."""
    columns = json.loads((WRITTEN / "v2.json").read_bytes())["nodes"]["model.shop.people"]["columns"]
    assert columns["user_id"]["meta"]["heap"] == expected_people().heap
    assert (columns["user_id"]["tags"], columns["user_id"]["config"]) == (["crm"], {})


def expected_people() -> Model:
    return Model(
        unique_id="model.shop.people",
        name="people",
        resource_type="model",
        materialized="view",
        relation=Relation("shop", "analytics", "people", '"shop"."analytics"."people"'),
        file="models/heap.yml",
        heap={"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}},
        columns=(Column("user_id"), Column("city", {"heap": {"property": "City"}}), Column("phone", {}, ("pii",))),
        tags=("crm",),
        primary_key=("user_id",),
        meta={"owner": "growth"},
        package="shop",
        fqn=("shop", "people"),
        access="protected",
    )


def test_integration_project_as_dbt_parses_it_declares_six_syncs(tmp_path: Path) -> None:
    project = Integration(tmp_path, "")
    project.run("dbt", "deps", "--quiet")
    project.run("dbt", "parse", "--quiet")
    manifest = read_manifest(tmp_path / "target" / "manifest.json")
    assert manifest.project_name == "dbt_heap_integration_tests"
    assert manifest.warnings == ()
    assert [each.name for each in manifest.models] == [
        "heap_accounts", "heap_orders", "heap_product_events", "heap_trials", "heap_users",
    ]  # fmt: skip
    assert {each.file for each in manifest.models} == {"models/_models.yml"}
    declared = declare(manifest.models, read_project(tmp_path, {}, {}).heap_vars)
    assert {each.name for each in declared.syncs} == {
        "heap_accounts", "heap_orders", "heap_product_events", "heap_users", "trial_events", "trial_properties",
    }  # fmt: skip


# Odd shapes

ODD: dict[str, object] = {
    "null": None,
    "text": "x",
    "number": 7,
    "true": True,
    "list": [{"heap": 1}],
    "mapping": {"heap": {"heap": []}},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("key", sorted(node(meta=0, tags=0, columns=0, primary_key=0, identifier=0)))
def test_node_with_an_odd_shape_is_read_as_far_as_it_goes(path: Path, key: str, odd: Any) -> None:
    assert isinstance(read(path, {NAME: node(meta={"heap": HEAP}) | {key: odd}}), Manifest)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_columns_and_odd_names_are_ignored(path: Path, odd: Any) -> None:
    columns = {"plan": odd, "city": {"name": odd, "config": odd, "meta": odd, "tags": odd}}
    assert [each.name for each in model(path, columns=columns).columns] == [
        *(["plan"] if isinstance(odd, dict) else []),
        odd if isinstance(odd, str) else "city",
    ]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_sources_are_left_out(path: Path, odd: Any) -> None:
    assert len(read(path, {NAME: node()}, odd).models) == 1


def test_odd_items_of_lists_are_left_out(path: Path) -> None:
    found = model(path, tags=["crm", None, 7], primary_key=[["user_id"], "user_id"])
    assert (found.tags, found.primary_key) == (("crm",), ("user_id",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from([*node(), "meta", "tags", "columns", "identifier", "primary_key", "heap"])
HALF_RIGHT = st.recursive(
    JSON | st.sampled_from(["model", "source", "ephemeral"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=20,
)


@given(
    nodes=JSON | st.dictionaries(st.text(), HALF_RIGHT.map(lambda odd: node() | odd if isinstance(odd, dict) else odd)),
    sources=JSON,
    dbt_version=st.sampled_from(["1.11.0", "2.0.1"]),
)
def test_any_content_under_nodes_raises_only_manifest_errors(
    nodes: Any, sources: Any, dbt_version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any_manifest.json"
    try:
        found = read(path, nodes, sources, dbt_version=dbt_version)
    except ManifestError:
        assert not isinstance(nodes, dict)
    else:
        assert all(isinstance(each.name, str) and isinstance(each.meta, dict) for each in found.models)
