from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from dbt_heap.delivery.throttle import RateLimiter, WaveGate

Sent = list[tuple[float, int]]


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def sent(limiter: RateLimiter, clock: Clock, counts: Iterable[int], overshoots: Sequence[float] = (0.0,)) -> Sent:
    """When each request went, for a sender who wakes a little late."""
    gone: Sent = []
    for number, count in enumerate(counts):
        while wait := limiter.acquire(count):
            clock.sleep(wait + overshoots[number % len(overshoots)])
        gone.append((clock.now, count))
    return gone


def busiest_minute(requests: Sent) -> int:
    """What a strict server counts at most in any 60 seconds."""
    return max(sum(count for at, count in requests if start <= at < start + 60.0) for start, _ in requests)


def test_sync_within_the_minutes_limit_is_sent_at_once() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(15_000)
    assert {at for at, _ in sent(limiter, clock, [1_000] * 15)} == {1_000.0}


def test_larger_sync_is_spread_evenly_from_the_start() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(15_001)
    times = [at for at, _ in sent(limiter, clock, [1_000] * 15 + [1])]
    gaps = {round(later - earlier, 6) for earlier, later in pairwise(times)}
    assert times[0] == 1_000.0
    assert gaps == {4.04}


def test_small_syncs_are_sent_at_once_while_the_minute_has_room() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(9_000)
    sent(limiter, clock, [1_000] * 9)
    limiter.announce(6_000)
    assert sent(limiter, clock, [1_000] * 6)[-1][0] == 1_000.0


def test_announced_events_that_are_not_yet_sent_take_room() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(9_000)
    limiter.announce(7_000)
    times = [at for at, _ in sent(limiter, clock, [1_000] * 16)]
    assert times[8] == 1_000.0
    assert times[15] > 1_000.0


def test_minute_before_the_run_counts() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock, earlier=[(10_000, 20.0), (4_000, 50.0), (90_000, 70.0)])
    limiter.announce(2_000)
    requests = sent(limiter, clock, [1_000] * 2)
    assert requests[0][0] == 1_000.0  # one thousand is left of the minute
    assert requests[1][0] == pytest.approx(1_000.0 + 60.6 - 50.0)


def test_resent_events_count_toward_the_rate_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(3_000, clock)
    limiter.announce(3_000)
    times = [at for at, _ in sent(limiter, clock, [1_000] * 6)]
    assert times[:3] == [1_000.0] * 3
    assert times[3] == pytest.approx(1_060.6)


@pytest.mark.parametrize("per_minute", [500, 5_000, 15_000])
@pytest.mark.parametrize("seed", range(5))
def test_strict_server_never_sees_too_many_whatever_the_jitter(per_minute: int, seed: int) -> None:
    chance = random.Random(seed)
    clock = Clock()
    limiter = RateLimiter(per_minute, clock, earlier=[(per_minute // 2, 30.0)])
    counts = [chance.randint(1, min(1_000, per_minute)) for _ in range(400)]
    limiter.announce(sum(counts))
    overshoots = [chance.uniform(0.0, 0.1) for _ in range(100)]
    arrived = [(at + chance.uniform(0.0, 0.5), count) for at, count in sent(limiter, clock, counts, overshoots)]
    assert busiest_minute(sorted([*arrived, (970.0, per_minute // 2)])) <= per_minute


def test_long_sync_keeps_within_three_percent_of_the_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(1_000_000)
    requests = sent(limiter, clock, [1_000] * 1_000, overshoots=[0.0, 0.05, 0.02])
    minutes = (requests[-1][0] - requests[0][0]) / 60.0
    assert 0.97 * 15_000 < 999_000 / minutes < 15_000


def test_sender_that_overslept_does_not_catch_up_in_a_burst() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(100_000)
    sent(limiter, clock, [1_000] * 3)
    clock.sleep(30.0)
    late = [at - clock.now for at, _ in sent(limiter, clock, [1_000] * 4)]
    assert late[3] - late[0] > 3 * 4.04 - 1.1


def test_waiting_caller_reserves_nothing() -> None:
    clock = Clock()
    limiter = RateLimiter(1_000, clock)
    assert limiter.acquire(1_000) == 0.0
    assert [round(limiter.acquire(1_000), 6) for _ in range(3)] == [60.6] * 3


def test_more_than_the_whole_limit_is_sent_if_the_minute_is_empty() -> None:
    clock = Clock()
    limiter = RateLimiter(100, clock)
    assert sent(limiter, clock, [1, 1_000])[1][0] == pytest.approx(1_060.6)


def test_objects_have_no_limit() -> None:
    limiter = RateLimiter(None, Clock())
    limiter.announce(10**9)
    assert {limiter.acquire(1_000) for _ in range(1_000)} == {0.0}


def test_threads_share_one_limit() -> None:
    clock = Clock()
    limiter = RateLimiter(15_000, clock)
    limiter.announce(15_000)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(limiter.acquire, [100] * 400))
    assert waits.count(0.0) == 150


def test_wave_starts_a_minute_after_the_last_answer_of_the_one_before() -> None:
    clock = Clock()
    waves = WaveGate(clock)
    assert waves.acquire(0) == 0.0
    clock.sleep(5.0)
    waves.answered()
    assert waves.acquire(0) == 0.0
    assert waves.acquire(1) == pytest.approx(60.6)
    clock.sleep(60.0)
    assert waves.acquire(1) == pytest.approx(0.6)
    clock.sleep(0.7)
    assert waves.acquire(1) == 0.0


def test_first_wave_waits_for_nothing() -> None:
    assert WaveGate(Clock()).acquire(3) == 0.0
