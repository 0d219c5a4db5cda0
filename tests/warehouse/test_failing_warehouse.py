"""A warehouse that fails during a sync: a clear message, no false acknowledgement, and the next run repairs it."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.warehouse.connection import Warehouse
from tests.project import Project
from tests.warehouses import Postgres, on_every_engine

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}
ORDERS = {
    "type": "events",
    "identity": "user_id",
    "event_name": "Order",
    "unique_key": "order_id",
    "properties": ["total"],
}
LARGE = "select 'u' || i as user_id, repeat('x', 900) || i as plan from generate_series(1, 20000) as t(i)"
OF_A_FIRST_SYNC = [
    "create_lock", "create_outbox", "acknowledge", "create_object_generation", "create_event_generation", "synced_view",
]  # fmt: skip
OF_A_LATER_SYNC = [
    "create_lock", "create_outbox", "outbox_counts", "create_acked", "append_entry", "outbox_page", "acknowledge",
    "verdict_counts", "merge_objects", "merge_events", "drop_state_table",
]  # fmt: skip

on_postgres = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
BeforeStatement = Callable[[str, Callable[[], object], int], None]


@pytest.fixture
def shop(project: Project) -> Project:
    """Two users and two orders, synced once, and changed since."""
    project.table("heap_users", "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)")
    project.table("heap_orders", "select * from (values (1, 'ana', 5), (2, 'bob', 6)) as t(order_id, user_id, total)")
    project.declare("heap_users", USERS)
    project.declare("heap_orders", ORDERS)
    return project


@pytest.fixture
def before_statement(monkeypatch: pytest.MonkeyPatch) -> BeforeStatement:
    """Has something happen to the warehouse right before a statement of a macro, the nth time it comes."""

    def arm(macro: str, happen: Callable[[], object], nth: int = 1) -> None:
        seen: list[str] = []
        for verb in ("execute", "query", "fetch"):
            monkeypatch.setattr(Warehouse, verb, watching(getattr(Warehouse, verb), macro, happen, nth, seen))

    return arm


def watching(
    run: Callable[..., Any], macro: str, happen: Callable[[], object], nth: int, seen: list[str]
) -> Callable[..., Any]:
    def watched(self: Warehouse, name: str, **arguments: Any) -> Any:
        if name == macro:
            seen.append(name)
            if len(seen) == nth:
                happen()
        return run(self, name, **arguments)

    return watched


def must_be_whole(shop: Project, heap: Sandbox) -> None:
    """After a plain run Heap holds what the warehouse says, each event once, and the run after it sends nothing."""
    assert shop.sync().exit_code == 0
    users = dict(shop.sql("select user_id, plan from heap_users"))
    assert users.items() <= {user["identity"]: user["properties"].get("Plan") for user in heap.users()}.items()
    orders = sorted(str(total) for (total,) in shop.sql("select total from heap_orders"))
    assert sorted(str(event["properties"]["total"]) for event in heap.events()) == orders
    requests = len(heap.requests())
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == requests


@on_postgres
@pytest.mark.parametrize(
    ("macro", "first"),
    [*((macro, True) for macro in OF_A_FIRST_SYNC), *((macro, False) for macro in OF_A_LATER_SYNC)],
)
def test_connection_lost_before_a_statement_loses_and_duplicates_nothing(
    shop: Project, heap: Sandbox, before_statement: BeforeStatement, macro: str, first: bool
) -> None:
    assert isinstance(shop.engine, Postgres)
    if not first:
        assert shop.sync().exit_code == 0
        shop.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
        shop.sql("insert into heap_orders values (3, 'ana', 7)")
    before_statement(macro, shop.engine.disconnect, 1)
    outcome = shop.sync()
    assert outcome.exit_code in (1, 2)  # 1 if the other sync ran
    assert "the warehouse refused" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    for result in shop.results().values():
        assert result["planned"] == result["accepted"] + result["rejected"] + result["undelivered"]
    before_statement("none", lambda: None, 1)
    must_be_whole(shop, heap)


@on_postgres
def test_rows_acknowledged_before_the_connection_was_lost_are_reported(
    shop: Project, heap: Sandbox, before_statement: BeforeStatement
) -> None:
    assert isinstance(shop.engine, Postgres)
    before_statement("verdict_counts", shop.engine.disconnect, 1)
    assert shop.sync().exit_code == 1  # the other sync ran
    result = shop.results()["heap_users"]
    assert (result["status"], result["planned"], result["accepted"]) == ("error", 2, 2)


@on_every_engine
def test_model_rebuilt_during_a_sync_is_sent_as_planned_then_as_it_is(
    shop: Project, heap: Sandbox, before_statement: BeforeStatement
) -> None:
    rebuilt = "select * from (values ('ana', 'max'), ('cem', 'free')) as t(user_id, plan)"
    before_statement("outbox_page", lambda: shop.table("heap_users", rebuilt), 1)
    assert shop.sync().exit_code == 0
    assert {user["identity"]: user["properties"]["Plan"] for user in heap.users()} == {"ana": "team", "bob": "free"}
    before_statement("none", lambda: None, 1)
    heap.reset()
    assert shop.sync().exit_code == 0
    assert {user["identity"]: user["properties"]["Plan"] for user in heap.users()} == {"ana": "max", "cem": "free"}


@on_postgres
@pytest.mark.parametrize("macro", ["acknowledge", "merge_objects", "create_object_generation"])
def test_state_schema_dropped_in_the_middle_ends_the_run_with_a_clear_message(
    shop: Project, heap: Sandbox, before_statement: BeforeStatement, macro: str
) -> None:
    if macro == "merge_objects":
        assert shop.sync().exit_code == 0
        shop.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    before_statement(macro, lambda: shop.sql(f"drop schema {shop.state_schema} cascade"), 1)
    outcome = shop.sync()
    assert outcome.exit_code == 2
    assert "does not exist" in outcome.stderr
    before_statement("none", lambda: None, 1)
    must_be_whole(shop, heap)


@pytest.mark.parametrize("kilobytes", [600, 1500])
def test_full_disk_ends_the_run_with_a_clear_message(shop: Project, heap: Sandbox, kilobytes: int) -> None:
    assert shop.sync().exit_code == 0
    shop.table("heap_users", LARGE)
    shop.write()
    size = shop.engine.file.stat().st_size if hasattr(shop.engine, "file") else 0
    ran = subprocess.run(
        [sys.executable, "-m", "dbt_heap", "sync", "--project-dir", ".", "--profiles-dir", "."],
        cwd=shop.folder, env={"PATH": "", **shop.environment}, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size + kilobytes * 1000,) * 2),
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr  # the other sync ran
    assert "heap_users: the warehouse refused" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "xxx" not in ran.stderr
    must_be_whole(shop, heap)
