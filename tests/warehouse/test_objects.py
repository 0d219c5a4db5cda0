"""Users and accounts: what is sent, what is not, and what the state remembers."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import USERS, held, sent
from tests.warehouses import on_each, on_every_warehouse

pytestmark = on_every_warehouse


def test_first_sync_sends_every_row_without_its_nulls(users: Project, heap: Sandbox) -> None:
    assert users.sync().exit_code == 0
    assert held(heap) == {
        "ana": {"Plan": "team", "Seats": 3},
        "bob": {"Plan": "free", "Seats": 1},
        "cem": {"Seats": 2},
    }


def test_sync_without_changes_sends_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    before = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == before


@on_each
def test_only_changed_properties_of_a_changed_row_are_sent(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    heap.reset()
    users.sync()
    assert sent(heap) == [{"identity": "bob", "properties": {"Plan": "pro"}}]


def test_property_that_became_null_is_unchanged_in_heap(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = null where user_id = 'ana'")
    before = len(heap.requests())
    users.sync()
    assert len(heap.requests()) == before
    assert held(heap)["ana"]["Plan"] == "team"


def test_nulls_blank_sends_a_new_null_once_as_an_empty_text(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "nulls": "blank"})
    users.sync()
    assert "Plan" not in held(heap)["cem"]
    users.sql("update heap_users set plan = null where user_id = 'ana'")
    heap.reset()
    users.sync()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Plan": ""}}]


def test_value_that_came_back_after_a_null_is_not_sent_again(users: Project, heap: Sandbox) -> None:
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


def test_resync_sends_objects_in_full_and_the_next_sync_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    heap.reset()
    users.sync("--resync")
    assert held(heap)["ana"] == {"Plan": "team", "Seats": 3}
    heap.reset()
    users.sync()
    assert sent(heap) == []


def test_view_survives_a_refused_resync(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.declare("heap_users", {**USERS, "max_rows": 1})
    heap.reset()
    assert users.sync("--resync").exit_code == 1
    assert sent(heap) == []
    assert users.state("select key, \"Plan\" from state.heap_users__synced where key = 'ana'") == [("ana", "team")]
    users.declare("heap_users", USERS)
    users.sync()
    assert held(heap)["ana"] == {"Plan": "team", "Seats": 3}


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


def test_view_shows_what_heap_acknowledged_under_heaps_names(users: Project) -> None:
    users.sync()
    users.sql("update heap_users set plan = null, seats = 4 where user_id = 'ana'")
    users.sync()
    assert users.state('select key, "Plan", "Seats" from state.heap_users__synced order by key') == [
        ("ana", "team", 4),
        ("bob", "free", 1),
        ("cem", None, 2),
    ]


def test_user_without_changes_is_not_sent(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('dee', null, null)")
    users.sync()
    assert "dee" not in held(heap)


def test_view_of_runs_has_the_counts_of_every_run(users: Project) -> None:
    users.sync()
    users.sync()
    assert users.state("select status, planned, accepted, rejected from state.runs order by started_at") == [
        ("success", 3, 3, 0),
        ("success", 0, 0, 0),
    ]


def test_value_that_may_have_been_overwritten_is_sent_again_when_it_comes_back(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    heap.misbehave("401-afterx1")  # accepted without an answer
    assert users.sync().exit_code == 1
    assert held(heap)["ana"]["Plan"] == "pro"
    users.sql("update heap_users set plan = 'team' where user_id = 'ana'")
    assert users.sync().exit_code == 0
    assert held(heap)["ana"]["Plan"] == "team"


@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "no longer mapped"])
def test_doubt_is_not_forgotten_with_a_property_that_is_not_sent(users: Project, heap: Sandbox, mapped: bool) -> None:
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
