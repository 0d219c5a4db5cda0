"""One request judged, kept and answered; no HTTP here."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil

from dbt_heap.sandbox.body import Submission, read
from dbt_heap.sandbox.database import Entry, Store
from dbt_heap.sandbox.options import Fault, SandboxOptions
from dbt_heap.sandbox.rules import ADD_ACCOUNT_PROPERTIES, ADD_USER_PROPERTIES, TRACK, Endpoint, subject_of

Counts = Mapping[Hashable, int]


class Window:
    """At most `limit` of each key within any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._past: deque[tuple[float, Counts]] = deque()
        self._totals: Counter[Hashable] = Counter()

    def wait_seconds(self, now: float, counts: Counts) -> float:
        """How long until there is room for `counts`; 0.0 where there is room now."""
        self._forget(now)
        over = {key: self._totals[key] + count - self._limit for key, count in counts.items()}
        over = {key: excess for key, excess in over.items() if excess > 0}
        if not over:
            return 0.0
        for at, past in self._past:
            over = {key: left for key, excess in over.items() if (left := excess - past.get(key, 0)) > 0}
            if not over:
                return at + self._seconds - now
        return self._seconds  # more than the limit by itself: no wait will help

    def add(self, now: float, counts: Counts) -> None:
        """Counts `counts` from `now` on."""
        self._past.append((now, counts))
        self._totals.update(counts)

    def _forget(self, now: float) -> None:
        while self._past and self._past[0][0] + self._seconds <= now:
            for key, count in self._past.popleft()[1].items():
                self._totals[key] -= count
                if not self._totals[key]:
                    del self._totals[key]


class Rates:
    """Which submissions must wait. Windows are kept in memory: a restarted sandbox has seen nothing."""

    def __init__(self, options: SandboxOptions) -> None:
        minute = options.limit_seconds
        self._by_app = Window(options.events_per_minute, minute)
        self._by_identity = Window(options.events_per_minute_and_identity, minute)
        self._single = {
            endpoint.path: Window(options.single_calls, minute / 2) for endpoint in (TRACK, ADD_USER_PROPERTIES)
        }

    def wait_seconds(self, submission: Submission, now: float) -> float:
        """How long the submission has to wait; 0.0 where it need not, and then it is counted."""
        charges = self._charges(submission)
        wait = max((window.wait_seconds(now, counts) for window, counts in charges), default=0.0)
        if not wait:
            for window, counts in charges:
                window.add(now, counts)
        return wait

    def _charges(self, submission: Submission) -> list[tuple[Window, Counts]]:
        people = Counter[Hashable](
            (submission.app_id, subject_of(submission.endpoint, record)) for record in submission.records
        )
        if submission.bulk and submission.endpoint is TRACK:
            return [(self._by_app, {submission.app_id: len(submission.records)}), (self._by_identity, people)]
        if not submission.bulk and submission.endpoint.path in self._single:
            return [(self._single[submission.endpoint.path], people)]
        return []  # Heap states no limit on bulk user properties, nor on account properties


@dataclass(frozen=True)
class Answer:
    """What Heap answers, or the fault that comes in its place."""

    status: int = 200
    text: str = ""
    reason: str = ""  # for the log
    media_type: str = "text/plain"
    retry_after: str | None = None  # as the header says it
    taken: bool = False
    fault: Fault | None = None

    @property
    def seen_status(self) -> int | None:
        """The status the client reads; None where no answer comes."""
        return self.fault.status if self.fault else self.status


def spoiled(answer: Answer, fault: Fault, now: float, *, retry_after: bool) -> Answer:
    """An answer with a fault in its place."""
    asked = {"429": "1", "429-date": formatdate(now + 1, usegmt=True)}.get(fault.kind)
    return replace(answer, reason=f"fault: {fault}", retry_after=asked if retry_after else None, fault=fault)


class Intake:
    """The sandbox behind its door."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self.refused = options.refused
        self._options = options
        self._store = store
        self._rates = Rates(options)

    def answer(self, endpoint: Endpoint, body: bytes, content_type: str, fault: Fault | None) -> Answer:
        """The answer to `body`, once it is logged and, where it deserves it, taken.

        A fault comes before the body is judged, or spoils the answer to a body that was taken. What Heap would
        refuse is refused plainly: no fault turns a refusal into a success.
        """
        now = self._options.clock()
        self._store.delete_due(now)
        submission = read(endpoint, body, content_type, strict=self._options.strict, refused=self.refused)
        if fault and not fault.after:
            answer = spoiled(Answer(), fault, now, retry_after=self._options.retry_after)
        else:
            answer = self._refusal(submission, len(body), now) or self._welcome(endpoint)
            if fault and answer.taken:
                answer = spoiled(answer, fault, now, retry_after=self._options.retry_after)
        self._keep(submission, body, now, answer)
        return answer

    def reset(self) -> None:
        """Forgets what was kept and what was counted."""
        self._store.reset()
        self._rates = Rates(self._options)

    def _refusal(self, submission: Submission, size: int, now: float) -> Answer | None:
        options = self._options
        if options.max_body_bytes is not None and size > options.max_body_bytes:
            return Answer(413, "Payload Too Large")
        if submission.fault:
            text = submission.fault if options.bad_request_index else "Bad Request"
            return Answer(400, text, reason=submission.fault)
        wait = self._rates.wait_seconds(submission, now) if options.rate_limits else 0.0
        return self._too_many(wait) if wait else None

    def _too_many(self, wait_seconds: float) -> Answer:
        retry_after = str(ceil(wait_seconds)) if self._options.retry_after else None
        return Answer(429, "Too Many Requests", "rate limit", retry_after=retry_after)

    def _welcome(self, endpoint: Endpoint) -> Answer:
        if endpoint is ADD_ACCOUNT_PROPERTIES:
            return Answer(200, "OK", taken=True)
        return Answer(200, "{}", media_type="application/json", taken=True)

    def _keep(self, submission: Submission, body: bytes, now: float, answer: Answer) -> None:
        entry = Entry(
            at=now,
            path=submission.endpoint.path,
            status=answer.seen_status,
            reason=answer.reason,
            app_id=submission.app_id,
            records=len(submission.records),
            body=body,
        )
        self._store.keep(entry, submission if answer.taken else None)
