from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from heap_server import HeapServer, Received, Reply

from dbt_heap.declarations.sync import SyncType
from dbt_heap.heap import Answer, Heap, Outcome, Patience

USERS = SyncType.USER_PROPERTIES
RECORD = b'{"identity":"ana@example.org","properties":{}}'


def patient(retries: int = 3, slept: list[float] | None = None, max_wait_seconds: float = 120.0) -> Patience:
    """Patience that notes its waits instead of waiting."""
    note: Callable[[float], None] = (slept if slept is not None else []).append
    return Patience.of(retries, sleep=note, jitter=lambda: 1.0, max_wait_seconds=max_wait_seconds)


def answer_to(reply: Reply, patience: Patience | None = None) -> tuple[Answer, HeapServer]:
    with HeapServer(lambda _: reply) as server, Heap(server.url, "11", patience=patience or patient()) as heap:
        return heap.send(USERS, [RECORD]), server


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
        assert heap.send(sync_type, [RECORD, RECORD]) == Answer(Outcome.ACCEPTED)
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
def test_the_status_alone_decides(status: int, outcome: Outcome) -> None:
    text = b"" if status == 204 else b"OK%"
    answer, _ = answer_to(Reply(status, text, {"Location": "https://example.org/"}))
    assert answer.outcome is outcome
    assert answer.reason == "" if outcome is Outcome.ACCEPTED else str(status) in answer.reason


def test_a_redirect_is_not_followed() -> None:
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
def test_a_refusal_may_name_a_record(text: bytes, index: int | None) -> None:
    answer, _ = answer_to(Reply(400, text))
    assert answer == Answer(Outcome.REFUSED, "Heap refused it with status 400", index)


def test_no_answer_holds_what_heap_wrote() -> None:
    for status in (400, 401, 503):
        answer, _ = answer_to(Reply(status, b"ana@example.org is not welcome"))
        assert "ana" not in repr(answer)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(status: int) -> None:
    with HeapServer(failing(2, Reply(status))) as server, Heap(server.url, "11", patience=patient()) as heap:
        assert heap.send(USERS, [RECORD]) == Answer(Outcome.ACCEPTED, retries=2)
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_lasting_trouble_is_not_tried_again(status: int) -> None:
    assert len(answer_to(Reply(status))[1].received) == 1


def test_waits_double_and_end_with_the_tries() -> None:
    slept: list[float] = []
    answer, server = answer_to(Reply(503), patient(4, slept))
    assert answer.outcome is Outcome.UNAVAILABLE
    assert slept == [2.0, 4.0, 8.0, 16.0]
    assert len(server.received) == 5


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    slept: list[float] = []
    answer_to(Reply(503), Patience.of(2, sleep=slept.append, jitter=lambda: 0.0))
    assert slept == [1.0, 2.0]


def test_all_waits_together_are_bounded() -> None:
    slept: list[float] = []
    answer_to(Reply(503), patient(50, slept, max_wait_seconds=20.0))
    assert slept == [2.0, 4.0, 8.0, 6.0]


def test_every_request_has_patience_of_its_own() -> None:
    slept: list[float] = []
    patience = patient(9, slept, max_wait_seconds=5.0)
    with HeapServer(lambda _: Reply(503)) as server, Heap(server.url, "11", patience=patience) as heap:
        assert [heap.send(USERS, [RECORD]).outcome for _ in range(2)] == [Outcome.UNAVAILABLE] * 2
    assert slept == [2.0, 3.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("header", "first_wait"),
    [("7", 7.0), ("0", 0.0), ("99999", 120.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", 2.0), ("-5", 2.0)],
)
def test_retry_after_is_honoured_and_bounded(header: str, first_wait: float) -> None:
    slept: list[float] = []
    asking = failing(1, Reply(429, headers={"Retry-After": header}))
    with serving(asking, patience=patient(3, slept)) as (_, heap):
        assert heap.send(USERS, [RECORD]).outcome is Outcome.ACCEPTED
    assert slept == [first_wait]


def test_a_dropped_connection_is_tried_again() -> None:
    with HeapServer(failing(2, Reply(drop="before"))) as server, Heap(server.url, "11", patience=patient()) as heap:
        assert heap.send(USERS, [RECORD]) == Answer(Outcome.ACCEPTED, retries=2)


def test_a_connection_that_always_drops_is_unavailable() -> None:
    answer, server = answer_to(Reply(drop="before"), patient(2))
    assert answer == Answer(Outcome.UNAVAILABLE, "the connection failed")
    assert len(server.received) == 3


def test_a_connection_that_drops_after_the_status_has_answered() -> None:
    answer, server = answer_to(Reply(200, b"{", drop="within"))
    assert answer == Answer(Outcome.ACCEPTED)
    assert len(server.received) == 1


def test_nobody_listening_is_unavailable() -> None:
    with HeapServer() as server:
        pass
    with Heap(server.url, "11", patience=patient(2)) as heap:
        assert heap.send(USERS, [RECORD]) == Answer(Outcome.UNAVAILABLE, "the connection failed")


def test_a_slow_answer_is_tried_again_then_unavailable() -> None:
    def slow(_: Received) -> Reply:
        sleep(0.2)
        return Reply()

    with HeapServer(slow) as server, Heap(server.url, "11", read_seconds=0.05, patience=patient(1)) as heap:
        assert heap.send(USERS, [RECORD]) == Answer(Outcome.UNAVAILABLE, "no answer in time")
        assert len(server.received) == 2


def test_an_untrusted_connection_is_fatal_at_once() -> None:
    slept: list[float] = []
    with HeapServer() as server:
        url = server.url.replace("http:", "https:")
        with Heap(url, "11", patience=patient(3, slept)) as heap:
            assert heap.send(USERS, [RECORD]) == Answer(Outcome.FATAL, "no trusted TLS connection")
    assert (server.received, slept) == ([], [])


@pytest.mark.parametrize("url", ["https://", "ftp://127.0.0.1:1", "http://exa mple\n"])
def test_an_address_that_is_none_is_fatal(url: str) -> None:
    with Heap(url, "11", patience=patient()) as heap:
        assert heap.send(USERS, [RECORD]).outcome is Outcome.FATAL


def test_connections_are_used_again() -> None:
    with serving(lambda request: Reply(400 if request.number % 2 else 200)) as (server, heap):
        for _ in range(6):
            heap.send(USERS, [RECORD])
    assert (server.connections, len(server.received)) == (1, 6)


def test_the_pool_holds_a_connection_for_each_request_in_flight() -> None:
    def slow(_: Received) -> Reply:
        sleep(0.02)
        return Reply()

    with HeapServer(slow) as server, Heap(server.url, "11", in_flight=3) as heap, ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: heap.send(USERS, [RECORD]), range(12)))
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert server.connections <= 3


def test_credentials_of_netrc_never_leave_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with HeapServer() as server, Heap(server.url, "11") as heap:
        heap._session.trust_env = True
        heap.send(USERS, [RECORD])
    assert "Authorization" not in server.received[0].headers


def test_the_loopback_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert answer_to(Reply())[0].outcome is Outcome.ACCEPTED


def test_cookies_are_not_kept() -> None:
    with serving(lambda _: Reply(headers={"Set-Cookie": "node=1; Path=/"})) as (server, heap):
        heap.send(USERS, [RECORD])
        heap.send(USERS, [RECORD])
    assert "Cookie" not in server.received[1].headers


def test_neither_app_id_nor_records_show_in_the_repr() -> None:
    with Heap("http://127.0.0.1:1", "4118173713") as heap:
        assert "4118173713" not in repr(heap)
