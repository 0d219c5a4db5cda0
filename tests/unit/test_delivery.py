from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Barrier, Event, get_ident
from typing import Any, ClassVar

import pytest

from dbt_heap.delivery import sender
from dbt_heap.delivery.sender import DeliverySettings, deliver
from dbt_heap.delivery.throttle import Breaker, RateLimiter
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.heap.client import Answer, Heap, Outcome
from dbt_heap.heap.records import SEPARATOR, Batch, Payload, Records
from dbt_heap.heap.rejects import Reason, Reject
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.syncs.sync import SyncType
from tests.unit.heap_server import HeapServer, Received, Reply

Groups = list[tuple[Verdict, ...]]
HANGS_SECONDS = 60.0  # after which what should have happened is taken to hang; no test is right by it


class Pool(ThreadPoolExecutor):
    """Keeps the requests that were started."""

    futures: ClassVar[list[Future[Any]]] = []

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.futures.append(super().submit(*args, **kwargs))
        return self.futures[-1]


@pytest.fixture(autouse=True)
def _pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "ThreadPoolExecutor", Pool)
    Pool.futures.clear()


class Clock:
    """Time passes only in `sleep`, and only while no request is in flight: the machine's speed does not matter."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.threads: set[int] = set()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.threads.add(get_ident())
        assert not wait(Pool.futures, HANGS_SECONDS).not_done
        self.now += seconds


@dataclass
class ServerChannel:
    """A channel to a real server; the clock, and whether to go on, are a test's own."""

    heap: Heap
    sleep: Callable[[float], None]
    should_continue: Callable[[], bool] = lambda: True
    stop_retrying: Callable[[], None] = lambda: None

    def send(self, records: Records) -> Answer:
        return self.heap.send(SyncType.USER_PROPERTIES, records)


@dataclass
class Delivery:
    """A delivery over real HTTP; the clock is a test's own."""

    server: HeapServer
    clock: Clock = field(default_factory=Clock)
    per_minute: int | None = None
    in_flight: int = 4

    def groups(
        self, batches: Iterable[Batch], breaker: Breaker | None = None, **options: Any
    ) -> Generator[tuple[Verdict, ...]]:
        retry = BoundedRetry.of(retries=1, sleep=lambda _: None)
        in_channel = {name: options.pop(name) for name in ("should_continue", "stop_retrying") if name in options}
        with Heap(self.server.url, "11", in_flight=self.in_flight, retry=retry, timeout_seconds=HANGS_SECONDS) as heap:
            yield from deliver(
                batches,
                ServerChannel(heap, self.clock.sleep, **in_channel),
                DeliverySettings(in_flight=self.in_flight, **options),
                limiter=RateLimiter(self.per_minute, self.clock),
                breaker=breaker or Breaker(),
                clock=self.clock,
            )

    def verdicts(self, batches: Iterable[Batch], **options: Any) -> dict[int, Verdict]:
        return {verdict.batch: verdict for group in self.groups(batches, **options) for verdict in group}


def records(seqs: Iterable[int], cuts: Sequence[int] = ()) -> Records:
    cut = dict(enumerate(cuts))
    return Records.of([Payload(seq, b'{"identity":"%d"}' % seq, cut.get(place, 0)) for place, seq in enumerate(seqs)])


def batch(number: int, size: int = 10, rejects: Sequence[Reject] = (), wave: int = 0) -> Batch:
    """Return a batch whose seqs start at 1,000 times its number."""
    start = 1_000 * number
    return Batch(number, wave, records(range(start, start + size)), tuple(rejects))


def identities(request: Received) -> list[int]:
    return [int(record["identity"]) for record in request.body["users"]]


def refusing(bad: set[int], text: Callable[[int], str] = lambda index: f"users[{index}] is bad") -> Any:
    """Refuse a whole body that holds a bad record, and names the first as Heap does."""

    def reply(request: Received) -> Reply:
        for index, identity in enumerate(identities(request)):
            if identity in bad:
                return Reply(400, text(index).encode())
        return Reply()

    return reply


def test_records_that_heap_takes_are_accepted() -> None:
    with HeapServer() as server:
        verdicts = Delivery(server).verdicts([batch(0), batch(7, size=1), batch(9)])
    assert verdicts[0] == Verdict(
        batch=0,
        accepted=10,
        rejects=(),
        undelivered=(),
        accepted_seqs=(),
        cut=0,
        requests=1,
        sent_bytes=178,  # with what stands between ten of them
        failure=None,
    )
    assert {number: verdict.accepted for number, verdict in verdicts.items()} == {0: 10, 7: 1, 9: 10}
    assert sorted(seq for request in server.received for seq in identities(request)) == [
        *range(10), 7_000, *range(9_000, 9_010),
    ]  # fmt: skip


def test_no_batches_make_no_verdict_and_no_request() -> None:
    with HeapServer() as server:
        assert list(Delivery(server).groups([])) == []
    assert server.received == []


def test_rows_rejected_before_are_in_the_verdict() -> None:
    blank = Reject(11, Reason.BLANK_IDENTITY)
    with HeapServer() as server:
        verdicts = Delivery(server).verdicts([batch(0, rejects=[blank]), Batch(1, 0, records([]), (blank,))])
    assert (verdicts[0].accepted, verdicts[0].rejects) == (10, (blank,))
    assert (verdicts[1].accepted, verdicts[1].rejects, verdicts[1].requests) == (0, (blank,), 0)
    assert len(server.received) == 1


def test_cut_values_are_counted_for_accepted_rows_only() -> None:
    with HeapServer(refusing({1})) as server:
        verdicts = Delivery(server).verdicts([Batch(0, 0, records(range(3), cuts=[2, 3, 5]), ())])
    assert (verdicts[0].accepted, verdicts[0].cut) == (2, 7)


def bad_records(count: int) -> set[int]:
    return set(random.Random(count).sample(range(1_000), count))


UNHELPFUL: dict[str, tuple[Callable[[int], str], int]] = {  # and what each halving costs, in requests
    "no index": (lambda index: "something is wrong", 2),
    "an index out of range": (lambda index: "users[4711] is bad", 2),
    "always the first": (lambda index: "users[0] is bad", 3),  # which is tried alone
}


@pytest.mark.parametrize("count", [0, 1, 2, 10, 500, 1_000])
def test_named_bad_records_are_isolated_in_few_requests(count: int) -> None:
    with HeapServer(refusing(bad_records(count))) as server:
        verdict = Delivery(server).verdicts([batch(0, size=1_000)])[0]
    assert {reject.seq for reject in verdict.rejects} == bad_records(count)
    assert {reject.reason for reject in verdict.rejects} <= {Reason.REFUSED_BY_HEAP}
    assert verdict.accepted == 1_000 - count
    assert verdict.requests == len(server.received) <= 1 + 3 * count
    assert events(server) <= 1_000 * (2 + math.log2(1_000))


@pytest.mark.parametrize(("text", "cost"), UNHELPFUL.values(), ids=UNHELPFUL)
@pytest.mark.parametrize("count", [0, 1, 2, 10, 500, 1_000])
def test_unnamed_bad_records_are_isolated_by_halving(count: int, text: Callable[[int], str], cost: int) -> None:
    with HeapServer(refusing(bad_records(count), text)) as server:
        verdict = Delivery(server).verdicts([batch(0, size=1_000)])[0]
    assert {reject.seq for reject in verdict.rejects} == bad_records(count)
    assert verdict.accepted == 1_000 - count
    assert verdict.requests == len(server.received) <= 1 + cost * count * (math.log2(1_000 / max(count, 1)) + 2)
    assert events(server) <= 1_000 * (2 + math.log2(1_000))


def events(server: HeapServer) -> int:
    return sum(len(identities(request)) for request in server.received)


def test_one_named_record_costs_two_requests_more() -> None:
    with HeapServer(refusing({17})) as server:
        Delivery(server, in_flight=1).verdicts([batch(0, size=1_000)])
    assert [len(identities(request)) for request in server.received] == [1_000, 1, 999]


def test_record_is_rejected_only_if_it_was_refused_alone() -> None:
    with HeapServer(refusing({3}, lambda index: "users[5] is bad")) as server:
        verdict = Delivery(server).verdicts([batch(0)])[0]
    assert verdict.rejects == (Reject(3, Reason.REFUSED_BY_HEAP),)
    assert [3] in [identities(request) for request in server.received]


def test_body_too_large_for_heap_is_halved() -> None:
    with HeapServer(lambda request: Reply(413 if len(identities(request)) > 3 else 200)) as server:
        verdict = Delivery(server).verdicts([batch(0)])[0]
    assert (verdict.accepted, verdict.rejects) == (10, ())


def test_bodies_are_split_by_their_bytes() -> None:
    with HeapServer() as server:
        verdict = Delivery(server).verdicts([batch(1)], max_bytes=3 * (19 + len(SEPARATOR)))[1]
    assert sorted(len(identities(request)) for request in server.received) == [1, 3, 3, 3]
    assert (verdict.accepted, verdict.requests) == (10, 4)


def test_record_above_the_byte_limit_is_sent_alone() -> None:
    with HeapServer() as server:
        Delivery(server).verdicts([batch(0, size=3)], max_bytes=1)
    assert [len(identities(request)) for request in server.received] == [1, 1, 1]


def test_no_request_is_larger_than_the_rate_limit() -> None:
    with HeapServer() as server:
        verdict = Delivery(server, per_minute=300).verdicts([batch(0, size=1_000)])[0]
    assert [len(identities(request)) for request in server.received] == [300, 300, 300, 100]
    assert verdict.accepted == 1_000


@pytest.mark.parametrize("status", [401, 403, 404, 307])
def test_fatal_answer_stops_delivery_at_once(status: int) -> None:
    pulled: list[int] = []
    with HeapServer(lambda request: Reply(status if request.number == 1 else 200)) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(noting(pulled, 100))
    assert len(server.received) == 2
    assert pulled == [0, 1]
    assert verdicts[0].accepted == 10
    assert verdicts[1].undelivered == tuple(range(1_000, 1_010))
    assert (verdicts[1].failure or "").startswith(f"Heap answered with status {status} (")


def eventually(well: Callable[[], bool]) -> bool:
    """Whether something comes to hold before the test is taken to hang."""
    wait_until = time.monotonic() + HANGS_SECONDS
    while not well() and time.monotonic() < wait_until:
        time.sleep(0.01)
    return well()


def noting(pulled: list[int], count: int, wave: Callable[[int], int] = lambda _: 0) -> Iterator[Batch]:
    for number in range(count):
        pulled.append(number)
        yield batch(number, wave=wave(number))


def test_requests_in_flight_finish_when_delivery_stops() -> None:
    together, stopped = Barrier(3), Event()

    def reply(request: Received) -> Reply:
        together.wait(HANGS_SECONDS)
        if identities(request)[0] == 2_000:
            return Reply(401)
        stopped.wait(HANGS_SECONDS)
        return Reply()

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=3).verdicts(noting([], 100), stop_retrying=stopped.set)
    assert {number: verdict.accepted for number, verdict in verdicts.items()} == {0: 10, 1: 10, 2: 0}
    assert len(server.received) == 3


def test_half_decided_batch_lists_its_accepted_rows_when_delivery_stops() -> None:
    def reply(request: Received) -> Reply:
        replies = [Reply(400, b"?"), Reply(200), Reply(401)]
        return replies[request.number]

    with HeapServer(reply) as server:
        verdict = Delivery(server, in_flight=1).verdicts([batch(0)])[0]
    assert verdict.accepted_seqs == tuple(range(5))
    assert verdict.undelivered == tuple(range(5, 10))
    assert (verdict.accepted, verdict.rejects, verdict.requests) == (5, (), 3)


def test_chunks_that_wait_when_delivery_stops_are_undelivered() -> None:
    with HeapServer(lambda request: Reply(401)) as server:
        verdict = Delivery(server, in_flight=1).verdicts([batch(1)], max_bytes=3 * 20)[1]
    assert len(server.received) == 1
    assert verdict.undelivered == tuple(range(1_000, 1_010))


def test_unavailable_answers_in_a_row_stop_the_delivery() -> None:
    with HeapServer(lambda request: Reply(503)) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(noting([], 100), breaker=Breaker(3))
    assert sorted(verdicts) == [0, 1, 2]
    assert {verdict.failure for verdict in verdicts.values()} == {"Heap answered with status 503"}
    assert {verdict.requests for verdict in verdicts.values()} == {2}
    assert len(server.received) == 6


def test_failed_requests_for_chunks_of_one_batch_open_the_breaker() -> None:
    with HeapServer(lambda request: Reply(503)) as server:
        verdict = Delivery(server, in_flight=1).verdicts([batch(0)], max_bytes=20, breaker=Breaker(3))[0]
    assert len(server.received) == 6
    assert verdict.undelivered == tuple(range(10))


def test_requests_in_flight_finish_when_the_breaker_opens() -> None:
    together, stopped = Barrier(5), Event()

    def reply(request: Received) -> Reply:
        if request.number < 5:
            together.wait(HANGS_SECONDS)
        if identities(request)[0] < 3_000:
            return Reply(503)
        stopped.wait(HANGS_SECONDS)
        return Reply()

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=5).verdicts(
            noting([], 100), breaker=Breaker(3), stop_retrying=stopped.set
        )
    accepted = [verdicts[number].accepted for number in sorted(verdicts)]
    assert accepted in ([0, 0, 0, 10, 10], [0, 0, 0, 10, 10, 10], [0, 0, 0, 10, 10, 10, 10])


def test_open_breaker_sends_nothing() -> None:
    breaker = Breaker(2)
    with HeapServer(lambda request: Reply(503)) as server:
        Delivery(server, in_flight=1).verdicts(noting([], 5), breaker=breaker)
        asked, pulled = len(server.received), list[int]()
        assert Delivery(server).verdicts(noting(pulled, 5), breaker=breaker) == {}
        assert (len(server.received), pulled) == (asked, [])
    assert breaker.reason == "Heap answered with status 503"


def test_fatal_answer_opens_the_breaker_at_once() -> None:
    breaker = Breaker(1_000)
    with HeapServer(lambda request: Reply(403)) as server:
        for _ in range(3):
            Delivery(server).verdicts([batch(0)], breaker=breaker)
    assert len(server.received) == 1


def test_deliveries_that_share_a_breaker_count_failures_together() -> None:
    breaker = Breaker(3)
    with HeapServer(lambda request: Reply(503)) as server:
        for _ in range(5):
            Delivery(server).verdicts([batch(0)], breaker=breaker)
    assert len(server.received) == 3 * 2


@pytest.mark.parametrize("status", [200, 400])
def test_answer_between_failures_keeps_the_breaker_closed(status: int) -> None:
    with HeapServer(lambda request: Reply(status if identities(request)[0] % 3_000 == 0 else 503)) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(
            [batch(number, size=1) for number in range(12)], breaker=Breaker(3)
        )
    assert sum(verdict.accepted + len(verdict.rejects) for verdict in verdicts.values()) == 4
    assert sum(len(verdict.undelivered) for verdict in verdicts.values()) == 8


def test_delivery_stops_when_the_channel_says_so() -> None:
    asked: list[int] = []
    stopped: list[bool] = []

    def should_continue() -> bool:
        asked.append(1)
        return len(asked) < 4

    with HeapServer() as server:
        verdicts = Delivery(server, in_flight=1).verdicts(
            noting([], 100), should_continue=should_continue, stop_retrying=lambda: stopped.append(True)
        )
    assert 1 <= len(server.received) == sum(verdict.accepted for verdict in verdicts.values()) / 10 <= 3
    assert {verdict.failure for verdict in verdicts.values()} == {None}
    assert stopped


def test_delivery_stops_while_the_rate_limit_makes_it_wait() -> None:
    with HeapServer() as server:
        delivery = Delivery(server, per_minute=10, in_flight=1)
        verdicts = delivery.verdicts(noting([], 3), should_continue=lambda: delivery.clock.now < 20.0)
    assert sorted(verdicts) == [0]
    assert delivery.clock.now == pytest.approx(20.0, abs=0.6)


def test_delivery_stops_while_a_bad_record_is_isolated() -> None:
    with HeapServer(lambda request: Reply(400)) as server:
        verdict = Delivery(server, in_flight=1).verdicts(
            [batch(0, size=1_000)], should_continue=lambda: len(server.received) < 30
        )[0]
    assert len(server.received) == 30
    assert len(verdict.rejects) + len(verdict.undelivered) == 1_000
    assert verdict.failure is None


def test_should_continue_is_called_at_least_twice_a_second() -> None:
    asked: list[None] = []

    def should_continue() -> bool:
        asked.append(None)
        return True

    def when_asked_again(_: Received) -> Reply:
        before = len(asked)
        return Reply(200 if eventually(lambda: len(asked) >= before + 2) else 500)

    with HeapServer(when_asked_again) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(noting([], 1), should_continue=should_continue)
    assert verdicts[0].accepted == 10
    assert sender.NAP_SECONDS <= 0.5


def test_batches_of_which_every_record_is_refused_stop_the_delivery() -> None:
    with HeapServer(lambda request: Reply(400)) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(noting([], 100), max_all_refused=2)
    assert sorted(verdicts) == [0, 1]
    assert [len(verdict.rejects) for verdict in verdicts.values()] == [10, 10]
    assert (verdicts[1].failure or "").startswith("it refused every row of 2 batches in a row, each on its own")


def test_single_refused_records_do_not_stop_delivery() -> None:
    with HeapServer(lambda request: Reply(400)) as server:
        verdicts = Delivery(server).verdicts([batch(number, size=1) for number in range(20)], max_all_refused=2)
    assert len(verdicts) == 20


@pytest.mark.parametrize("in_flight", [1, 3, 8])
def test_at_most_one_batch_more_than_in_flight_is_pulled(in_flight: int) -> None:
    pulled: list[int] = []
    answered: list[int] = []
    ahead: list[int] = []

    def reply(request: Received) -> Reply:
        time.sleep(0.005)
        ahead.append(len(pulled) - len(answered))
        answered.append(request.number)
        return Reply()

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=in_flight).verdicts(noting(pulled, 40))
    assert max(ahead) <= in_flight + 1
    assert sorted(verdicts) == list(range(40))


def test_prefetched_requests_follow_while_the_next_page_is_read() -> None:
    fourth = Event()

    def paged() -> Iterator[Batch]:
        yield from noting([], 4)
        assert fourth.wait(HANGS_SECONDS)
        yield batch(4)

    def reply(request: Received) -> Reply:
        if request.number == 3:
            fourth.set()
        return Reply()

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(paged(), prefetch=3)
    assert sorted(verdicts) == list(range(5))


def test_prefetched_requests_are_not_sent_when_delivery_stops() -> None:
    pulled: list[int] = []
    stopped = Event()

    def reply(_: Received) -> Reply:
        stopped.wait(HANGS_SECONDS)
        return Reply()

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=1).verdicts(
            noting(pulled, 9), prefetch=8, should_continue=lambda: len(pulled) < 4, stop_retrying=stopped.set
        )
    assert len(server.received) == 1
    assert (sorted(verdicts), verdicts[0].accepted, verdicts[0].requests) == ([0], 10, 1)


def test_prefetched_requests_are_not_sent_when_the_caller_leaves() -> None:
    pulled: list[int] = []
    left = Event()

    def reply(_: Received) -> Reply:
        left.wait(HANGS_SECONDS)
        return Reply()

    with HeapServer(reply) as server:
        groups = Delivery(server, in_flight=1).groups(
            noting(pulled, 9), prefetch=8, should_continue=lambda: 1 / (4 - len(pulled)) > 0, stop_retrying=left.set
        )
        with pytest.raises(ZeroDivisionError):
            next(groups)
        assert len(server.received) == 1


def test_requests_are_in_flight_together() -> None:
    together = [Event(), Event(), Event()]

    def reply(request: Received) -> Reply:
        together[request.number].set()
        return Reply(200 if all(event.wait(HANGS_SECONDS) for event in together) else 500)

    with HeapServer(reply) as server:
        verdicts = Delivery(server, in_flight=3).verdicts(noting([], 3))
    assert {verdict.requests for verdict in verdicts.values()} == {1}


def test_first_verdict_is_passed_on_at_once_and_later_ones_in_groups() -> None:
    with HeapServer() as server:
        groups = list(Delivery(server, in_flight=1).groups(noting([], 100), group_batches=30))
    assert [len(group) for group in groups] == [1, 30, 30, 30, 9]


def test_verdicts_are_handed_on_before_a_long_wait() -> None:
    with HeapServer() as server:
        delivery = Delivery(server, per_minute=20, in_flight=1)
        seen = [(delivery.clock.now, len(group)) for group in delivery.groups(noting([], 5))]
    assert [size for _, size in seen] == [1, 1, 1, 1, 1]
    assert seen[0][0] == 0.0
    assert seen[1][0] == pytest.approx(30.3)


def test_verdicts_wait_at_most_group_seconds() -> None:
    with HeapServer() as server:
        delivery = Delivery(server, per_minute=600, in_flight=1)
        groups = delivery.groups(noting([], 61), group_seconds=5.0)
        at = [delivery.clock.now for _ in groups]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert max(gaps) <= 5.0
    assert len(at) < 20


def test_sleep_is_called_in_the_callers_thread_and_only_for_the_rate_limit() -> None:
    with HeapServer() as server:
        limited, free = Delivery(server, per_minute=20), Delivery(server)
        limited.verdicts(noting([], 4))
        free.verdicts(noting([], 20))
    assert limited.clock.threads == {get_ident()}
    assert sum(limited.clock.slept) == pytest.approx(3 * 30.3)
    assert free.clock.slept == []


def test_answers_are_handed_on_while_the_rate_limit_makes_it_wait() -> None:
    with HeapServer() as server:
        delivery = Delivery(server, per_minute=10, in_flight=4)
        ages = [delivery.clock.now - sent_at(verdict) for group in delivery.groups(noting([], 3)) for verdict in group]
    assert max(ages) < 20.0


def sent_at(verdict: Verdict) -> float:
    return verdict.batch * 60.6  # a batch is a minute's worth


def test_resent_records_count_against_the_rate_limit() -> None:
    with HeapServer(refusing({0})) as server:
        delivery = Delivery(server, per_minute=10, in_flight=1)
        delivery.verdicts([batch(0)])
    assert events(server) == 10 + 1 + 9
    assert delivery.clock.now == pytest.approx(60.6 + 6.06)


def test_wave_starts_a_minute_after_answers_to_the_previous_one() -> None:
    arrivals: list[tuple[int, float]] = []
    clock = Clock()

    def reply(request: Received) -> Reply:
        arrivals.append((identities(request)[0] // 1_000, clock.now))
        return Reply()

    with HeapServer(reply) as server:
        Delivery(server, clock, in_flight=4).verdicts(noting([], 6, wave=lambda number: number // 2))
    assert {number: round(at, 6) for number, at in arrivals} == {0: 0.0, 1: 0.0, 2: 60.6, 3: 60.6, 4: 121.2, 5: 121.2}


def test_wave_waits_until_earlier_waves_are_resent() -> None:
    with HeapServer(refusing({3})) as server:
        Delivery(server, in_flight=4).verdicts([batch(0), batch(1, wave=1)])
    assert identities(server.received[-1])[0] == 1_000
    assert len(server.received) == 4


def sized(sizes: dict[int, int]) -> Iterator[Batch]:
    return (batch(number, size) for number, size in sizes.items())


def test_every_row_has_one_outcome_whatever_heap_does() -> None:
    chance = random.Random(5)
    bad = set(chance.sample(range(20_000), 50))
    honest = refusing(bad)

    def reply(request: Received) -> Reply:
        return Reply(drop="before") if chance.random() < 0.2 else honest(request)

    sizes = {number: chance.randint(1, 200) for number in range(20)}
    with HeapServer(reply) as server:
        verdicts = Delivery(server).verdicts(list(sized(sizes)), breaker=Breaker(1_000))
    taken = set().union(*(set(identities(request)) for request in server.received))
    for number, verdict in verdicts.items():
        rejected = {reject.seq for reject in verdict.rejects}
        assert verdict.accepted + len(rejected) + len(verdict.undelivered) == sizes[number]
        assert rejected <= bad
        assert not bad & set(verdict.accepted_seqs)
        assert set(verdict.accepted_seqs) <= taken
    assert sorted(verdicts) == list(range(20))


def test_caller_that_leaves_early_sends_nothing_more() -> None:
    with HeapServer() as server:
        groups = Delivery(server, in_flight=2).groups(noting([], 50))
        next(groups)
        groups.close()
        landed = len(server.received)
        time.sleep(0.05)
        assert len(server.received) == landed < 10


def test_no_verdict_contains_the_text_of_an_answer() -> None:
    with HeapServer(lambda request: Reply(400, b"users[0].identity 31337 is bad")) as server:
        verdicts = Delivery(server).verdicts([batch(0)])
    assert not re.search("31337|identity", repr(verdicts))


@pytest.mark.parametrize("ids", ["different", "same"])
def test_deferred_requests_are_pending_by_request_and_bad_records_rejected(ids: str) -> None:
    """Heap accepts to delete users later; `3` is refused."""

    def deferring(records: Records) -> Answer:
        if 3 in records.seqs:
            return Answer(Outcome.REFUSED)
        return Answer(Outcome.PENDING, request_id="r" if ids == "same" else f"r{records.seqs[0]}")

    @dataclass
    class Deferring(ServerChannel):
        def send(self, records: Records) -> Answer:
            return deferring(records)

    with HeapServer() as server, Heap(server.url, "11") as heap:
        settings, clock = DeliverySettings(in_flight=1, group_batches=1), Clock()
        limiter, channel = RateLimiter(None, clock), Deferring(heap, clock.sleep)
        [[verdict]] = deliver([batch(0)], channel, settings, limiter=limiter, breaker=Breaker(), clock=clock)
    assert [reject.seq for reject in verdict.rejects] == [3]
    assert sorted(seq for seqs in verdict.pending.values() for seq in seqs) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert (verdict.accepted, verdict.undelivered, verdict.accepted_seqs) == (0, (), ())
    assert len(verdict.pending) == (1 if ids == "same" else 4)
