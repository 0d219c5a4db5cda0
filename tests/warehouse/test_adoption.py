"""`state adopt`: what another tool has sent is not sent again."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project
from tests.warehouse.orders import ORDERS
from tests.warehouse.users import held, sent
from tests.warehouses import on_every_warehouse


def given(project: Project, select: str) -> str:
    """A relation that says what Heap has."""
    project.table("in_heap", select)
    return f"{project.engine.default_schema}.in_heap"


def adopt(project: Project, *arguments: str) -> Outcome:
    return project.run("state", "adopt", *arguments)


@on_every_warehouse
def test_events_before_an_instant_are_not_sent(orders: Project, heap: Sandbox) -> None:
    outcome = adopt(orders, "heap_orders", "--before", "2026-03-03T09:15:00+01:00")
    assert outcome.exit_code == 0 and "heap_orders: 2 rows marked as sent" in outcome.stdout
    assert heap.requests() == []
    assert orders.sync().exit_code == 0
    assert [event["properties"]["Total"] for event in heap.events()] == [7.25]
    assert orders.run("plan", "--check").exit_code == 0


def test_instant_is_read_in_the_zone_of_the_models_times(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "timezone": "Europe/Berlin"})
    assert (
        "1 row marked as sent" in adopt(orders, "heap_orders", "--before", "2026-03-02T07:15:00Z").stdout
    )  # 08:15 in Berlin


@on_every_warehouse
def test_only_user_properties_that_heap_lacks_are_sent(users: Project, heap: Sandbox) -> None:
    table = given(
        users,
        "select * from (values ('ana', 'team', 3), ('bob', 'free', 7), ('zoe', 'free', 9)) as t(user_id, plan, seats)",
    )
    outcome = adopt(users, "heap_users", "--from-relation", table)
    assert outcome.exit_code == 0 and "heap_users: 3 rows marked as sent" in outcome.stdout
    plan = users.run("plan", "--output", "json").json()[0]
    assert users.sync().exit_code == 0
    assert (plan["first"], len(sent(heap))) == (False, plan["planned"])
    assert "ana" not in held(heap) and held(heap)["bob"] == {"Seats": 1}
    assert users.state("select distinct origin from state.heap_users__synced order by origin") == [
        ("adopted",),
        ("sent",),
    ]


def test_property_that_the_relation_lacks_is_sent_for_every_row(users: Project, heap: Sandbox) -> None:
    outcome = adopt(users, "heap_users", "--from-relation", given(users, "select 'ana' as user_id, 'team' as plan"))
    assert "sent for every row: Seats" in outcome.stdout
    assert users.sync().exit_code == 0
    assert held(heap)["ana"] == {"Seats": 3} and len(held(heap)) == 3


def test_duplicate_key_is_not_adopted(users: Project, heap: Sandbox) -> None:
    table = given(
        users,
        "select * from (values ('ana', 'team', 3), ('ana', 'free', 5), ('bob', 'free', 1)) as t(user_id, plan, seats)",
    )
    assert "1 row marked as sent" in adopt(users, "heap_users", "--from-relation", table).stdout
    assert users.sync().exit_code == 0
    assert "ana" in held(heap) and "bob" not in held(heap)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["heap_users"], "one of --before (events) and --from-relation"),
        (["heap_users", "--before", "2026-03-01"], "--from-relation"),
        (["heap_orders", "--before", "yesterday"], "--before must be a time"),
        (["heap_orders", "--from-relation", "x.in_heap"], "For events, use --before"),
        (["heap_users", "--from-relation", "in_heap"], "schema.table"),
        (["heap_users", "--from-relation", "nowhere.in_heap"], "nowhere.in_heap"),
        (["heap_people", "--before", "2026-03-01"], "no model declares a sync named heap_people"),
    ],
)
def test_row_that_cannot_be_adopted_is_reported_and_nothing_changes(
    users: Project, orders: Project, arguments: list[str], said: str
) -> None:
    outcome = adopt(users, *arguments)
    assert outcome.exit_code == 2 and said in outcome.stderr
    assert not any(name.startswith("synced_") for name in users.state_tables())


def test_columns_of_other_types_are_reported(users: Project) -> None:
    table = given(users, "select 'ana' as user_id, '1' as seats")
    outcome = adopt(users, "heap_users", "--from-relation", table)
    assert outcome.exit_code == 2 and "seats is" in outcome.stderr and "Cast them" in outcome.stderr


def test_sync_that_has_state_is_not_adopted(users: Project, heap: Sandbox) -> None:
    assert users.sync().exit_code == 0
    outcome = adopt(users, "heap_users", "--from-relation", f"{users.engine.default_schema}.heap_users")
    assert outcome.exit_code == 2 and "dbt-heap state reset heap_users" in outcome.stderr


def test_sync_whose_type_changed_is_stopped(users: Project, heap: Sandbox) -> None:
    assert users.sync().exit_code == 0
    heap.reset()
    users.declare("heap_users", {"type": "account_properties", "account_id": "user_id", "properties": ["seats"]})
    assert users.sync().exit_code == 2
    assert users.results()["heap_users"]["message"].startswith("heap_users: its state is of user_properties")
    assert heap.requests() == []
