"""Users and accounts: what is sent, what is not, and what the state remembers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import on_every_warehouse

pytestmark = on_every_warehouse

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan", "Seats": "seats"}}
ROWS = "select * from (values ('ana', 'team', 3), ('bob', 'free', 1), ('cem', null, 2)) as t(user_id, plan, seats)"


@pytest.fixture
def users(project: Project) -> Project:
    """Three users, never synced."""
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    return project


def held(heap: Sandbox) -> dict[str, dict[str, Any]]:
    """What Heap holds of users: identity -> properties."""
    return {user["identity"]: user["properties"] for user in heap.users()}


def sent(heap: Sandbox) -> list[dict[str, Any]]:
    """The records of all requests since the last reset of the sandbox."""
    bodies = [json.loads(request["body"]) for request in heap.requests(bodies=True)]
    return [record for body in bodies for record in body.get("users") or body.get("accounts") or body.get("events")]


def test_a_first_sync_sends_every_row_without_its_nulls(users: Project, heap: Sandbox) -> None:
    assert users.sync().exit_code == 0
    assert held(heap) == {
        "ana": {"Plan": "team", "Seats": 3},
        "bob": {"Plan": "free", "Seats": 1},
        "cem": {"Seats": 2},
    }


def test_a_sync_without_changes_sends_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    before = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == before


def test_of_a_changed_row_only_the_changed_properties_are_sent(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    heap.reset()
    users.sync()
    assert sent(heap) == [{"identity": "bob", "properties": {"Plan": "pro"}}]


def test_a_property_that_became_null_is_left_as_it_is_in_heap(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = null where user_id = 'ana'")
    before = len(heap.requests())
    users.sync()
    assert len(heap.requests()) == before
    assert held(heap)["ana"]["Plan"] == "team"


def test_with_nulls_blank_a_property_that_became_null_is_sent_once_as_an_empty_text(
    users: Project, heap: Sandbox
) -> None:
    users.declare("heap_users", {**USERS, "nulls": "blank"})
    users.sync()
    assert "Plan" not in held(heap)["cem"]
    users.sql("update heap_users set plan = null where user_id = 'ana'")
    heap.reset()
    users.sync()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Plan": ""}}]


def test_a_value_that_came_back_after_a_null_is_not_sent_again(users: Project, heap: Sandbox) -> None:
    users.sync()
    for plan in ("null", "'team'"):
        users.sql(f"update heap_users set plan = {plan} where user_id = 'ana'")
        heap.reset()
        users.sync()
        assert sent(heap) == []


def test_rows_that_left_the_model_stay_as_they_are(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("delete from heap_users where user_id = 'ana'")
    users.sync()
    assert held(heap)["ana"] == {"Plan": "team", "Seats": 3}


def test_a_newly_mapped_property_is_sent_for_every_row_alone(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.table("heap_users", f"select *, user_id || '@x' as email from ({ROWS})")
    users.declare("heap_users", {**USERS, "properties": {**USERS["properties"], "email": "email"}})
    heap.reset()
    users.sync()
    assert sorted(record["identity"] for record in sent(heap)) == ["ana", "bob", "cem"]
    assert all(set(record["properties"]) == {"email"} for record in sent(heap))


def test_a_property_renamed_in_heap_is_sent_for_every_row_that_has_it(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.declare("heap_users", {**USERS, "properties": {"Tariff": "plan", "Seats": "seats"}})
    heap.reset()
    users.sync()
    assert {record["identity"]: record["properties"] for record in sent(heap)} == {
        "ana": {"Tariff": "team"},
        "bob": {"Tariff": "free"},
    }


def test_a_renamed_column_under_the_same_heap_name_sends_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users rename column plan to tariff")
    users.declare("heap_users", {**USERS, "properties": {"Plan": "tariff", "Seats": "seats"}})
    heap.reset()
    users.sync()
    assert sent(heap) == []


def test_a_column_whose_class_of_type_changed_is_sent_anew(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users alter seats type varchar")
    heap.reset()
    users.sync()
    assert {record["identity"]: record["properties"] for record in sent(heap)} == {
        "ana": {"Seats": "3"},
        "bob": {"Seats": "1"},
        "cem": {"Seats": "2"},
    }


def test_a_type_that_widened_within_its_class_sends_only_what_changed(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users alter seats type bigint")
    users.sql("update heap_users set seats = 5000000000 where user_id = 'ana'")
    heap.reset()
    users.sync()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Seats": 5000000000}}]


def test_a_decimal_that_gains_digits_loses_none_of_them_in_the_state(project: Project, heap: Sandbox) -> None:
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["ltv"]})
    for scale, value in ((2, "1.25"), (4, "1.2525")):
        project.table("heap_users", f"select 'ana' as user_id, cast({value} as decimal(12, {scale})) as ltv")
        project.sync()
    heap.reset()
    assert project.sync().exit_code == 0
    assert sent(heap) == []
    assert project.state("select cast(ltv as varchar(10)) from state.heap_users__synced") == [("1.2525",)]


def test_a_property_no_longer_mapped_sends_nothing_and_its_last_value_is_remembered(
    users: Project, heap: Sandbox
) -> None:
    users.sync()
    users.declare("heap_users", {**USERS, "properties": {"Plan": "plan"}})
    users.sql("update heap_users set seats = 9, plan = 'pro' where user_id = 'ana'")
    users.sync()
    users.declare("heap_users", USERS)
    heap.reset()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Seats": 9}}]


def test_resync_sends_objects_in_full_and_the_next_sync_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    heap.reset()
    users.sync("--resync")
    assert held(heap)["ana"] == {"Plan": "team", "Seats": 3}
    heap.reset()
    users.sync()
    assert sent(heap) == []


def test_accounts_are_sent_under_their_account_id(project: Project, heap: Sandbox) -> None:
    project.table("heap_accounts", "select 7 as account_id, 'gold' as tier, 12.50::decimal(10, 2) as arr")
    project.declare(
        "heap_accounts",
        {"type": "account_properties", "account_id": "account_id", "properties": {"Tier": "tier", "ARR": "arr"}},
    )
    assert project.sync().exit_code == 0
    ((account),) = heap.accounts()
    assert (account["account_id"], account["properties"]["Tier"]) == ("7", "gold")
    assert str(account["properties"]["ARR"]) == "12.50"


def test_the_view_shows_what_heap_acknowledged_under_heaps_names(users: Project) -> None:
    users.sync()
    users.sql("update heap_users set plan = null, seats = 4 where user_id = 'ana'")
    users.sync()
    assert users.state('select key, "Plan", "Seats" from state.heap_users__synced order by key') == [
        ("ana", "team", 4),
        ("bob", "free", 1),
        ("cem", None, 2),
    ]


def test_heap_names_that_differ_only_in_case_are_two_properties(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "properties": {"Plan": "plan", "plan": "seats"}})
    assert users.sync().exit_code == 0
    assert held(heap)["ana"] == {"Plan": "team", "plan": 3}
    assert users.sync().exit_code == 0


def test_a_user_with_nothing_to_tell_is_not_sent(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('dee', null, null)")
    users.sync()
    assert "dee" not in held(heap)


def test_figures_of_every_run_stand_in_the_view_of_runs(users: Project) -> None:
    users.sync()
    users.sync()
    assert users.state("select status, planned, accepted, rejected from state.runs order by started_at") == [
        ("success", 3, 3, 0),
        ("success", 0, 0, 0),
    ]


def test_a_value_that_may_have_been_overwritten_is_sent_again_when_it_comes_back(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    heap.misbehave("401-afterx1")  # taken, and nobody knows
    assert users.sync().exit_code == 1
    assert held(heap)["ana"]["Plan"] == "pro"
    users.sql("update heap_users set plan = 'team' where user_id = 'ana'")
    assert users.sync().exit_code == 0
    assert held(heap)["ana"]["Plan"] == "team"


@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "no longer mapped"])
def test_a_doubt_is_not_forgotten_with_a_property_that_is_not_sent(users: Project, heap: Sandbox, mapped: bool) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    heap.misbehave("401-afterx1")
    users.sync()
    users.sql("update heap_users set plan = null, seats = 9 where user_id = 'ana'")
    if not mapped:
        users.declare("heap_users", {**USERS, "properties": {"Seats": "seats"}})
    users.sync()
    assert held(heap)["ana"] == {"Plan": "pro", "Seats": 9}
    users.sql("update heap_users set plan = 'team' where user_id = 'ana'")
    users.declare("heap_users", USERS)
    users.sync()
    assert held(heap)["ana"] == {"Plan": "team", "Seats": 9}
