"""A sync without state next to removed syncs: what stops it, and how `renamed_from` resolves it."""

from __future__ import annotations

from typing import Any

import pytest

from dbt_heap.errors import WarehouseError
from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.session import SyncSession
from dbt_heap.state.store import StateStore
from tests.project import Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouse.users import sent
from tests.warehouses import on_every_engine

NONE = f"{ORDER_ROWS} where order_id < 0"
REJECTED = f"select order_id, cast(null as varchar(9)) as user_id, ordered_at, total from ({ORDER_ROWS}) as t"
SENT = ORDER_ROWS


@pytest.fixture
def shop(project: Project) -> Project:
    return project


def declared(project: Project, **blocks: Any) -> None:
    """Has the project declare these event syncs alone, each on a model of its name."""
    project.nodes.clear()
    for name, block in blocks.items():
        project.table(name, ORDER_ROWS)
        project.declare(name, {**ORDERS, **block})


def synced(project: Project, heap: Sandbox, *names: str) -> set[str]:
    """Syncs of these names run once; returns the idempotency keys that Heap got."""
    declared(project, **{name: {} for name in names})
    assert project.sync().exit_code == 0
    keys = {event["idempotency_key"] for event in sent(heap)}
    heap.reset()
    return keys


def log(project: Project) -> Any:
    return project.state("select * from state.sync_log order by sync, entry"), project.state_tables()


@on_every_engine
@pytest.mark.parametrize(("rows", "status"), [(NONE, 0), (REJECTED, 1)], ids=["no rows", "all rejected"])
def test_removed_syncs_without_accepted_rows_do_not_stop_others(
    shop: Project, heap: Sandbox, rows: str, status: int
) -> None:
    declared(shop, a={}, b={})
    for name in ("a", "b"):
        shop.table(name, rows)
    assert shop.sync().exit_code == status
    declared(shop, c={})
    outcome = shop.sync()
    assert outcome.exit_code == 0, outcome.stderr
    assert len(heap.events()) == 3


def test_all_syncs_that_may_be_meant_are_named_at_once(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a", "b", "kept")
    declared(shop, c={}, kept={})
    outcome = shop.sync()
    assert outcome.exit_code == 1 and heap.requests() == []  # `kept` could run
    assert shop.state("select count(*) from state.sync_log where sync = 'c'") == [(0,)]
    for part in (
        "a (3 rows acknowledged), b (3 rows acknowledged)", "dbt-heap state rename a c or dbt-heap state rename b c",
        "`renamed_from: []`", "every event a second time",
    ):  # fmt: skip
        assert part in outcome.stderr
    assert "kept" not in "".join(line for line in outcome.stderr.splitlines() if "state rename" in line)


def test_read_only_commands_work_and_say_what_sync_would_do(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a", "b")
    declared(shop, c={})
    for arguments in (("plan",), ("show",)):
        outcome = shop.run(*arguments)
        assert outcome.exit_code == 0, outcome.stderr
        assert "dbt-heap state rename b c" in outcome.stdout + outcome.stderr
    checked = shop.run("check")
    assert checked.exit_code == 2 and "dbt-heap state rename b c" in checked.stderr
    (plan,) = shop.run("plan", "--output", "json").json()
    assert (plan["new"], plan["renamed_from"]) == (3, None) and "renamed_from: []" in plan["refused"]
    keys = shop.folder / "keys"
    keys.write_text("1\n")
    explained = shop.run("explain", "--key-file", str(keys))
    assert explained.exit_code == 0 and "state rename" in explained.stdout + explained.stderr


def test_sync_that_is_declared_new_is_sent_in_full(shop: Project, heap: Sandbox) -> None:
    before = synced(shop, heap, "a", "b")
    declared(shop, c={"renamed_from": []})
    assert shop.run("plan", "--output", "json").json()[0]["refused"] == ""
    assert shop.sync().exit_code == 0
    assert len(new := {event["idempotency_key"] for event in sent(heap)}) == 3 and not new & before


@on_every_engine
@pytest.mark.parametrize("earlier", ["a", ["z", "a"]], ids=["a name", "a list"])
def test_sync_takes_over_the_state_of_its_earlier_name(shop: Project, heap: Sandbox, earlier: Any) -> None:
    keys = synced(shop, heap, "a")
    declared(shop, c={"renamed_from": earlier})
    before = log(shop)
    (plan,) = shop.run("plan", "--output", "json").json()
    assert (plan["planned"], plan["renamed_from"], plan["first"], plan["refused"]) == (0, "a", False, "")
    assert "takes over the state of a" in shop.run("plan").stdout
    checked = shop.run("check")
    assert checked.exit_code == 0 and "takes over the state of a" in checked.stderr
    assert shop.run("show").exit_code == 0 and log(shop) == before
    outcome = shop.sync()
    assert outcome.exit_code == 0 and "took over the state of a" in outcome.stderr
    assert heap.requests() == [] and shop.sync().exit_code == 0 and heap.requests() == []
    assert shop.run("state", "reset", "c", "--yes").exit_code == 0
    assert shop.sync().exit_code == 0
    assert {event["idempotency_key"] for event in sent(heap)} == keys


@on_every_engine
def test_killed_takeover_is_finished_by_the_next_run(
    shop: Project, heap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(shop, heap, "a")
    declared(shop, c={"renamed_from": "a"})
    append, written = StateStore.append, list[str]()

    def once(state: StateStore, *arguments: Any) -> None:
        if written:
            raise WarehouseError("the warehouse is gone")
        append(state, *arguments)
        written.append("entry")

    with monkeypatch.context() as patch:
        patch.setattr(StateStore, "append", once)
        assert shop.sync().exit_code == 2
    assert shop.run("plan").exit_code == 0
    assert shop.sync().exit_code == 0
    assert heap.requests() == []
    newest = "select synced from state.sync_log where sync = 'a' order by entry desc limit 1"
    assert shop.state(newest) == [(None,)]


@on_every_engine
def test_run_that_was_killed_under_the_earlier_name_is_recovered(
    shop: Project, heap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise WarehouseError("the warehouse is gone")

    declared(shop, a={})
    with monkeypatch.context() as patch:
        patch.setattr(SyncSession, "close", cut)
        assert shop.sync().exit_code == 2
    assert len(heap.events()) == 3
    declared(shop, c={"renamed_from": "a"})
    assert shop.sync().exit_code == 0
    assert len(heap.events()) == 3 and len(heap.requests()) == 1
    assert not {table for table in shop.state_tables() if table.startswith(("outbox", "acked", "lock", "stale"))}


@pytest.mark.parametrize(
    ("c", "others", "reported"),
    [
        ({"renamed_from": ["a", "b"]}, {}, "a sync can take over only one"),
        ({"renamed_from": "c"}, {}, "list only earlier names here"),
        ({"renamed_from": "a", "type": "user_properties"}, {}, "whose state is of events"),
        ({"renamed_from": None}, {}, "renamed_from"),
        ({"renamed_from": "d"}, {}, "dbt-heap state rename a c or dbt-heap state rename b c"),
    ],
)
def test_state_that_cannot_be_adopted_is_reported_and_nothing_is_written(
    shop: Project, heap: Sandbox, c: dict[str, Any], others: dict[str, Any], reported: str
) -> None:
    synced(shop, heap, "a", "b")
    if c.get("type"):
        declared(shop, **others)
        shop.table("c", ORDER_ROWS)
        shop.declare("c", {"type": "user_properties", "identity": "user_id", "properties": ["total"], **c})
    else:
        declared(shop, c=c, **others)
    before = log(shop)
    outcome = shop.sync()
    assert outcome.exit_code == 2 and reported in outcome.stderr, outcome.stderr
    assert log(shop) == before and heap.requests() == []


def test_state_of_another_schema_is_not_taken_over_by_itself(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a")
    shop.nodes.clear()
    shop.table("c", ORDER_ROWS, schema="dev_ana")
    shop.declare("c", {**ORDERS, "renamed_from": "a"}, schema="dev_ana")
    before = log(shop)
    outcome = shop.sync()
    assert outcome.exit_code == 2 and "in another schema" in outcome.stderr
    assert log(shop) == before and heap.requests() == []


def test_earlier_name_with_state_next_to_the_new_one_is_not_ignored(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a", "c")
    declared(shop, c={"renamed_from": "a"})
    outcome = shop.sync()
    assert outcome.exit_code == 2 and "remove a from `renamed_from`" in outcome.stderr
    declared(shop, c={"renamed_from": "a"}, a={})  # the name is another sync's now
    assert shop.sync().exit_code == 0


def test_earlier_name_that_is_still_declared_stops_only_that_sync(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a")
    declared(shop, c={"renamed_from": "a"}, a={})
    outcome = shop.sync()
    assert outcome.exit_code == 1 and "names a, which is still declared" in outcome.stderr
    assert heap.requests() == []


def test_state_taken_over_by_another_sync_does_not_stop_a_third(shop: Project, heap: Sandbox) -> None:
    synced(shop, heap, "a")
    declared(shop, b={}, c={"renamed_from": "a"})
    outcome = shop.sync()
    assert outcome.exit_code == 0, outcome.stderr
    assert {name: each["accepted"] for name, each in shop.results().items()} == {"b": 3, "c": 0}


def test_relation_follows_a_renamed_model_of_a_sync_that_keeps_its_name(shop: Project, heap: Sandbox) -> None:
    declared(shop, a={"name": "orders"})
    assert shop.sync().exit_code == 0
    declared(shop, b={"name": "orders"})
    assert shop.sync().exit_code == 2
    declared(shop, b={"name": "orders", "renamed_from": "a"})
    assert shop.sync().exit_code == 0
    declared(shop, b={"name": "orders"})
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == 1
