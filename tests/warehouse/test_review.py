"""`plan --state … --against …`: what a pull request changes for the state of production."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import yaml

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouse.users import ROWS, USERS
from tests.warehouses import on_every_engine

pytestmark = on_every_engine

DEV, PROD = "1234567890", "2345678901"


@pytest.fixture
def shop(project: Project) -> Project:
    """Users and orders, synced in production; what is declared and built from now on is a pull request's."""
    project.vars = {"app_ids": {"dev": DEV, "prod": PROD}}
    outputs = {"dev": {**project.engine.output, "schema": "pr_7"}, "prod": project.engine.output}
    (project.folder / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": outputs}}))
    project.table("heap_users", ROWS)
    project.table("heap_orders", ORDER_ROWS)
    project.declare("heap_users", USERS)
    project.declare("heap_orders", ORDERS)
    assert project.sync("--target", "prod").exit_code == 0
    shutil.copytree(project.folder / "target", project.folder / "production")
    propose(project, users=USERS, orders=ORDERS)
    return project


def propose(shop: Project, users: Any = None, orders: Any = None, **more: Any) -> None:
    """Declare as the pull request does, and builds its models in a schema of its own."""
    for name, rows, heap in (("heap_users", ROWS, users), ("heap_orders", ORDER_ROWS, orders)):
        if heap is not None:
            shop.table(name, rows, schema="pr_7")
            shop.declare(name, heap, schema="pr_7", **more)


def review(shop: Project, *arguments: str) -> Outcome:
    return shop.run("plan", "--state", str(shop.folder / "production"), "--against", "prod", *arguments)


def reported(shop: Project) -> dict[str, dict[str, Any]]:
    """What the review says as JSON, by sync."""
    return {each["sync"]: each for each in review(shop, "--output", "json").json()}


def texts(found: dict[str, Any]) -> list[str]:
    return [f"{each['key']}: {each['text']}" for each in found["changes"]]


def test_pull_request_that_changes_no_declaration_changes_nothing(shop: Project, heap: Sandbox) -> None:
    before, requests = shop.state_tables(), len(heap.requests())
    assert review(shop, "--check").exit_code == 0
    found = reported(shop)
    assert {name: (each["status"], each["plan"]["planned"]) for name, each in found.items()} == {
        "heap_users": ("unchanged", 0), "heap_orders": ("unchanged", 0),
    }  # fmt: skip
    assert (shop.state_tables(), len(heap.requests())) == (before, requests)


def test_new_renamed_and_removed_properties_are_listed_with_row_counts(shop: Project) -> None:
    propose(shop, users={**USERS, "properties": {"Tier": "plan", "Identity": "user_id"}})
    found = reported(shop)["heap_users"]
    assert (found["status"], found["rekeys"]) == ("changed", False)
    assert texts(found) == [
        "properties: Plan is now Tier: it is sent for every row, and Heap keeps Plan as it is",
        "properties: Identity is a new property: it is sent for every row",
        "properties: Seats is no longer sent: Heap keeps its last values",
    ]
    assert found["plan"]["properties"] == {"Tier": 2, "Identity": 3}
    assert sorted(found["plan"]["new_properties"]) == ["Identity", "Tier"]
    assert review(shop, "--check").exit_code == 3


def test_changed_key_is_reported_and_refused(shop: Project) -> None:
    propose(shop, orders={**ORDERS, "unique_key": ["order_id", "user_id"]})
    found = reported(shop)["heap_orders"]
    assert found["rekeys"] and found["plan"]["new"] == 3
    assert "heap_orders: CHANGES KEYS. unique_key: order_id -> order_id, user_id:" in review(shop).stdout
    shop.declare("heap_users", USERS)
    shop.declare("heap_orders", {**ORDERS, "unique_key": ["order_id", "user_id"]})
    outcome = shop.sync("--target", "prod")
    assert outcome.exit_code == 1 and "Heap would record 3 events a second time" in outcome.stderr
    assert shop.sync("--target", "prod", "--first-sync").exit_code == 0
    assert shop.sync("--target", "prod").exit_code == 0


def test_changed_settings_are_listed_by_their_keys(shop: Project) -> None:
    propose(shop, users={**USERS, "nulls": "blank", "max_rows": "20%"}, orders={**ORDERS, "event_name": "Bought"})
    found = reported(shop)
    assert texts(found["heap_users"]) == ["max_rows: none -> 20%", "nulls: omit -> blank"]
    assert texts(found["heap_orders"]) == ["event_name: Order Completed -> Bought"]


def test_model_that_lost_its_block_is_reported_while_its_state_exists(shop: Project) -> None:
    shop.nodes["model.shop.heap_users"]["config"]["meta"] = {}
    found = reported(shop)["heap_users"]
    assert found["status"] == "removed" and found["plan"] is None
    assert found["notes"] == [
        "heap_users no longer declares it",
        "Heap keeps its data. To remove its state: dbt-heap state reset heap_users",
    ]
    del shop.nodes["model.shop.heap_orders"]
    assert reported(shop)["heap_orders"]["notes"][0] == "heap_orders was removed"


def test_new_sync_and_one_that_would_stop_are_reported(shop: Project) -> None:
    propose(shop, users={**USERS, "name": "people"})
    found = reported(shop)
    assert found["heap_users"]["status"] == "removed"
    assert found["people"]["status"] == "added"
    assert "dbt-heap state rename heap_users people" in found["people"]["notes"][0]


def test_model_that_is_not_built_has_no_rows_to_count(shop: Project) -> None:
    shop.declare("heap_new", {**ORDERS, "event_name": "New"}, schema="pr_8")
    found = reported(shop)["heap_new"]
    assert found["plan"] is None and "does not exist in target prod" in found["notes"][0]


def test_comment_for_the_pull_request_is_markdown(shop: Project) -> None:
    propose(shop, users={**USERS, "properties": {"Tier": "plan", "Seats": "seats"}})
    lines = review(shop, "--output", "markdown").stdout.splitlines()
    assert lines[0] == "### Heap: 1 changed"
    assert "| heap_users | changed | 0 | 2 | 0 | 0 | 1 | 0.00 |  |" in lines
    assert "- properties: Plan is now Tier: it is sent for every row, and Heap keeps Plan as it is" in lines


def test_mistakes_that_the_pull_request_fixes_do_not_stop_it(shop: Project) -> None:
    file = shop.folder / "production" / "manifest.json"
    file.write_text(
        file.read_text().replace('"identity": "user_id", "properties"', '"identitty": "user_id", "properties"', 1)
    )
    outcome = review(shop, "--output", "json")
    assert (
        outcome.exit_code == 0 and "its declarations of heap_users have mistakes and are not compared" in outcome.stderr
    )


def test_default_that_is_invalid_only_in_production_does_not_stop_it(shop: Project) -> None:
    shop.vars["defaults"] = {"environment": "elsewhere"}
    propose(shop, users={**USERS, "environment": "main"}, orders={**ORDERS, "environment": "main"})
    outcome = review(shop, "--output", "json")
    assert outcome.exit_code == 0 and "its declarations of heap_orders, heap_users have mistakes" in outcome.stderr
    assert {each["status"] for each in outcome.json()} == {"added"}


def test_it_needs_a_manifest_to_compare(shop: Project) -> None:
    outcome = shop.run("plan", "--against", "prod")
    assert outcome.exit_code == 2 and "--state" in outcome.stderr
