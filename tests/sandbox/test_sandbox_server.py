"""The sandbox over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import uvicorn

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox import routes
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import HANGS_SECONDS

TRACK, USERS, ACCOUNTS = "/api/track", "/api/add_user_properties", "/api/add_account_properties"
EVENT = {"identity": "ana", "event": "Invoice Paid", "timestamp": "2026-03-01T08:15:00Z", "idempotency_key": "k1"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxOptions(clock=lambda: 1_772_352_900.0)) as sandbox:
        yield sandbox


@pytest.fixture
def started() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(SandboxOptions(**options)))


def post(sandbox: Sandbox, path: str, body: object, timeout: float = HANGS_SECONDS) -> requests.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return requests.post(sandbox.url + path, data=text.encode(), headers=headers, timeout=timeout)


def get(sandbox: Sandbox, path: str) -> requests.Response:
    return requests.get(sandbox.url + path, timeout=HANGS_SECONDS)


def connection_with_event(sandbox: Sandbox) -> socket.socket:
    """Return a connection that has sent an event."""
    raw = socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))
    body = json.dumps({"app_id": "11", **EVENT})
    head = f"POST {TRACK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    raw.sendall(f"{head}\r\n\r\n{body}".encode())
    return raw


def track(sandbox: Sandbox, *events: dict[str, Any], timeout: float = HANGS_SECONDS) -> requests.Response:
    return post(sandbox, TRACK, {"app_id": "11", "events": list(events)}, timeout)


def test_success_has_the_answer_that_heap_documents(sandbox: Sandbox) -> None:
    answers = [
        post(sandbox, TRACK, {"app_id": "11", **EVENT}),
        post(sandbox, USERS, {"app_id": "11", "identity": "ana"}),
        post(sandbox, ACCOUNTS, {"app_id": "11", "account_id": "a"}),
    ]
    assert [(each.status_code, each.text) for each in answers] == [(200, "{}"), (200, "{}"), (200, "OK")]
    assert [each.headers["content-type"].split(";")[0] for each in answers] == [
        "application/json",
        "application/json",
        "text/plain",
    ]


def test_properties_of_a_user_are_merged_and_the_last_value_wins(sandbox: Sandbox) -> None:
    post(sandbox, USERS, {"app_id": "11", "identity": "ana", "properties": {"Plan": "free", "Seats": 1}})
    rows = [{"identity": "ana", "properties": {"Plan": "team"}}, {"identity": "ana", "properties": {"Plan": "gold"}}]
    post(sandbox, USERS, {"app_id": "11", "users": rows})
    assert sandbox.users() == [{"app_id": "11", "identity": "ana", "properties": {"Plan": "gold", "Seats": 1}}]


def test_accounts_are_stored_like_users(sandbox: Sandbox) -> None:
    post(sandbox, ACCOUNTS, {"app_id": "11", "account_id": "a", "properties": {"Tier": "gold"}})
    post(sandbox, ACCOUNTS, {"app_id": "11", "accounts": [{"account_id": "a", "properties": {"ARR": "48"}}]})
    assert sandbox.accounts() == [{"app_id": "11", "account_id": "a", "properties": {"Tier": "gold", "ARR": "48"}}]


def test_later_event_with_the_same_key_is_ignored_without_error(sandbox: Sandbox) -> None:
    assert track(sandbox, EVENT, {**EVENT, "event": "twice in one body"}).status_code == 200
    assert track(sandbox, {**EVENT, "event": "again"}, {**EVENT, "idempotency_key": "k2"}).status_code == 200
    assert [(each["event"], each["idempotency_key"]) for each in sandbox.events()] == [
        ("Invoice Paid", "k1"),
        ("Invoice Paid", "k2"),
    ]
    assert [(each["records"], each["kept"]) for each in sandbox.requests()] == [(2, 1), (2, 1)]


def test_events_without_a_key_are_all_kept(sandbox: Sandbox) -> None:
    track(sandbox, *[{"identity": "ana", "event": "Seat Added"}] * 3)
    assert len(sandbox.events()) == 3


def test_event_without_timestamp_has_its_time_of_arrival(sandbox: Sandbox) -> None:
    track(sandbox, {"user_id": "901", "event": "Seat Added"})
    assert sandbox.events() == [
        {"app_id": "11", "user_id": "901", "event": "Seat Added", "timestamp": "2026-03-01T08:15:00.000+00:00",
         "properties": {}}
    ]  # fmt: skip


def test_event_of_an_unknown_identity_creates_a_user_and_keeps_known_ones(sandbox: Sandbox) -> None:
    post(sandbox, USERS, {"app_id": "11", "identity": "ana", "properties": {"Plan": "team"}})
    track(sandbox, EVENT, {"identity": "Ana", "event": "Seat Added"})
    assert [(each["identity"], each["properties"]) for each in sandbox.users()] == [
        ("Ana", {}),
        ("ana", {"Plan": "team"}),
    ]


def test_arrays_in_events_are_joined_and_cut(sandbox: Sandbox) -> None:
    track(sandbox, {**EVENT, "properties": {"tags": ["a", 1.50], "long": ["v" * 1000, "w" * 1000]}})
    properties = sandbox.events()[0]["properties"]
    assert properties["tags"] == "a||1.5"
    assert properties["long"] == "v" * 1000 + "||" + "w" * 22


def test_app_ids_are_separate(sandbox: Sandbox) -> None:
    for app_id in ("11", "12"):
        post(sandbox, USERS, {"app_id": app_id, "identity": "ana", "properties": {"app": app_id}})
        post(sandbox, TRACK, {"app_id": app_id, **EVENT})
    assert [each["properties"] for each in sandbox.users("12")] == [{"app": "12"}]
    assert get(sandbox, "/sandbox/users?app_id=12").json() == sandbox.users("12")
    assert [each["app_id"] for each in sandbox.events()] == ["11", "12"]
    assert [each["app_id"] for each in sandbox.events("12")] == ["12"]
    assert [each["app_id"] for each in sandbox.requests("12")] == ["12", "12"]


@pytest.mark.parametrize("digits", ["129.50", "0.1000000000000000055511151231257827", "1e2", "-0.0", "9" * 30])
def test_numbers_keep_the_digits_they_were_sent_with(sandbox: Sandbox, digits: str) -> None:
    post(sandbox, USERS, f'{{"app_id":"11","identity":"ana","properties":{{"n":{digits}}}}}')
    post(sandbox, USERS, '{"app_id":"11","identity":"ana","properties":{"other":"1"}}')
    post(sandbox, TRACK, f'{{"app_id":"11","identity":"ana","event":"e","properties":{{"n":{digits}}}}}')
    assert f'"n":{digits},' in get(sandbox, "/sandbox/users").text
    assert f'"n":{digits}}}' in get(sandbox, "/sandbox/events").text


def test_python_returns_numbers_without_loss(sandbox: Sandbox) -> None:
    post(sandbox, USERS, '{"app_id":"11","identity":"ana","properties":{"price":1.10,"seats":3}}')
    assert repr(sandbox.users()[0]["properties"]) == repr({"price": Decimal("1.10"), "seats": 3})


@pytest.mark.parametrize("text", ["", "☃ \u0000 \U0001f600", 'a "quoted" \\ line\nbreak'])
def test_any_text_is_returned_unchanged(sandbox: Sandbox, text: str) -> None:
    post(sandbox, USERS, {"app_id": "11", "identity": f"i{text}", "properties": {f"p{text}": text}})
    assert sandbox.users() == [{"app_id": "11", "identity": f"i{text}", "properties": {f"p{text}": text}}]


def test_one_bad_record_refuses_the_whole_body_and_is_named(sandbox: Sandbox) -> None:
    answer = track(sandbox, EVENT, {**EVENT, "properties": []})
    assert (answer.status_code, answer.text) == (400, "postBody.events[1].properties should be object")
    assert answer.headers["content-type"].startswith("text/plain")
    assert sandbox.counts() == {"users": 0, "accounts": 0, "events": 0, "requests": 1}


def test_index_of_the_bad_record_can_be_withheld(started: Any) -> None:
    sandbox = started(bad_request_index=False)
    assert track(sandbox, {}).text == "Bad Request"
    assert sandbox.requests()[0]["reason"] == "postBody.events[0] should have required property 'identity'"


def test_body_that_is_not_declared_as_json_is_refused(sandbox: Sandbox) -> None:
    answer = requests.post(sandbox.url + TRACK, data=json.dumps({"app_id": "11", **EVENT}), timeout=HANGS_SECONDS)
    assert (answer.status_code, answer.text) == (400, "Content-Type should be application/json")


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", '{"app_id": {}, "events": 3}', '{"app_id":"11","events":[{"user_id":{}}]}']
)
def test_any_invalid_body_is_refused_with_400(sandbox: Sandbox, body: str) -> None:
    for path in (TRACK, USERS, ACCOUNTS):
        assert post(sandbox, path, body).status_code == 400


def test_bodies_over_the_given_size_are_refused(started: Any) -> None:
    sandbox = started(max_body_bytes=300)
    assert track(sandbox, EVENT).status_code == 200
    assert track(sandbox, EVENT, EVENT, EVENT).status_code == 413


def test_lenient_sandbox_keeps_undocumented_values_unchanged(started: Any) -> None:
    sandbox = started(strict=False)
    properties = {"paid": True, "note": None, "deep": {"a": [1]}}
    post(sandbox, USERS, {"app_id": "11", "identity": "ana", "properties": properties})
    assert sandbox.users()[0]["properties"] == properties


def test_refused_users_are_refused_by_index(sandbox: Sandbox) -> None:
    sandbox.refuse("ben")
    answer = track(sandbox, EVENT, {**EVENT, "identity": "ben"})
    assert (answer.status_code, answer.text) == (400, "postBody.events[1].identity should NOT be valid")
    sandbox.refuse()
    assert track(sandbox, {**EVENT, "identity": "ben"}).status_code == 200


def test_over_the_limit_the_answer_is_429_and_says_how_long_to_wait(started: Any) -> None:
    now = [100.0]
    sandbox = started(events_per_minute=2, clock=lambda: now[0])
    assert track(sandbox, EVENT, EVENT).status_code == 200
    now[0] = 117.5
    refused = track(sandbox, {**EVENT, "idempotency_key": "k2"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "43")
    assert len(sandbox.events()) == 1
    now[0] = 160.0
    assert track(sandbox, {**EVENT, "idempotency_key": "k2"}).status_code == 200


def test_retry_after_can_be_turned_off(started: Any) -> None:
    sandbox = started(single_calls=0, retry_after=False)
    answer = post(sandbox, TRACK, {"app_id": "11", **EVENT})
    assert (answer.status_code, "retry-after" in answer.headers) == (429, False)


def test_limits_can_be_turned_off(started: Any) -> None:
    sandbox = started(events_per_minute=0, rate_limits=False)
    assert track(sandbox, EVENT).status_code == 200


def test_latency_delays_each_answer(started: Any) -> None:
    sandbox = started(latency_ms=200)
    start_sync = time.monotonic()
    assert track(sandbox, EVENT).status_code == 200
    assert time.monotonic() - start_sync >= 0.2


def test_concurrent_requests_wait_at_the_same_time(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[float] = []

    async def until_all_wait(seconds: float) -> None:
        waiting.append(seconds)
        while len(waiting) < 8:
            await asyncio.sleep(0.01)

    sandbox = started(latency_ms=200)
    monkeypatch.setattr(routes, "asyncio", SimpleNamespace(sleep=until_all_wait))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: track(sandbox, EVENT).status_code, range(8)))
    assert (answers, waiting) == ([200] * 8, [0.2] * 8)


def test_held_answers_wait_while_their_requests_are_accepted(sandbox: Sandbox) -> None:
    sandbox.hold(after=1)
    assert track(sandbox, EVENT).status_code == 200
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(track, sandbox, EVENT) for _ in range(2)]
        while len(sandbox.requests()) < 3:
            time.sleep(0.01)
        assert not any(each.done() for each in held)
        sandbox.release()
        assert [each.result().status_code for each in held] == [200, 200]


def test_drained_sandbox_has_accepted_what_disconnected_clients_sent(started: Any) -> None:
    sandbox = started(latency_ms=100)
    for number in range(1, 4):
        with connection_with_event(sandbox):
            pass
        sandbox.drain()
        assert len(sandbox.requests()) == number


def test_log_has_each_request_and_its_body_only_if_asked(sandbox: Sandbox) -> None:
    body = '{"app_id": "11",  "identity": "ana", "properties": {"n": 1.10}}'
    post(sandbox, USERS, body)
    post(sandbox, USERS, "nonsense")
    logged = [
        {"app_id": "11", "at": "2026-03-01T08:15:00.000+00:00", "path": USERS, "status": 200, "reason": "",
         "records": 1, "kept": 1},
        {"app_id": "", "at": "2026-03-01T08:15:00.000+00:00", "path": USERS, "status": 400,
         "reason": "postBody should be JSON", "records": 0, "kept": 0},
    ]  # fmt: skip
    assert sandbox.requests() == get(sandbox, "/sandbox/requests").json() == logged
    assert [each["body"] for each in sandbox.requests(bodies=True)] == [body, "nonsense"]
    assert get(sandbox, "/sandbox/requests?bodies=1").json() == sandbox.requests(bodies=True)


def test_reset_clears_records_and_rate_limits(started: Any) -> None:
    sandbox = started(events_per_minute=1)
    track(sandbox, EVENT)
    assert requests.post(sandbox.url + "/sandbox/reset", timeout=HANGS_SECONDS).status_code == 200
    assert get(sandbox, "/sandbox/health").json() == {
        "status": "ok", "users": 0, "accounts": 0, "events": 0, "requests": 0,
    }  # fmt: skip
    assert track(sandbox, EVENT).status_code == 200


def test_index_lists_paths_that_exist(sandbox: Sandbox) -> None:
    paths = [word for word in get(sandbox, "/").text.split() if word.startswith("/sandbox/")]
    assert len(paths) == 5
    assert {get(sandbox, path).status_code for path in paths} == {200}


STATUS_FAULTS = {"500": 500, "503": 503, "429": 429, "404": 404, "html": 502}


@pytest.mark.parametrize(("kind", "status"), STATUS_FAULTS.items())
def test_status_fault_replaces_accepting_the_body(sandbox: Sandbox, kind: str, status: int) -> None:
    sandbox.misbehave(f"{kind}x1")
    answer = track(sandbox, EVENT)
    assert (answer.status_code, sandbox.events()) == (status, [])
    assert answer.headers.get("retry-after") == ("1" if status == 429 else None)
    assert track(sandbox, EVENT).status_code == 200


@pytest.mark.parametrize(("kind", "status"), STATUS_FAULTS.items())
def test_status_fault_may_come_after_the_body_was_accepted(sandbox: Sandbox, kind: str, status: int) -> None:
    sandbox.misbehave(f"{kind}-afterx1")
    assert (track(sandbox, EVENT).status_code, len(sandbox.events())) == (status, 1)


@pytest.mark.parametrize(("kind", "kept"), [("reset", 0), ("reset-after", 1)])
def test_client_reads_a_reset_as_a_connection_error(sandbox: Sandbox, kind: str, kept: int) -> None:
    sandbox.misbehave(f"{kind}x1")
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        track(sandbox, EVENT)
    assert len(sandbox.events()) == kept
    assert [(each["status"], each["reason"], each["kept"]) for each in sandbox.requests()] == [
        (None, f"fault: {kind}", kept)
    ]


def test_connection_may_be_reset_while_the_body_arrives(sandbox: Sandbox) -> None:
    sandbox.misbehave("reset-withinx1")
    with pytest.raises(requests.ConnectionError):
        track(sandbox, {**EVENT, "properties": {"long": "v" * 5_000_000}})
    assert [(each["status"], each["records"]) for each in sandbox.requests()] == [(None, 0)]
    assert track(sandbox, EVENT).status_code == 200


@pytest.mark.parametrize(("kind", "asked"), [("429-date", "Sun, 01 Mar 2026 08:15:01 GMT"), ("429-bare", None)])
def test_429_may_have_a_date_or_no_retry_after(sandbox: Sandbox, kind: str, asked: str | None) -> None:
    sandbox.misbehave(f"{kind}x1")
    answer = track(sandbox, EVENT)
    assert (answer.status_code, answer.headers.get("retry-after"), sandbox.events()) == (429, asked, [])


def test_slow_fault_delays_the_answer(sandbox: Sandbox) -> None:
    sandbox.misbehave("slowx1")
    start_sync = time.monotonic()
    answer = track(sandbox, EVENT)
    assert time.monotonic() - start_sync >= 1.0
    assert (answer.status_code, answer.json(), len(sandbox.events())) == (200, {}, 1)


def test_reset_sends_rst_instead_of_fin(sandbox: Sandbox) -> None:
    sandbox.misbehave("resetx1")
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=HANGS_SECONDS) as raw:
        raw.sendall(b"POST /api/track HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


@pytest.mark.parametrize(("kind", "kept"), [("timeout", 0), ("timeout-after", 1)])
def test_timeout_never_answers(sandbox: Sandbox, kind: str, kept: int) -> None:
    sandbox.misbehave(f"{kind}x1")
    with connection_with_event(sandbox) as raw:
        while not sandbox.requests():
            time.sleep(0.01)
        raw.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.recv(1)
    assert len(sandbox.events()) == kept
    assert sandbox.requests()[0]["status"] is None


def test_hanging_client_does_not_delay_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[object] = []
    config = uvicorn.Config  # makes the server wait until the client gives up
    waiting = {"timeout_graceful_shutdown": 2 * HANGS_SECONDS}
    monkeypatch.setattr(uvicorn, "Config", lambda *args, **options: config(*args, **{**options, **waiting}))

    def hang() -> None:
        try:
            answers.append(track(server, EVENT))
        except requests.RequestException as error:
            answers.append(error)

    client = threading.Thread(target=hang)
    with running(SandboxOptions(faults="timeout-after:1")) as server:
        client.start()
        while not server.requests():
            time.sleep(0.01)
    client.join()
    assert [type(answer) for answer in answers] == [requests.ConnectionError]


def test_truncated_answer_ends_early_and_its_body_was_accepted(sandbox: Sandbox) -> None:
    sandbox.misbehave("truncatedx1")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match="IncompleteRead"):
        track(sandbox, EVENT)
    assert len(sandbox.events()) == 1


def test_garbage_fault_is_a_success_that_cannot_be_read(sandbox: Sandbox) -> None:
    sandbox.misbehave("garbagex1")
    answer = track(sandbox, EVENT)
    assert (answer.status_code, len(sandbox.events())) == (200, 1)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("kind", ["garbage", "truncated", "reset-after", "500-after"])
def test_faults_do_not_hide_refusals(sandbox: Sandbox, kind: str) -> None:
    sandbox.misbehave(f"{kind}x1")
    assert track(sandbox, {}).status_code == 400


def test_next_request_of_a_session_succeeds_after_any_fault(sandbox: Sandbox) -> None:
    sandbox.misbehave("500x1,resetx1,truncatedx1,garbagex1,htmlx1,reset-afterx1")
    with requests.Session() as session:
        for _ in range(6):
            try:
                session.post(sandbox.url + TRACK, json={"app_id": "11", **EVENT}, timeout=HANGS_SECONDS)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                continue
        assert session.post(sandbox.url + TRACK, json={"app_id": "11", **EVENT}, timeout=HANGS_SECONDS).text == "{}"


def test_faults_are_changed_while_it_runs(started: Any) -> None:
    sandbox = started(faults="500:1")
    assert track(sandbox, EVENT).status_code == 500
    assert requests.post(sandbox.url + "/sandbox/faults", data="503:1", timeout=HANGS_SECONDS).status_code == 200
    assert track(sandbox, EVENT).status_code == 503
    refused = requests.post(sandbox.url + "/sandbox/faults", data="often", timeout=HANGS_SECONDS)
    assert (refused.status_code, "'often' is not a valid fault" in refused.text) == (400, True)
    assert track(sandbox, EVENT).status_code == 503
    requests.post(sandbox.url + "/sandbox/faults", timeout=HANGS_SECONDS)
    assert track(sandbox, EVENT).status_code == 200


def test_same_seed_gives_the_same_faults_again(started: Any) -> None:
    runs = [started(faults="500:0.3,429:0.3", seed=7) for _ in range(2)]
    first, second = ([track(sandbox, EVENT).status_code for _ in range(40)] for sandbox in runs)
    assert first == second
    assert set(first) == {200, 429, 500}


def test_port_in_use_is_a_settings_error(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(SettingsError, match=rf"cannot listen on 127\.0\.0\.1, port {port}: "):  # noqa: SIM117
        with running(SandboxOptions(port=port)):
            pass


def test_file_that_is_not_a_database_is_a_settings_error(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and long enough to be one " * 100)
    with pytest.raises(SettingsError, match=r"cannot store its data in .*notes\.txt: "):  # noqa: SIM117
        with running(SandboxOptions(data=file)):
            pass


def test_invalid_faults_are_reported_before_the_server_starts() -> None:
    with pytest.raises(SettingsError, match="is not a valid fault"):  # noqa: SIM117
        with running(SandboxOptions(faults="5000:0.1")):
            pass


def test_full_bodies_from_several_clients_are_all_kept(started: Any) -> None:
    sandbox = started(rate_limits=False)

    def send(client: int) -> set[int]:
        with requests.Session() as session:
            return {
                session.post(
                    sandbox.url + TRACK,
                    json={"app_id": "11", "events": [
                        {**EVENT, "identity": f"u{number}", "idempotency_key": f"{client}-{batch}-{number}"}
                        for number in range(1000)
                    ]},
                    timeout=HANGS_SECONDS,
                ).status_code
                for batch in range(5)
            }  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(4))) == [{200}] * 4
    assert sandbox.counts() == {"users": 1000, "accounts": 0, "events": 20_000, "requests": 20}
