"""One request judged, kept and answered; no HTTP here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil

from dbt_heap.sandbox.faults import Fault
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.rates import Rates
from dbt_heap.sandbox.rules import ADD_ACCOUNT_PROPERTIES, Endpoint
from dbt_heap.sandbox.store import Entry, Store
from dbt_heap.sandbox.submissions import Submission, read


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
