"""The JSON lists that the page requests, with their search."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import HANGS_SECONDS

AT = "2026-03-01T08:15:00.000+00:00"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxOptions(clock=lambda: 1_772_352_900.0, rate_limits=False)) as sandbox:
        yield sandbox


def send(sandbox: Sandbox, endpoint: str, **records: Any) -> int:
    body = {"app_id": "11", **records}
    return requests.post(f"{sandbox.url}/api/{endpoint}", json=body, timeout=HANGS_SECONDS).status_code


def users(sandbox: Sandbox, **properties: dict[str, Any]) -> None:
    send(sandbox, "add_user_properties", users=[{"identity": who, "properties": properties[who]} for who in properties])


def get(sandbox: Sandbox, path: str) -> Any:
    return requests.get(f"{sandbox.url}/sandbox/{path}", timeout=HANGS_SECONDS).json()


def found(sandbox: Sandbox, plural: str, field: str, search: str = "") -> list[Any]:
    query = {"newest": "100", "search": search}
    items = requests.get(f"{sandbox.url}/sandbox/{plural}", params=query, timeout=HANGS_SECONDS).json()
    return [item[field] for item in items]


def test_user_changed_last_comes_first_with_its_request(sandbox: Sandbox) -> None:
    users(sandbox, ana={"Plan": "free"}, ben={"Plan": "free"})
    users(sandbox, ana={"Plan": "team"})
    assert get(sandbox, "users?newest=5") == [
        {"app_id": "11", "identity": "ana", "properties": {"Plan": "team"}, "request": 2, "at": AT},
        {"app_id": "11", "identity": "ben", "properties": {"Plan": "free"}, "request": 1, "at": AT},
    ]
    assert get(sandbox, "users?newest=1") == get(sandbox, "users?newest=5")[:1]


def test_accounts_events_and_requests_come_newest_first_too(sandbox: Sandbox) -> None:
    for name in ("north", "south"):
        send(sandbox, "add_account_properties", account_id=name)
        send(sandbox, "track", identity="ana", event=f"Opened {name}")
    assert found(sandbox, "accounts", "account_id") == ["south", "north"]
    assert found(sandbox, "events", "event") == ["Opened south", "Opened north"]
    assert found(sandbox, "events", "request") == [4, 2]
    assert found(sandbox, "requests", "number") == [4, 3, 2, 1]


def test_repeated_event_keeps_its_first_request(sandbox: Sandbox) -> None:
    for _ in range(2):
        send(sandbox, "track", identity="ana", event="Opened", idempotency_key="k1")
    assert found(sandbox, "events", "request") == [1]
    assert found(sandbox, "users", "request") == [1]


def test_request_shows_its_verdict(sandbox: Sandbox) -> None:
    sandbox.misbehave("500x1,truncatedx1")
    send(sandbox, "track", identity="ana", event="Opened")
    with pytest.raises(requests.RequestException):
        send(sandbox, "track", identity="ana", event="Opened")
    send(sandbox, "track", identity="ana")
    send(sandbox, "track", identity="ana", event="Opened")
    verdicts = [(each["verdict"], each["status"], each["reason"]) for each in get(sandbox, "requests?newest=9")]
    assert verdicts == [
        ("accepted", 200, ""),
        ("refused", 400, "postBody.events[0] should have required property 'event'"),
        ("fault", 200, "fault: truncated"),
        ("fault", 500, "fault: 500"),
    ]
    assert [each["number"] for each in get(sandbox, "requests?newest=1&number=2")] == [2]


@pytest.mark.parametrize(
    ("search", "who"),
    [("ANA", ["ana"]), ("seats", ["ben", "ana"]), ('say "hi" \\', ["ben"]), ("50%", ["ana"]), ("_", []), ("☃", ["ben"]),
     ("' or 1=1", []), ("11", ["ben", "ana"])],
)  # fmt: skip
def test_search_matches_the_displayed_text(sandbox: Sandbox, search: str, who: list[str]) -> None:
    users(sandbox, ana={"Seats": 3, "Off": "50%"}, ben={"Seats": 40, "Note": 'say "hi" \\ ☃'})
    assert found(sandbox, "users", "identity", search) == who


def test_search_finds_events_by_name_and_property_and_requests_by_outcome(sandbox: Sandbox) -> None:
    send(sandbox, "track", events=[{"identity": "ana", "event": "Paid"}, {"identity": "ben", "event": "Left"}])
    send(sandbox, "track", identity="ana")
    assert found(sandbox, "events", "identity", "paid") == ["ana"]
    assert found(sandbox, "events", "event", "BEN") == ["Left"]
    for search in ("400", "required", "400 refused"):
        assert found(sandbox, "requests", "number", search) == [2]


def test_app_id_filters_the_newest_list_too(sandbox: Sandbox) -> None:
    for app_id in ("11", "12"):
        send(sandbox, "track", app_id=app_id, identity="ana", event="Paid")
    for plural in ("users", "events", "requests"):
        assert [each["app_id"] for each in get(sandbox, f"{plural}?newest=9&app_id=12")] == ["12"]


def test_digits_are_unchanged(sandbox: Sandbox) -> None:
    body = '{"app_id":"11","identity":"ana","properties":{"n":1.10,"big":12345678901234567890123}}'
    headers = {"Content-Type": "application/json"}
    requests.post(f"{sandbox.url}/api/add_user_properties", data=body, headers=headers, timeout=HANGS_SECONDS)
    listed = requests.get(f"{sandbox.url}/sandbox/users?newest=1", timeout=HANGS_SECONDS).text
    indented = requests.get(f"{sandbox.url}/sandbox/requests/1/body?indented=1", timeout=HANGS_SECONDS).text
    assert all('"n":1.10,"big":12345678901234567890123' in text.replace(": ", ":") for text in (listed, body))
    assert '    "n": 1.10,\n    "big": 12345678901234567890123\n' in indented
    assert requests.get(f"{sandbox.url}/sandbox/requests/1/body", timeout=HANGS_SECONDS).text == body


def test_body_that_is_not_json_is_shown_as_received_and_never_as_html(sandbox: Sandbox) -> None:
    requests.post(f"{sandbox.url}/api/track", data=b"<script>alert(1)</script>\xff", timeout=HANGS_SECONDS)
    shown = requests.get(f"{sandbox.url}/sandbox/requests/1/body?indented=1", timeout=HANGS_SECONDS)
    assert shown.content == b"<script>alert(1)</script>\xff"
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "9" * 40])
def test_missing_request_is_404(sandbox: Sandbox, number: str) -> None:
    send(sandbox, "track", identity="ana", event="Paid")
    assert requests.get(f"{sandbox.url}/sandbox/requests/{number}/body", timeout=HANGS_SECONDS).status_code == 404
    assert get(sandbox, f"requests?newest=5&number={number}") == []


def test_now_answers_only_after_a_change(sandbox: Sandbox) -> None:
    sandbox.misbehave("429x2,500:0.10", seed=7)
    first = get(sandbox, "now")
    assert (first["users"], first["requests"], first["faults"], first["seed"]) == (0, 0, "429x2,500:0.1", 7)
    assert unchanged(sandbox, first)
    send(sandbox, "track", identity="ana", event="Paid")
    assert not unchanged(sandbox, first)
    then = get(sandbox, "now")
    assert (then["requests"], then["faults"]) == (1, "429x1,500:0.1")
    sandbox.misbehave("")
    assert not unchanged(sandbox, then)
    sandbox.reset()
    send(sandbox, "track", identity="ana")
    assert get(sandbox, "now")["requests"] == 1
    assert not unchanged(sandbox, then)


def unchanged(sandbox: Sandbox, seen: Any) -> bool:
    answer = requests.get(f"{sandbox.url}/sandbox/now", params={"seen": seen["moment"]}, timeout=HANGS_SECONDS)
    return answer.status_code == 204


def test_file_of_an_older_sandbox_without_request_ids_still_works(tmp_path: Path) -> None:
    file = tmp_path / "heap.db"
    with closing(sqlite3.connect(file)) as older:
        older.executescript("""
            create table objects (
                plural text, app_id text, id text, properties text, primary key (plural, app_id, id)
            ) without rowid;
            create table events (
                number integer primary key, app_id text, idempotency_key text, item text,
                unique (app_id, idempotency_key)
            );
            insert into objects values ('users', '11', 'ana', '{"Plan":"free"}'), ('users', '11', 'ben', '{}');
        """)
    with running(SandboxOptions(data=file)) as sandbox:
        users(sandbox, ben={"Plan": "team"})
        assert found(sandbox, "users", "identity") == ["ben", "ana"]
        assert found(sandbox, "users", "request") == [1, None]


def test_newest_of_100000_users_are_listed_and_all_are_searched(tmp_path: Path) -> None:
    file = tmp_path / "heap.db"
    with running(SandboxOptions(data=file)):
        pass
    with closing(sqlite3.connect(file)) as filled, filled:
        users = (("users", "11", f"u{number:06}", f'{{"Plan":"p{number}"}}', 1) for number in range(100_000))
        filled.executemany("insert into objects values (?, ?, ?, ?, ?)", users)
    with running(SandboxOptions(data=file)) as sandbox:
        assert len(found(sandbox, "users", "identity")) == 100
        assert found(sandbox, "users", "identity", "U000007") == ["u000007"]
        assert found(sandbox, "users", "identity", "P99999") == ["u099999"]
        assert get(sandbox, "now")["users"] == 100_000
