"""The loop that keeps requests in flight. Requests are made in threads; all else happens in the caller's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeAlias

from dbt_heap.delivery.throttle import Breaker, RateLimiter, WaveGate
from dbt_heap.delivery.verdicts import Group, Part, Tally, Verdict, fitting, narrowed
from dbt_heap.heap.client import Answer, Outcome
from dbt_heap.heap.records import Batch, Records
from dbt_heap.http.limits import MAX_BATCH

Send: TypeAlias = Callable[[Records], Answer]

NAP_SECONDS = 0.5  # while requests are in flight, so that their answers are not left lying


def deliver(
    batches: Iterable[Batch],
    *,
    send: Send,
    pace: RateLimiter,
    in_flight: int,
    ahead: int = 0,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    should_continue: Callable[[], bool] = lambda: True,
    stop_retrying: Callable[[], None] = lambda: None,
    breaker: Breaker | None = None,
    group_batches: int = 50,
    group_seconds: float = 5.0,
    max_bytes: int = 5_000_000,
    max_barren: int = 3,
) -> Iterator[tuple[Verdict, ...]]:
    """Yields the verdicts on `batches` in groups, as they are reached.

    A batch is pulled when a request of it can be made, or made ready to follow: `ahead` of them keep Heap busy while
    this thread is, for as long as Heap takes all it gets. At most `in_flight` + `ahead` + 1 batches are undecided at
    any time. `sleep` is called only in this thread, to wait for the pace, and `go_on` at least twice a second.

    With an open `breaker`, after `max_barren` batches in a row of which Heap refused every record, or where `go_on`
    says no, no more is sent: `hurry` is called, what flies lands, and batches that were never sent have no verdict.
    """
    group = Group(group_batches, group_seconds, clock)
    with ThreadPoolExecutor(in_flight, thread_name_prefix="heap") as pool:
        sender = _Sender(
            iter(batches), pool.submit, send, group.add, should_continue, stop_retrying, pace,
            waves=WaveGate(clock, pace.window_seconds), breaker=breaker or Breaker(),
            room=in_flight + ahead, max_bytes=max_bytes, max_barren=max_barren,
        )  # fmt: skip
        try:
            while sender.busy:
                pause = sender.start()
                if pause is not None and sender.flying:
                    pause = min(pause, NAP_SECONDS)
                due = group.due_in()
                if due is not None and due <= (pause or 0.0):
                    yield group.take()
                    due = None
                if pause is not None:
                    sleep(min(pause, NAP_SECONDS))
                sender.collect(timeout=min(NAP_SECONDS, due or NAP_SECONDS) if pause is None else 0.0)
        finally:
            stop_retrying()  # whoever leaves early has not to wait for further tries
            pool.shutdown(wait=False, cancel_futures=True)
    if group.due_in() is not None:
        yield group.take()


@dataclass
class _Sender:
    """The parts that wait, and those that fly or are ready to; `tell` gets a batch's verdict once all is decided."""

    source: Iterator[Batch]
    submit: Callable[[Callable[[Records], Answer | None], Records], Future[Answer | None]]
    send: Send
    tell: Callable[[Verdict], None]
    should_continue: Callable[[], bool]
    stop_retrying: Callable[[], None]
    pace: RateLimiter
    waves: WaveGate
    breaker: Breaker
    room: int  # requests that fly or are ready to
    max_bytes: int
    max_barren: int
    waiting: deque[Part] = field(default_factory=deque)
    flying: dict[Future[Answer | None], Part] = field(default_factory=dict)
    troubles: list[Answer] = field(default_factory=list)  # answers by which nothing was taken, as threads get them
    judged: int = 0  # of them
    settled: int = 0  # of them, after which more may be sent
    barren: int = 0  # batches in a row of which Heap refused every record
    exhausted: bool = False  # there is no batch left to pull
    stopped: bool = False  # nothing is sent any more
    failure: str | None = None  # why, in words for people; None where it was asked for

    @property
    def busy(self) -> bool:
        """Whether there may be something to do."""
        return bool(self.flying or self.waiting) or not self.exhausted

    def start(self) -> float | None:
        """Starts the requests that may go. Seconds until another may; None when only an answer can tell."""
        while self._may_send() and len(self.flying) < self.room and (part := self._next_part()):
            pause = self._pause(part)
            if pause != 0.0:
                return pause
            self.waiting.popleft()
            part.tally.sending(part.records)
            self.flying[self.submit(self._fly, part.records)] = part
        return None

    def collect(self, timeout: float | None) -> None:
        """Judges the answers that have come; waits up to `timeout` seconds for one if something flies."""
        if not self.flying:
            return
        answered, _ = wait(self.flying, timeout, FIRST_COMPLETED)
        for future in answered:
            part, answer = self.flying.pop(future), future.result()
            if answer is None:
                self._call_back(part)
                continue
            self.waves.answered()
            self._judge(part, answer)
            self._close(part.tally)

    def _fly(self, records: Records) -> Answer | None:
        """In a thread of its own: the answer. None where another is not judged yet, after which no more may be sent."""
        if len(self.troubles) > self.settled:
            return None
        answer = self.send(records)
        if answer.outcome is not Outcome.ACCEPTED:
            self.troubles.append(answer)
        return answer

    def _call_back(self, part: Part) -> None:
        """Has a part that was ready wait again, or stay."""
        part.tally.not_sent(part.records)
        if self.stopped:
            self._leave(part)
        else:
            self.waiting.appendleft(part)

    def _may_send(self) -> bool:
        """Whether anything may be sent still; asked before each request."""
        if self.stopped:
            return False
        if self.breaker.open:
            self._stop(self.breaker.reason)
        elif not self.should_continue():
            self._stop(None)
        if not self.stopped:
            self.settled = self.judged
        return not self.stopped

    def _next_part(self) -> Part | None:
        """The part to send next, left where it is; a batch is pulled when there is none. None when there is nothing."""
        if not self.waiting and not self.exhausted:
            batch = next(self.source, None)
            self.exhausted = batch is None
            if batch is not None:
                self._open(batch)
        return self.waiting[0] if self.waiting else None

    def _open(self, batch: Batch) -> None:
        tally = Tally(batch)
        max_records = min(MAX_BATCH, self.pace.per_minute or MAX_BATCH)
        self.waiting.extend(fitting(tally, max_records=max_records, max_bytes=self.max_bytes))
        self._close(tally)

    def _pause(self, part: Part) -> float | None:
        wave = part.tally.batch.wave
        if any(other.tally.batch.wave != wave for other in self.flying.values()):
            return None
        return self.waves.enter(wave) or self.pace.reserve(len(part.records))

    def _judge(self, part: Part, answer: Answer) -> None:
        part.tally.retried(answer.retries)
        self.breaker.note(answer)
        self.judged += answer.outcome is not Outcome.ACCEPTED
        if answer.outcome is Outcome.ACCEPTED:
            part.tally.accept(part.records)
            self.barren = 0
        elif answer.outcome is Outcome.REFUSED and len(part.records) == 1:
            part.tally.reject(part.records)
        elif answer.outcome is Outcome.REFUSED and not self.stopped:
            self.waiting.extendleft(reversed(narrowed(part, answer.index)))
        elif answer.outcome is Outcome.REFUSED:
            part.tally.give_up(part.records, self.failure)  # nobody looks for the guilty record any more
        else:
            part.tally.give_up(part.records, answer.reason)

    def _stop(self, failure: str | None) -> None:
        """Lets what flies land, and sends no more; batches that have not flown at all get no verdict."""
        if self.stopped:
            return
        self.stopped = self.exhausted = True
        self.failure = failure
        self.stop_retrying()
        for future in [each for each in self.flying if each.cancel()]:
            self._call_back(self.flying.pop(future))
        left, self.waiting = self.waiting, deque()
        for part in left:
            self._leave(part)

    def _leave(self, part: Part) -> None:
        """Gives up what is not sent any more, if others of its batch were."""
        if part.tally.sent:
            part.tally.give_up(part.records, self.failure)
            self._close(part.tally)

    def _close(self, tally: Tally) -> None:
        """Tells the verdict if all is known, and stops if Heap refuses all that it gets."""
        if tally.told or not tally.decided:
            return
        self.barren += tally.barren
        if self.barren >= self.max_barren and not self.stopped:
            tally.failure = (
                f"it refused every row of {self.barren} batches in a row, each on its own, and the rest was not tried; "
                "if those rows are well, `dbt-heap sync --retry-rejected` sends them again"
            )
            self._stop(tally.failure)
        self.tell(tally.verdict())
