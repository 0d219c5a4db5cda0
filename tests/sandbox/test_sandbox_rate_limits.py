from __future__ import annotations

from typing import Any

from dbt_heap.sandbox.body import ADD_ACCOUNT_PROPERTIES, ADD_USER_PROPERTIES, TRACK, Body, Endpoint
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.records_api import RateLimits, SlidingWindow

FREE = 0.0


def body_of(endpoint: Endpoint, *subjects: str, app_id: str = "11", bulk: bool = True) -> Body:
    records: list[dict[str, Any]] = [{endpoint.subjects[0]: subject} for subject in subjects]
    return Body(endpoint, app_id, records, bulk, None)


def identities(size: int, start: int = 0) -> list[str]:
    return [f"u{number}" for number in range(start, start + size)]


def test_window_slides() -> None:
    window = SlidingWindow(limit=10, seconds=60)
    window.add(0.0, {"a": 6})
    window.add(30.0, {"a": 4})
    assert window.wait_seconds(30.0, {"a": 1}) == 30.0
    assert window.wait_seconds(59.0, {"a": 7}) == 31.0
    assert window.wait_seconds(60.0, {"a": 6}) == FREE
    assert window.wait_seconds(60.0, {"a": 7}) == 30.0


def test_window_counts_each_key_separately() -> None:
    window = SlidingWindow(limit=1, seconds=60)
    window.add(0.0, {"a": 1})
    assert window.wait_seconds(1.0, {"b": 1}) == FREE
    assert window.wait_seconds(1.0, {"b": 1, "a": 1}) == 59.0


def test_request_over_the_limit_by_itself_waits_a_whole_window() -> None:
    assert SlidingWindow(limit=1, seconds=60).wait_seconds(5.0, {"a": 2}) == 60.0


def test_bulk_events_are_limited_to_15000_per_minute_and_app() -> None:
    limits = RateLimits(SandboxOptions())
    for number in range(15):
        assert limits.wait_seconds(body_of(TRACK, *identities(1000, 1000 * number)), now=float(number)) == FREE
    one_more = body_of(TRACK, "someone else")
    assert limits.wait_seconds(one_more, now=20.0) == 40.0
    assert limits.wait_seconds(body_of(TRACK, "someone else", app_id="12"), now=20.0) == FREE
    assert limits.wait_seconds(one_more, now=60.0) == FREE


def test_bulk_events_are_limited_to_1000_per_minute_and_identity() -> None:
    limits = RateLimits(SandboxOptions())
    assert limits.wait_seconds(body_of(TRACK, *["ana"] * 1000), now=0.0) == FREE
    assert limits.wait_seconds(body_of(TRACK, "ana", "ben"), now=1.0) == 59.0
    assert limits.wait_seconds(body_of(TRACK, "ben"), now=1.0) == FREE


def test_refused_requests_do_not_count() -> None:
    limits = RateLimits(SandboxOptions(events_per_minute=10))
    assert limits.wait_seconds(body_of(TRACK, *identities(11)), now=0.0) == 60.0
    assert limits.wait_seconds(body_of(TRACK, *identities(10)), now=0.0) == FREE


def test_single_calls_are_limited_to_30_in_30_seconds_by_identity_and_endpoint() -> None:
    limits = RateLimits(SandboxOptions())
    call = body_of(TRACK, "ana", bulk=False)
    assert [limits.wait_seconds(call, now=0.0) for _ in range(31)] == [FREE] * 30 + [30.0]
    assert limits.wait_seconds(body_of(TRACK, "ben", bulk=False), now=0.0) == FREE
    assert limits.wait_seconds(body_of(ADD_USER_PROPERTIES, "ana", bulk=False), now=0.0) == FREE
    assert limits.wait_seconds(call, now=30.0) == FREE


def test_bulk_users_and_accounts_have_no_limit() -> None:
    limits = RateLimits(SandboxOptions())
    for endpoint, bulk in (
        (ADD_USER_PROPERTIES, True),
        (ADD_ACCOUNT_PROPERTIES, True),
        (ADD_ACCOUNT_PROPERTIES, False),
    ):
        assert {limits.wait_seconds(body_of(endpoint, "x", bulk=bulk), now=0.0) for _ in range(2000)} == {FREE}


def test_limits_and_their_minute_can_be_set() -> None:
    limits = RateLimits(SandboxOptions(events_per_minute_and_identity=2, limit_seconds=0.5))
    assert limits.wait_seconds(body_of(TRACK, "ana", "ana"), now=0.0) == FREE
    assert limits.wait_seconds(body_of(TRACK, "ana"), now=0.1) == 0.4
    assert limits.wait_seconds(body_of(TRACK, "ana"), now=0.5) == FREE
