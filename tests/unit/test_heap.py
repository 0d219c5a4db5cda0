from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from dbt_heap.heap.client import Answer, Heap, Outcome
from dbt_heap.heap.records import Payload, Records
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.syncs.sync import SyncType
from tests.unit.heap_server import HeapServer, Received, Reply, TricklingServer

USERS = SyncType.USER_PROPERTIES
RECORD = b'{"identity":"ana@example.org","properties":{}}'
ONE = Records.of([Payload(1, RECORD, 0)])


def patient(retries: int = 3, slept: list[float] | None = None, max_wait_seconds: float = 120.0) -> BoundedRetry:
    """Return a retry that records its waits instead of waiting."""
    note: Callable[[float], None] = (slept if slept is not None else []).append
    return BoundedRetry.of(max_wait_seconds, retries=retries, sleep=note, jitter=lambda: 1.0, clock=lambda: 0.0)


def answer_to(reply: Reply, retry: BoundedRetry | None = None) -> tuple[Answer, HeapServer]:
    with HeapServer(lambda _: reply) as server, Heap(server.url, "11", retry=retry or patient()) as heap:
        return heap.send(USERS, ONE), server


@contextmanager
def serving(reply: Callable[[Received], Reply], **options: Any) -> Iterator[tuple[HeapServer, Heap]]:
    with HeapServer(reply) as server, Heap(server.url, "11", **options) as heap:
        yield server, heap


def failing(times: int, reply: Reply) -> Callable[[Received], Reply]:
    return lambda request: reply if request.number < times else Reply()


@pytest.mark.parametrize(
    ("sync_type", "path", "collection"),
    [
        (SyncType.EVENTS, "/api/track", "events"),
        (SyncType.USER_PROPERTIES, "/api/add_user_properties", "users"),
        (SyncType.ACCOUNT_PROPERTIES, "/api/add_account_properties", "accounts"),
    ],
)
def test_each_type_has_its_path_and_collection(sync_type: SyncType, path: str, collection: str) -> None:
    with HeapServer() as server, Heap(server.url + "/", "4118173713") as heap:
        assert heap.send(sync_type, Records.of([Payload(1, RECORD, 0), Payload(2, RECORD, 0)])) == Answer(
            Outcome.ACCEPTED
        )
    [request] = server.received
    assert request.path == path
    assert request.body == {"app_id": "4118173713", collection: [{"identity": "ana@example.org", "properties": {}}] * 2}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("dbt-heap/")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.ACCEPTED), (201, Outcome.ACCEPTED), (204, Outcome.ACCEPTED),
        (301, Outcome.FATAL), (307, Outcome.FATAL), (308, Outcome.FATAL),
        (400, Outcome.REFUSED), (413, Outcome.REFUSED), (422, Outcome.REFUSED),
        (401, Outcome.FATAL), (403, Outcome.FATAL), (404, Outcome.FATAL), (405, Outcome.FATAL), (410, Outcome.FATAL),
        (429, Outcome.UNAVAILABLE), (500, Outcome.UNAVAILABLE), (501, Outcome.UNAVAILABLE),
        (502, Outcome.UNAVAILABLE), (503, Outcome.UNAVAILABLE), (504, Outcome.UNAVAILABLE), (529, Outcome.UNAVAILABLE),
    ],
)  # fmt: skip
def test_status_alone_decides(status: int, outcome: Outcome) -> None:
    text = b"" if status == 204 else b"OK%"
    answer, _ = answer_to(Reply(status, text, {"Location": "https://example.org/"}))
    assert answer.outcome is outcome
    assert answer.reason == "" if outcome is Outcome.ACCEPTED else str(status) in answer.reason


def test_over_the_limit_of_events_the_reason_says_how_processes_share_it() -> None:
    with serving(lambda _: Reply(429), retry=patient(retries=0)) as (_, heap):
        reasons = {sync_type: heap.send(sync_type, ONE).reason for sync_type in SyncType}
    assert "--events-per-minute" in reasons.pop(SyncType.EVENTS)
    assert set(reasons.values()) == {"Heap answered with status 429"}


def test_redirect_is_not_followed() -> None:
    answer, server = answer_to(Reply(307, headers={"Location": "/elsewhere"}))
    assert answer.outcome is Outcome.FATAL
    assert [request.path for request in server.received] == ["/api/add_user_properties"]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (b"postBody.events[0].properties should be object", 0),
        (b"postBody.users[17].identity should be string", 17),
        (b"accounts[999] is wrong", 999),
        (b"events[3].properties.users[4] is wrong", 3),
        (b"events is wrong", None),
        (b"events[-1] is wrong", None),
        (b"events[12345678901234567890] is wrong", None),
        (b"\xff\xfe not even text", None),
        (b"", None),
    ],
)
def test_refusal_may_name_the_bad_record(text: bytes, index: int | None) -> None:
    answer, _ = answer_to(Reply(400, text))
    assert answer == Answer(Outcome.REFUSED, "Heap refused it with status 400", index)


def test_answers_do_not_contain_heaps_text() -> None:
    for status in (400, 401, 503):
        answer, _ = answer_to(Reply(status, b"ana@example.org is not welcome"))
        assert "ana" not in repr(answer)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_temporary_errors_are_retried(status: int) -> None:
    with HeapServer(failing(2, Reply(status))) as server, Heap(server.url, "11", retry=patient()) as heap:
        assert heap.send(USERS, ONE) == Answer(Outcome.ACCEPTED, retries=2)
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_permanent_errors_are_not_retried(status: int) -> None:
    assert len(answer_to(Reply(status))[1].received) == 1


def test_waits_double_and_end_with_the_tries() -> None:
    slept: list[float] = []
    answer, server = answer_to(Reply(503), patient(4, slept))
    assert answer.outcome is Outcome.UNAVAILABLE
    assert slept == [2.0, 4.0, 8.0, 16.0]
    assert len(server.received) == 5


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    slept: list[float] = []
    answer_to(Reply(503), BoundedRetry.of(retries=2, sleep=slept.append, jitter=lambda: 0.0))
    assert slept == [1.0, 2.0]


def test_sum_of_all_waits_is_bounded() -> None:
    slept: list[float] = []
    answer_to(Reply(503), patient(50, slept, max_wait_seconds=20.0))
    assert slept == [pytest.approx(each / 60) for each in (20, 40, 80, 160, 320, 580)]
    assert sum(slept) == pytest.approx(20.0)


def test_time_of_attempts_counts_like_waits() -> None:
    slept: list[float] = []
    now = iter(range(0, 1_000, 10))  # ten seconds for every wait and every try
    retry = BoundedRetry.of(40.0, sleep=slept.append, jitter=lambda: 1.0, clock=lambda: next(now))
    answer_to(Reply(503), retry)
    assert slept == [pytest.approx(each / 60) for each in (40, 80, 160, 320)]
    assert sum(slept) + 3 * 10 == pytest.approx(40.0)


def test_waits_grow_to_a_minute_and_no_further() -> None:
    slept: list[float] = []
    answer_to(Reply(503), patient(9, slept, max_wait_seconds=100_000.0))
    assert slept == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]


def test_short_max_wait_has_several_attempts_too() -> None:
    slept: list[float] = []
    _answer, server = answer_to(Reply(503), patient(99, slept, max_wait_seconds=0.6))
    assert slept[:2] == [pytest.approx(0.01), pytest.approx(0.02)]
    assert sum(slept) == pytest.approx(0.6)
    assert len(server.received) == len(slept) + 1 == 7


def test_no_retries_means_one_attempt() -> None:
    assert len(answer_to(Reply(503), patient(99, max_wait_seconds=0.0))[1].received) == 1


def test_stop_retrying_ends_waits_and_retries() -> None:
    waits = Event()
    busy = Reply(503, headers={"Retry-After": "3600"})
    retry = BoundedRetry.of(100_000.0, notice=lambda cause, seconds: waits.set())
    with serving(lambda _: busy, retry=retry) as (server, heap), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(heap.send, USERS, ONE)
        assert waits.wait(60.0)
        heap.stop_retrying()
        assert answer.result(60.0).outcome is Outcome.UNAVAILABLE
        assert len(server.received) == 1


def accept_and_close(listener: socket.socket, times: int) -> None:
    for _ in range(times):
        listener.accept()[0].close()


def test_tls_handshake_that_is_dropped_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answers = Thread(target=accept_and_close, args=(listener, 3))
        answers.start()
        with Heap(f"https://127.0.0.1:{listener.getsockname()[1]}", "11", retry=patient(2)) as heap:
            assert heap.send(USERS, ONE) == Answer(Outcome.UNAVAILABLE, "the connection failed", retries=2)
        answers.join()


def test_suspended_process_past_max_wait_stops_retrying() -> None:
    now = [0.0]

    def stopped(_: float) -> None:
        now[0] += 900.0  # as in a process that was stopped

    retry = BoundedRetry.of(120.0, sleep=stopped, clock=lambda: now[0])
    answer, server = answer_to(Reply(503), retry)
    assert (answer.outcome, len(server.received)) == (Outcome.UNAVAILABLE, 1)


def test_every_request_has_its_own_retries() -> None:
    slept: list[float] = []
    retry = patient(9, slept, max_wait_seconds=5.0)
    with HeapServer(lambda _: Reply(503)) as server, Heap(server.url, "11", retry=retry) as heap:
        assert [heap.send(USERS, ONE).outcome for _ in range(2)] == [Outcome.UNAVAILABLE] * 2
    assert slept == [pytest.approx(each) for each in (5 / 60, 10 / 60, 20 / 60, 40 / 60, 80 / 60, 145 / 60) * 2]


@pytest.mark.parametrize(
    ("header", "first_wait"),
    [
        ("7", 7.0), (" 120 ", 120.0), ("1", 2.0), ("0", 2.0), ("soon", 2.0), ("-5", 2.0), ("7.5", 2.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 2.0), ("Wed, 99 Oct 2015 07:28:00 GMT", 2.0), ("9" * 400, 2.0),
    ],
)  # fmt: skip
def test_no_attempt_starts_before_retry_after_or_its_backoff(header: str, first_wait: float) -> None:
    slept: list[float] = []
    asking = failing(1, Reply(429, headers={"Retry-After": header}))
    with serving(asking, retry=patient(3, slept)) as (_, heap):
        assert heap.send(USERS, ONE).outcome is Outcome.ACCEPTED
    assert slept == [first_wait]


@pytest.mark.parametrize("minutes_off", [-90, 0, 90])
def test_date_to_retry_after_is_read_by_the_servers_clock(minutes_off: int) -> None:
    slept: list[float] = []
    now = datetime.now(UTC) + timedelta(minutes=minutes_off)
    headers = {"Date": format_datetime(now, usegmt=True)}
    headers["Retry-After"] = format_datetime(now + timedelta(seconds=33), usegmt=True)
    with serving(failing(1, Reply(429, headers=headers)), retry=patient(3, slept)) as (_, heap):
        assert heap.send(USERS, ONE).outcome is Outcome.ACCEPTED
    assert slept == [33.0]


@pytest.mark.parametrize("header", ["121", "99999"])
def test_wait_longer_than_the_time_left_is_not_started(header: str) -> None:
    slept: list[float] = []
    answer, server = answer_to(Reply(429, headers={"Retry-After": header}), patient(3, slept))
    assert answer.outcome is Outcome.UNAVAILABLE
    assert answer.reason == f"Heap answered with status 429 and asks to wait {int(header):,} seconds"
    assert (slept, len(server.received)) == ([], 1)


def test_answer_that_never_ends_is_not_waited_for() -> None:
    with TricklingServer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") as url:
        start_sync = monotonic()
        with Heap(url, "11", timeout_seconds=2.0, retry=patient(0)) as heap:
            assert heap.send(USERS, ONE) == Answer(Outcome.ACCEPTED)
        assert monotonic() - start_sync < 30.0  # it would take 50 seconds to come


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nServer:"])
def test_endless_headers_are_not_waited_for(head: bytes) -> None:
    with TricklingServer(head) as url:
        start_sync = monotonic()
        with Heap(url, "11", timeout_seconds=2.0 if b"200" in head else 1.0, retry=patient(0)) as heap:
            answer = heap.send(USERS, ONE)
        assert monotonic() - start_sync < 30.0
    # A status that came decides, as where the connection drops after it.
    assert answer == (Answer(Outcome.ACCEPTED) if b"200" in head else Answer(Outcome.UNAVAILABLE, "no answer in time"))


def test_dropped_connection_is_tried_again() -> None:
    with HeapServer(failing(2, Reply(drop="before"))) as server, Heap(server.url, "11", retry=patient()) as heap:
        assert heap.send(USERS, ONE) == Answer(Outcome.ACCEPTED, retries=2)


def test_connection_that_always_drops_is_unavailable() -> None:
    answer, server = answer_to(Reply(drop="before"), patient(2))
    assert answer == Answer(Outcome.UNAVAILABLE, "the connection failed", retries=2)
    assert len(server.received) == 3


def test_connection_that_drops_after_the_status_counts_as_answered() -> None:
    answer, server = answer_to(Reply(200, b"{", drop="within"))
    assert answer == Answer(Outcome.ACCEPTED)
    assert len(server.received) == 1


def test_closed_port_is_unavailable() -> None:
    with HeapServer() as server:
        pass
    with Heap(server.url, "11", retry=patient(2)) as heap:
        answer = heap.send(USERS, ONE)
    assert (answer.outcome, answer.retries) == (Outcome.UNAVAILABLE, 2)
    assert answer.reason.startswith(f"{server.url.removeprefix('http://')} refused the connection. Check HEAP_BASE_URL")


def test_slow_answer_is_tried_again_then_unavailable() -> None:
    given_up = Event()

    def slow(_: Received) -> Reply:
        given_up.wait(60.0)
        return Reply()

    with HeapServer(slow) as server, Heap(server.url, "11", timeout_seconds=0.1, retry=patient(1)) as heap:
        assert heap.send(USERS, ONE) == Answer(Outcome.UNAVAILABLE, "no answer in time", retries=1)
        while len(server.received) < 2:
            sleep(0.01)
        given_up.set()
    assert len(server.received) == 2


def test_untrusted_connection_is_fatal_at_once() -> None:
    slept: list[float] = []
    with HeapServer() as server:
        url = server.url.replace("http:", "https:")
        with Heap(url, "11", retry=patient(3, slept)) as heap:
            answer = heap.send(USERS, ONE)
        assert (answer.outcome, answer.retries) == (Outcome.FATAL, 0)
        assert answer.reason.startswith("no trusted TLS connection")
    assert (server.received, slept) == ([], [])


@pytest.mark.parametrize("url", ["https://", "ftp://127.0.0.1:1", "http://exa mple\n"])
def test_invalid_address_is_fatal(url: str) -> None:
    with Heap(url, "11", retry=patient()) as heap:
        assert heap.send(USERS, ONE).outcome is Outcome.FATAL


def test_connections_are_used_again() -> None:
    with serving(lambda request: Reply(400 if request.number % 2 else 200)) as (server, heap):
        for _ in range(6):
            heap.send(USERS, ONE)
    assert (server.connections, len(server.received)) == (1, 6)


def test_pool_has_a_connection_for_each_request_in_flight() -> None:
    def slow(_: Received) -> Reply:
        sleep(0.02)
        return Reply()

    with HeapServer(slow) as server, Heap(server.url, "11", in_flight=3) as heap, ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: heap.send(USERS, ONE), range(12)))
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert server.connections <= 3


def test_credentials_of_netrc_never_leave_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with HeapServer() as server, Heap(server.url, "11") as heap:
        heap._session.trust_env = True
        heap.send(USERS, ONE)
    assert "Authorization" not in server.received[0].headers


def test_loopback_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert answer_to(Reply())[0].outcome is Outcome.ACCEPTED


def test_cookies_are_not_kept() -> None:
    with serving(lambda _: Reply(headers={"Set-Cookie": "node=1; Path=/"})) as (server, heap):
        heap.send(USERS, ONE)
        heap.send(USERS, ONE)
    assert "Cookie" not in server.received[1].headers


def test_neither_app_id_nor_records_show_in_the_repr() -> None:
    with Heap("http://127.0.0.1:1", "4118173713") as heap:
        assert "4118173713" not in repr(heap)
