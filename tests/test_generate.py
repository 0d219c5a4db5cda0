"""`dbt-heap generate` with a real warehouse: its output is pasted, parsed and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.integration import Integration
from tests.project import Outcome, Project

SHOWN = {
    "heap_users": {"type": "user_properties", "identity": "user_id"},
    "heap_accounts": {"type": "account_properties", "account_id": "account_id"},
    "heap_orders": {
        "type": "events",
        "identity": "user_id",
        "event_name": "Orders",
        "timestamp": "ordered_at",
        "unique_key": "order_id",
    },
    "heap_product_events": {
        "type": "events",
        "identity": "user_id",
        "event_name_column": "action",
        "timestamp": "occurred_at",
        "unique_key": "event_id",
        "properties_column": "properties",
    },
}
PROPERTIES = {
    "heap_users": ["account_id", "city", "is_admin", "plan", "seats", "ltv", "signed_up_at"],
    "heap_accounts": ["company", "tier", "arr", "employees", "is_customer", "health", "renews_on"],
    "heap_orders": ["total", "currency", "items", "coupon", "is_gift"],
    "heap_product_events": ["app_version"],
}


def block(text: str) -> dict[str, Any]:
    """The block of a model's proposal."""
    found: dict[str, Any] = yaml.safe_load(text)["models"][0]["config"]["meta"]["heap"]
    return found


def pasted(project: Project, name: str, ran: Outcome) -> Outcome:
    """Run `check` after adding the draft to the project."""
    assert ran.exit_code == 0, ran.stderr
    project.nodes[f"model.shop.{name}"]["config"]["meta"]["heap"] = block(ran.stdout)
    return project.run("check")


def without_the_package(folder: Path) -> None:
    """Take the dbt package and its hooks out of the project: `dbt deps` and parsing it would take longer."""
    (folder / "packages.yml").unlink()
    file = folder / "dbt_project.yml"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if "dbt_heap." not in line))


def without_heap(node: Any) -> Any:
    """A YAML file's content without any `meta.heap`."""
    if isinstance(node, dict):
        return {key: without_heap(value) for key, value in node.items() if key != "heap"}
    return [without_heap(each) for each in node] if isinstance(node, list) else node


def test_drafts_for_the_integration_project_are_right_and_pass_check(tmp_path: Path, project: Project) -> None:
    company = Integration(tmp_path / "company", "")
    here = ("--project-dir", str(company.folder), "--profiles-dir", str(company.folder))
    without_the_package(company.folder)
    file = company.folder / "models" / "_models.yml"
    content = without_heap(yaml.safe_load(file.read_text()))
    file.write_text(yaml.safe_dump(content))
    company.run("dbt", "build", "--quiet", "--exclude", "heap_trials", "test_type:generic", "test_type:singular")
    database = str(company.folder / "heap.duckdb")
    proposals = {name: project.bare("generate", name, *here, DBT_HEAP_DUCKDB_PATH=database) for name in SHOWN}
    blocks = {name: block(ran.stdout) for name, ran in proposals.items()}
    for model in content["models"]:
        if model["name"] in blocks:
            model["config"] = {"meta": {"heap": blocks[model["name"]]}}
    file.write_text(yaml.safe_dump(content))
    company.run("dbt", "parse", "--quiet")
    checked = project.bare("check", *here, DBT_HEAP_DUCKDB_PATH=database)
    assert "4 syncs in 4 models: OK" in checked.stdout, checked.stderr
    assert {name: list(each.pop("properties").values()) for name, each in blocks.items()} == PROPERTIES
    assert blocks == SHOWN


def test_names_that_yaml_reads_as_something_else_are_quoted(project: Project) -> None:
    columns = ["user_id", "on", "null", "1e3", "a: b", "Größe", "{{ x }}", "it's #1"]
    project.table("people", f"""select {", ".join(f"'x' as {chr(34)}{name}{chr(34)}" for name in columns)}""")
    project.declare("people", None)
    ran = project.run("generate", "people")
    assert '"on": "on"' in ran.stdout.replace("On", "on")
    assert list(block(ran.stdout)["properties"].values()) == columns[1:]
    assert pasted(project, "people", ran).exit_code == 0


def test_draft_omits_bytes_and_forbidden_columns_and_notes_duplicates(project: Project) -> None:
    project.vars = {"never_send": {"columns": ["*phone*"]}}  # and no app id
    project.table("people", "select '1' as user_id, 'x' as plan, 'x' as tier, '1' as phone, 'a'::blob as picture")
    project.table("others", "select '1' as user_id, 'x' as plan")
    project.declare("people", None, columns=["user_id", "plan", "tier"])
    project.declare("others", {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}})
    ran = project.run("generate", "people")
    assert block(ran.stdout)["properties"] == {"Tier": "tier"}
    for line in [
        "# Plan: plan  # left out: the sync others sends this property",
        "# phone is left out: vars.dbt_heap.never_send forbids it by the pattern `*phone*`",
        "# picture is left out: bytes are never sent",
        "# except: [plan]",
    ]:
        assert line in ran.stdout
    assert pasted(project, "people", ran).exit_code == 0
    project.declare("others", {"type": "user_propertys"})
    ran = project.run("generate", "people")
    assert block(ran.stdout)["properties"] == {"Plan": "plan", "Tier": "tier"}
    assert "1 mistake in the declarations of other models" in ran.stderr


def test_draft_for_an_unbuilt_model_uses_its_yaml_and_says_so(project: Project) -> None:
    project.declare("orders", None, columns=["order_id", "user_id", "ordered_at", "total"])
    ran = project.run("generate", "orders")
    assert block(ran.stdout)["timestamp"] == "ordered_at"
    assert "warehouse.duckdb does not exist. Run `dbt build`" in ran.stdout
    project.table("others", "select 1 as n")
    ran = project.run("generate", "orders")
    assert block(ran.stdout)["timestamp"] == "ordered_at"
    assert ".orders is not in the warehouse. Run `dbt run --select orders`: these are the columns" in ran.stdout
    assert "of unknown types" in ran.stderr
    project.declare("orders", None)
    ran = project.run("generate", "orders")
    assert (ran.exit_code, ran.stdout) == (2, "") and "or list its columns in its YAML" in ran.stderr


def test_model_that_cannot_be_drafted_is_reported_in_one_sentence(project: Project) -> None:
    project.declare("orders", None)
    project.declare("stg_orders", None, relation_name=None, config={"materialized": "ephemeral"})
    twin = {**project.nodes["model.shop.orders"], "package_name": "other"}
    assert (
        "no model, snapshot, seed or source 'order'; did you mean `orders`?" in project.run("generate", "order").stderr
    )
    assert "materialize it as a table or view" in project.run("generate", "stg_orders").stderr
    project.nodes["model.other.orders"] = twin
    ran = project.run("generate", "orders")
    assert ran.exit_code == 2 and "give one of model.other.orders, model.shop.orders" in ran.stderr


def test_role_without_a_column_is_drafted_as_a_comment_with_a_warning(project: Project) -> None:
    project.table("leads", "select 'a@b.c' as email, 'x' as plan")
    project.declare("leads", None)
    ran = project.run("generate", "leads")
    assert "# identity:  # missing: no column looks like an internal user ID" in ran.stdout
    assert "leads: `identity` is missing" in ran.stderr and "identity" not in block(ran.stdout)
    assert project.run("generate", "leads", "--warn-error").exit_code == 2
