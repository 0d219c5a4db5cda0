"""`state forget`: people deleted in Heap by other means leave the state and are not sent again."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state import names
from tests.project import Outcome, Project
from tests.warehouse.deletions import kept_of, shop
from tests.warehouse.users import ROWS, USERS, sent
from tests.warehouses import on_every_warehouse


def forget(project: Project, *keys: str, more: tuple[str, ...] = ()) -> Outcome:
    """Run the command for some keys, each on a line of a file."""
    file = project.folder / "keys.txt"
    file.write_text("".join(f"{key}\r\n" for key in keys))
    return project.run("state", "forget", "--key-file", str(file), *more)


@on_every_warehouse
def test_forgotten_person_is_in_no_table_of_the_state_and_is_never_sent_again(users: Project, heap: Sandbox) -> None:
    shop(users)
    ended = forget(users, "ana", "nobody")
    assert (ended.exit_code, ended.stdout) == (
        0,
        "2 people have been purged from the state. No sync sends them again.\n",
    )
    assert "ana" not in ended.stdout + ended.stderr
    assert kept_of(users, "ana") == set()
    assert {"heap_users", "visits"} == {
        name for (name,) in users.state("select sync from state.sync_log where step = 'forgotten'")
    }
    heap.reset()
    users.table("heap_users", ROWS.replace("'team', 3", "'solo', 9").replace("'free', 1", "'free', 2"))
    assert users.sync().exit_code == 0
    assert sent(heap) == [{"identity": "bob", "properties": {"Seats": 2}}]
    assert kept_of(users, "ana") == set()
    assert {name: each["deleted"] for name, each in users.results().items()} == {"heap_users": 1, "visits": 1}


def test_plan_and_result_count_skipped_users(users: Project) -> None:
    shop(users)
    forget(users, "ana")
    plan = users.run("plan")
    assert "visits: 1 deleted user skipped" in plan.stdout
    assert users.run("plan", "--check").exit_code == 0
    [planned] = [each for each in users.run("plan", "--output", "json").json() if each["sync"] == "visits"]
    assert (planned["planned"], planned["deleted"]) == (0, 1)


@on_every_warehouse
def test_only_a_salted_digest_remains_after_deletion(users: Project) -> None:
    shop(users)
    forget(users, "ana")
    forget(users, "bob")
    rows = users.state("select step, digest, request_id from state.deletion_log")
    assert sorted(step for step, *_ in rows) == ["deleted", "deleted", "requested", "requested", "salt"]
    assert {len(digest) for _, digest, _ in rows} == {64}
    assert len({digest for _, digest, _ in rows}) == 3
    again = forget(users, "ana")
    assert again.exit_code == 0
    assert len({digest for (digest,) in users.state("select digest from state.deletion_log")}) == 3


@on_every_warehouse
def test_log_of_sent_properties_forgets_them_too(users: Project) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    users.sync()
    assert "heap_users__log" in kept_of(users, "ana")
    assert forget(users, "ana").exit_code == 0
    assert kept_of(users, "ana") == set()
    assert "heap_users__log" in kept_of(users, "bob")


def test_rejects_of_a_forgotten_person_are_removed_too(users: Project) -> None:
    users.table("heap_users", f"{ROWS} union all select 'dup', 'a', 1 union all select 'dup', 'b', 2")
    users.sync()
    assert kept_of(users, "dup") == {"reject_log", "rejects"}
    assert forget(users, "dup").exit_code == 0
    assert kept_of(users, "dup") == set()


@on_every_warehouse
def test_number_from_heaps_sdk_is_not_an_identity(users: Project, heap: Sandbox) -> None:
    users.table("clicks", "select 7 as sdk_id, 'c' as id union all select 8, 'd'")
    users.declare("clicks", {"type": "events", "heap_user_id": "sdk_id", "event_name": "Click", "unique_key": "id"})
    users.table("heap_users", "select '7' as user_id, 'team' as plan, 3 as seats")
    assert forget(users, "7", more=("--heap-user-id",)).exit_code == 0
    assert users.sync().exit_code == 0
    assert [(each.get("identity"), each.get("user_id")) for each in sent(heap)] == [("7", None), (None, "8")]


def test_forget_is_refused_while_a_run_may_still_send(users: Project) -> None:
    shop(users)
    lock = names.lock("1234567890@" + users.environment["HEAP_BASE_URL"].removeprefix("http://"), "visits")
    users.state(
        f"create table state.{lock} as select 'run' as run_id, 'there' as host, 1 as pid, current_timestamp as at"
    )
    ended = forget(users, "ana")
    assert ended.exit_code == 2, ended.stderr
    assert "visits" in ended.stderr and "ana" not in ended.stderr


@pytest.mark.parametrize("keys", [(), ("", "")])
def test_key_file_without_keys_is_reported(users: Project, keys: tuple[str, ...]) -> None:
    ended = forget(users, *keys)
    assert (ended.exit_code, ended.stderr) == (2, "Error: --key-file is empty: write one key per line\n")
