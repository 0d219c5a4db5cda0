"""Answer requests to Heap's records API, and count them against its rate limits. No HTTP in this module."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from math import ceil

from dbt_heap.sandbox.body import (
    ADD_ACCOUNT_PROPERTIES,
    ADD_USER_PROPERTIES,
    TRACK,
    Body,
    Endpoint,
    read_body,
    subject_of,
)
from dbt_heap.sandbox.database import LoggedRequest, Store, add_records
from dbt_heap.sandbox.options import Fault, SandboxOptions

Counts = Mapping[Hashable, int]


class SlidingWindow:
    """At most `limit` of each key within any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._past: deque[tuple[float, Counts]] = deque()
        self._totals: Counter[Hashable] = Counter()

    def wait_seconds(self, now: float, counts: Counts) -> float:
        """Return how long it takes until `counts` fit under the limit; 0.0 if they fit now."""
        self._remove_expired(now)
        over = {key: self._totals[key] + count - self._limit for key, count in counts.items()}
        over = {key: excess for key, excess in over.items() if excess > 0}
        if not over:
            return 0.0
        for at, past in self._past:
            over = {key: left for key, excess in over.items() if (left := excess - past.get(key, 0)) > 0}
            if not over:
                return at + self._seconds - now
        return self._seconds  # more than the limit in one request: waiting never helps

    def add(self, now: float, counts: Counts) -> None:
        """Count `counts` from `now` on."""
        self._past.append((now, counts))
        self._totals.update(counts)

    def _remove_expired(self, now: float) -> None:
        while self._past and self._past[0][0] + self._seconds <= now:
            for key, count in self._past.popleft()[1].items():
                self._totals[key] -= count
                if not self._totals[key]:
                    del self._totals[key]


class RateLimits:
    """Heap's rate limits. The counts are in memory only, so a restarted sandbox starts from zero."""

    def __init__(self, options: SandboxOptions) -> None:
        minute = options.limit_seconds
        self._by_app = SlidingWindow(options.events_per_minute, minute)
        self._by_identity = SlidingWindow(options.events_per_minute_and_identity, minute)
        self._single = {
            endpoint.path: SlidingWindow(options.single_calls, minute / 2) for endpoint in (TRACK, ADD_USER_PROPERTIES)
        }

    def wait_seconds(self, body: Body, now: float) -> float:
        """Return how long a request has to wait. If it need not wait, count it and return 0.0."""
        charges = self._charges(body)
        wait = max((window.wait_seconds(now, counts) for window, counts in charges), default=0.0)
        if not wait:
            for window, counts in charges:
                window.add(now, counts)
        return wait

    def _charges(self, body: Body) -> list[tuple[SlidingWindow, Counts]]:
        subjects = Counter[Hashable]((body.app_id, subject_of(body.endpoint, record)) for record in body.records)
        if body.bulk and body.endpoint is TRACK:
            return [(self._by_app, {body.app_id: len(body.records)}), (self._by_identity, subjects)]
        if not body.bulk and body.endpoint.path in self._single:
            return [(self._single[body.endpoint.path], subjects)]
        return []  # Heap documents no limit for bulk user properties and for account properties


@dataclass(frozen=True)
class Answer:
    """Heap's answer, or the fault that replaces it."""

    status: int = 200
    text: str = ""
    reason: str = ""  # for the log
    media_type: str = "text/plain"
    retry_after: str | None = None  # value of the header
    accepted: bool = False
    fault: Fault | None = None

    @property
    def seen_status(self) -> int | None:
        """Return the status that the client reads; None if it gets no answer."""
        return self.fault.status if self.fault else self.status


def with_fault(answer: Answer, fault: Fault, now: float, *, retry_after: bool) -> Answer:
    """Return an answer with a fault in its place."""
    header = {"429": "1", "429-date": formatdate(now + 1, usegmt=True)}.get(fault.kind)
    return replace(answer, reason=f"fault: {fault}", retry_after=header if retry_after else None, fault=fault)


class RecordsApi:
    """The endpoints for events and for properties of users and accounts."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self.refused = options.refused
        self._options = options
        self._store = store
        self._limits = RateLimits(options)

    def answer(self, endpoint: Endpoint, content: bytes, content_type: str, fault: Fault | None) -> Answer:
        """Apply and log a request, and return its answer.

        A fault either replaces all of this, or replaces the answer to an accepted request. It never hides a refusal.
        """
        now = self._options.clock()
        body = read_body(endpoint, content, content_type, strict=self._options.strict, refused=self.refused)
        answer = Answer() if fault and not fault.after else self._answer(body, len(content), now)
        if fault and (answer.accepted or not fault.after):
            answer = with_fault(answer, fault, now, retry_after=self._options.retry_after)
        request = LoggedRequest(
            at=now,
            path=endpoint.path,
            status=answer.seen_status,
            reason=answer.reason,
            app_id=body.app_id,
            records=len(body.records),
            body=content,
        )
        self._store.save(request, partial(add_records, body=body, at=now) if answer.accepted else None)
        return answer

    def reset(self) -> None:
        """Delete all records and requests, and reset the rate limits."""
        self._store.reset()
        self._limits = RateLimits(self._options)

    def _answer(self, body: Body, size: int, now: float) -> Answer:
        options = self._options
        if options.max_body_bytes is not None and size > options.max_body_bytes:
            return Answer(413, "Payload Too Large")
        if body.error:
            return Answer(400, body.error if options.bad_request_index else "Bad Request", reason=body.error)
        if options.rate_limits and (wait := self._limits.wait_seconds(body, now)):
            retry_after = str(ceil(wait)) if options.retry_after else None
            return Answer(429, "Too Many Requests", "rate limit", retry_after=retry_after)
        if body.endpoint is ADD_ACCOUNT_PROPERTIES:
            return Answer(200, "OK", accepted=True)
        return Answer(200, "{}", media_type="application/json", accepted=True)
