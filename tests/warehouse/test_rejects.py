"""Rows that cannot be sent are found, reported, stored, and sent again when they change."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import on_every_warehouse

pytestmark = on_every_warehouse

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}


@pytest.fixture
def users(project: Project) -> Project:
    """Two users that Heap takes."""
    project.table("heap_users", "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)")
    project.declare("heap_users", USERS)
    return project


@pytest.mark.parametrize(
    ("rows", "reason", "count"),
    [
        ("(null, 'x')", "null_identity", 1),
        ("(null, 'x'), (null, 'y')", "null_identity", 2),
        ("('', 'x')", "blank_identity", 1),
        ("('   ', 'x')", "blank_identity", 1),
        ("('undefined', 'x')", "placeholder_identity", 1),
        ("('NULL', 'x'), (' None ', 'x')", "placeholder_identity", 2),
        ("(repeat('u', 256), 'x')", "long_identity", 1),
        ("('unknown', 'x'), ('unknown', 'y')", "placeholder_identity", 2),
        ("('', 'x'), ('', 'x')", "blank_identity", 2),
        ("(repeat('u', 256), 'x'), (repeat('u', 256), 'y')", "long_identity", 2),
        ("('dup', 'x'), ('dup', 'y')", "duplicate_key", 2),
        ("('dup', 'x'), ('dup', 'x'), ('dup', null)", "duplicate_key", 2),
    ],
)
def test_bad_key_rejects_only_its_row(users: Project, heap: Sandbox, rows: str, reason: str, count: int) -> None:
    users.sql(f"insert into heap_users values {rows}")
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert sorted(user["identity"] for user in heap.users()) == ["ana", "bob"]
    result = users.results()["heap_users"]
    assert (result["status"], result["rejected"], result["reasons"]) == ("rejected", count, {reason: count})
    assert users.state("select reason, sum(rows)::int from state.rejects group by reason") == [(reason, count)]


def test_identity_of_255_characters_is_sent(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values (repeat('u', 255), 'x')")
    assert users.sync().exit_code == 0
    assert "u" * 255 in {user["identity"] for user in heap.users()}


def test_row_still_rejected_is_counted_but_not_planned_again(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('undefined', 'x')")
    users.sync()
    heap.reset()
    assert users.sync().exit_code == 1
    result = users.results()["heap_users"]
    assert (result["planned"], result["rejected"], result["still_rejected"]) == (0, 0, 1)
    assert heap.requests() == []


def test_reject_whose_reason_changed_with_a_version_is_counted_once_and_not_sent(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('unknown', 'x'), ('unknown', 'y')")
    users.sync()
    users.state("update state.reject_log set reason = 'duplicate_key', digest = 'of an older version'")
    heap.reset()
    for rejected, still_rejected in ((2, 0), (0, 2)):
        assert users.sync().exit_code == 1
        result = users.results()["heap_users"]
        assert (result["rejected"], result["still_rejected"], heap.requests()) == (rejected, still_rejected, [])
        rejects = users.state("select reason, sum(rows)::int from state.rejects group by reason")
        assert rejects == [("placeholder_identity", 2)]


def test_row_that_heap_refused_is_sent_again_when_its_values_change(users: Project, heap: Sandbox) -> None:
    heap.refuse("bob")
    assert users.sync().exit_code == 1
    assert [user["identity"] for user in heap.users()] == ["ana"]
    heap.reset()
    heap.refuse("bob")
    users.sync()
    assert heap.requests() == []
    heap.refuse()
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    assert users.sync().exit_code == 0
    assert [(user["identity"], user["properties"]) for user in heap.users()] == [("bob", {"Plan": "pro"})]
    assert users.state("select count(*) from state.rejects") == [(0,)]


def test_retry_rejected_sends_rejected_rows_again(users: Project, heap: Sandbox) -> None:
    heap.refuse("bob")
    users.sync()
    heap.refuse()
    assert users.sync("--retry-rejected").exit_code == 0
    assert sorted(user["identity"] for user in heap.users()) == ["ana", "bob"]
    assert users.state("select count(*) from state.rejects") == [(0,)]


def test_row_rejected_again_keeps_the_time_of_its_first_reject(users: Project, heap: Sandbox) -> None:
    heap.refuse("bob")
    users.sync()
    since = users.state("select first_at from state.rejects")
    assert users.sync("--retry-rejected").exit_code == 1
    assert users.state("select first_at from state.rejects") == since
    assert users.state("select count(*) from state.rejects where last_at > first_at") == [(1,)]


def test_rejected_row_that_left_the_model_is_no_longer_rejected(users: Project) -> None:
    users.sql("insert into heap_users values ('undefined', 'x')")
    users.sync()
    users.sql("delete from heap_users where user_id = 'undefined'")
    assert users.sync().exit_code == 0
    assert users.state("select count(*) from state.rejects") == [(0,)]


def test_row_whose_duplicate_left_the_model_is_sent(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('dup', 'x'), ('dup', 'y')")
    users.sync()
    users.sql("delete from heap_users where plan = 'y'")
    assert users.sync().exit_code == 0
    assert "dup" in {user["identity"] for user in heap.users()}
    assert users.state("select count(*) from state.rejects") == [(0,)]


@pytest.mark.parametrize("plan", ["repeat('x', 2000)", "array[repeat('x', 2000)]"], ids=["text", "array"])
def test_long_value_is_sent_once_the_declaration_truncates_it(users: Project, heap: Sandbox, plan: str) -> None:
    users.table("heap_users", f"select 'ana' as user_id, {plan} as plan")
    users.declare("heap_users", {**USERS, "too_long": "reject"})
    assert [users.sync().exit_code, users.sync().exit_code] == [1, 1]
    assert users.results()["heap_users"]["still_rejected"] == 1
    users.declare("heap_users", USERS)
    assert users.sync().exit_code == 0
    assert [user["identity"] for user in heap.users()] == ["ana"]


def test_null_identities_are_no_longer_rejected_once_skipped(users: Project) -> None:
    users.sql("insert into heap_users values (null, 'x')")
    assert users.sync().exit_code == 1
    users.declare("heap_users", {**USERS, "null_identity": "skip"})
    assert users.sync().exit_code == 0
    result = users.results()["heap_users"]
    assert (result["skipped"], result["still_rejected"]) == (1, 0)


def test_allowed_rejects_are_a_warning(users: Project) -> None:
    users.declare("heap_users", {**USERS, "allow_rejected": 1})
    users.sql("insert into heap_users values ('undefined', 'x')")
    assert users.sync().exit_code == 0
    assert users.results()["heap_users"]["status"] == "warn"
    users.sql("insert into heap_users values ('null', 'x')")
    assert users.sync().exit_code == 1


def test_percentage_in_allow_rejected_counts_the_models_rows(users: Project) -> None:
    users.declare("heap_users", {**USERS, "allow_rejected": "34%"})
    users.sql("insert into heap_users values ('undefined', 'x')")
    assert users.sync().exit_code == 0


def test_skipped_null_identities_are_counted_and_no_failure(users: Project) -> None:
    users.declare("heap_users", {**USERS, "null_identity": "skip"})
    users.sql("insert into heap_users values (null, 'x'), (null, 'y')")
    assert users.sync().exit_code == 0
    result = users.results()["heap_users"]
    assert (result["skipped"], result["rejected"], result["planned"]) == (2, 0, 2)


def test_rejects_names_no_key_unless_asked(users: Project) -> None:
    users.sql("insert into heap_users values ('undefined', 'x')")
    outcome = users.sync()
    assert "undefined" not in outcome.stdout + outcome.stderr
    plain = users.run("rejects")
    assert "placeholder_identity" in plain.stdout and "undefined" not in plain.stdout
    assert "undefined" in users.run("rejects", "--with-values").stdout


def test_too_long_values_are_cut_and_counted(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('cem', repeat('é', 2000))")
    assert users.sync().exit_code == 0
    assert users.results()["heap_users"]["truncated"] == 1
    (cut,) = [user["properties"]["Plan"] for user in heap.users() if user["identity"] == "cem"]
    assert cut == "é" * 1023


def test_long_values_are_rejected_if_the_declaration_says_so(users: Project) -> None:
    users.declare("heap_users", {**USERS, "too_long": "reject"})
    users.sql("insert into heap_users values ('cem', repeat('x', 1024)), ('dee', repeat('x', 1023))")
    assert users.sync().exit_code == 1
    assert users.results()["heap_users"]["reasons"] == {"too_long": 1}
