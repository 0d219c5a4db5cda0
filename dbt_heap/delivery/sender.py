"""Keep requests in flight. Requests are made in threads; everything else happens in the caller's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from dbt_heap.delivery.throttle import Breaker, RateLimiter, WaveGate
from dbt_heap.delivery.verdicts import BatchProgress, Chunk, Verdict, VerdictBuffer, bisect, split_to_limits
from dbt_heap.heap.client import IN_FLIGHT, Answer, Outcome
from dbt_heap.heap.records import Batch, Records
from dbt_heap.http.limits import MAX_BATCH

NAP_SECONDS = 0.5  # the longest wait while requests are in flight, so answers are handled soon


class Channel(Protocol):
    """What a delivery needs: `send` is called in threads, the rest in the caller's thread."""

    def send(self, records: Records) -> Answer:
        """Make one request, retries included."""

    def stop_retrying(self) -> None:
        """Retry no request any longer."""

    def should_continue(self) -> bool:
        """Return whether to send more. Called at least twice a second."""

    def sleep(self, seconds: float) -> None:
        """Wait until more may be sent."""


@dataclass(frozen=True)
class DeliverySettings:
    """How much is sent at once, and when a delivery stops."""

    in_flight: int = IN_FLIGHT  # requests at once
    prefetch: int = 0  # further requests that are ready to follow, to keep Heap busy while the caller's thread is
    max_records: int = MAX_BATCH  # of one request
    max_bytes: int = 5_000_000  # of one request's records
    max_all_refused: int = 3  # batches in a row of which Heap refuses every record
    group_batches: int = 50  # verdicts that are handed on together, at most
    group_seconds: float = 5.0  # that a verdict waits for others, at most


def deliver(
    batches: Iterable[Batch],
    channel: Channel,
    settings: DeliverySettings,
    *,
    limiter: RateLimiter,
    breaker: Breaker,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Verdict, ...]]:
    """Send batches, and yield their verdicts in groups as they are reached.

    A batch is pulled when a request for it can be made, or prepared to follow. At most `in_flight` + `prefetch` + 1
    batches are undecided at any time.

    Delivery stops if the breaker is open, if Heap refuses every record of several batches in a row, or if the channel
    says so. Then requests in flight finish without retries, and batches that were never sent get no verdict.
    """
    buffer = VerdictBuffer(settings.group_batches, settings.group_seconds, clock)
    waves = WaveGate(clock, limiter.window_seconds)
    with ThreadPoolExecutor(settings.in_flight, thread_name_prefix="heap") as pool:
        sender = _Sender(iter(batches), pool.submit, channel, buffer.add, settings, limiter, waves, breaker)
        try:
            while sender.busy:
                pause = sender.start()
                if pause is not None and sender.in_flight:
                    pause = min(pause, NAP_SECONDS)
                due = buffer.due_in()
                if due is not None and due <= (pause or 0.0):
                    yield buffer.take()
                    due = None
                if pause is not None:
                    channel.sleep(min(pause, NAP_SECONDS))
                sender.collect(timeout=min(NAP_SECONDS, due or NAP_SECONDS) if pause is None else 0.0)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if sender.busy:  # a caller that leaves early does not wait for retries
                channel.stop_retrying()
    if buffer.due_in() is not None:
        yield buffer.take()


@dataclass
class _Sender:
    """The chunks that wait, and those that are in flight or ready to be."""

    source: Iterator[Batch]
    submit: Callable[[Callable[[Records], Answer | None], Records], Future[Answer | None]]
    channel: Channel
    emit: Callable[[Verdict], None]  # called with a batch's verdict once all of its rows are decided
    settings: DeliverySettings
    limiter: RateLimiter
    waves: WaveGate
    breaker: Breaker
    waiting: deque[Chunk] = field(default_factory=deque)
    in_flight: dict[Future[Answer | None], Chunk] = field(default_factory=dict)
    failures: list[Answer] = field(default_factory=list)  # answers that accept nothing, as threads get them
    judged: int = 0  # of the failures
    settled: int = 0  # of the failures, after which more may be sent
    all_refused: int = 0  # batches in a row of which Heap refused every record
    exhausted: bool = False  # there is no batch left to pull
    stopped: bool = False  # nothing is sent any longer
    reason: str | None = None  # why it stopped, for the user; None if it was asked to

    @property
    def busy(self) -> bool:
        """Whether there may be something to do."""
        return bool(self.in_flight or self.waiting) or not self.exhausted

    def start(self) -> float | None:
        """Start the requests that may start. Return the seconds until another may; None if it waits for an answer."""
        room = self.settings.in_flight + self.settings.prefetch
        while self._may_send() and len(self.in_flight) < room and (chunk := self._next_chunk()):
            pause = self._pause(chunk)
            if pause != 0.0:
                return pause
            self.waiting.popleft()
            chunk.progress.sent(chunk.records)
            self.in_flight[self.submit(self._request, chunk.records)] = chunk
        return None

    def collect(self, timeout: float | None) -> None:
        """Judge the answers that have come; wait up to `timeout` seconds for one if a request is in flight."""
        if not self.in_flight:
            return
        answered, _ = wait(self.in_flight, timeout, FIRST_COMPLETED)
        for future in answered:
            chunk, answer = self.in_flight.pop(future), future.result()
            if answer is None:
                self._take_back(chunk)
                continue
            self.waves.answered()
            self._judge(chunk, answer)
            self._close(chunk.progress)

    def _request(self, records: Records) -> Answer | None:
        """Make a request, in a thread. Return None if a failure is not judged yet, because it may end the delivery."""
        if len(self.failures) > self.settled:
            return None
        answer = self.channel.send(records)
        if answer.outcome not in (Outcome.ACCEPTED, Outcome.PENDING):
            self.failures.append(answer)
        return answer

    def _take_back(self, chunk: Chunk) -> None:
        """Return a chunk that was not sent to those that wait, or leave it out if the delivery has stopped."""
        chunk.progress.not_sent(chunk.records)
        if self.stopped:
            self._leave_out(chunk)
        else:
            self.waiting.appendleft(chunk)

    def _may_send(self) -> bool:
        """Return whether anything may still be sent; asked before each request."""
        if self.stopped:
            return False
        if self.breaker.open:
            self._stop(self.breaker.reason)
        elif not self.channel.should_continue():
            self._stop(None)
        if not self.stopped:
            self.settled = self.judged
        return not self.stopped

    def _next_chunk(self) -> Chunk | None:
        """Return the chunk to send next, and leave it there; pull a batch if none waits. None if nothing is left."""
        if not self.waiting and not self.exhausted:
            batch = next(self.source, None)
            self.exhausted = batch is None
            if batch is not None:
                self._open(batch)
        return self.waiting[0] if self.waiting else None

    def _open(self, batch: Batch) -> None:
        progress = BatchProgress(batch)
        max_records = min(self.settings.max_records, self.limiter.per_minute or self.settings.max_records)
        self.waiting.extend(split_to_limits(progress, max_records=max_records, max_bytes=self.settings.max_bytes))
        self._close(progress)

    def _pause(self, chunk: Chunk) -> float | None:
        wave = chunk.progress.batch.wave
        if any(other.progress.batch.wave != wave for other in self.in_flight.values()):
            return None
        return self.waves.acquire(wave) or self.limiter.acquire(len(chunk.records))

    def _judge(self, chunk: Chunk, answer: Answer) -> None:
        progress, records = chunk.progress, chunk.records
        progress.retried(answer.retries)
        self.breaker.note(answer)
        if answer.outcome is Outcome.ACCEPTED:
            progress.accept(records)
            self.all_refused = 0
            return
        if answer.outcome is Outcome.PENDING:
            progress.defer(records, answer.request_id)
            self.all_refused = 0
            return
        self.judged += 1
        if answer.outcome is not Outcome.REFUSED:
            progress.give_up(records, answer.reason)
        elif len(records) == 1:
            progress.reject(records)
        elif self.stopped:
            progress.give_up(records, self.reason)  # the bad record is not looked for any longer
        else:
            self.waiting.extendleft(reversed(bisect(chunk, answer.index)))

    def _stop(self, reason: str | None) -> None:
        """Stop sending; wait for requests in flight. Batches that were not sent at all get no verdict."""
        if self.stopped:
            return
        self.stopped = self.exhausted = True
        self.reason = reason
        for future in [each for each in self.in_flight if each.cancel()]:
            self._take_back(self.in_flight.pop(future))
        self.channel.stop_retrying()
        left, self.waiting = self.waiting, deque()
        for chunk in left:
            self._leave_out(chunk)

    def _leave_out(self, chunk: Chunk) -> None:
        """Give up a chunk that is not sent any longer, if other chunks of its batch were sent."""
        if chunk.progress.requests:
            chunk.progress.give_up(chunk.records, self.reason)
            self._close(chunk.progress)

    def _close(self, progress: BatchProgress) -> None:
        """Emit the verdict if all rows are decided, and stop if Heap refuses everything."""
        if progress.closed or not progress.decided:
            return
        self.all_refused += progress.all_refused
        if self.all_refused >= self.settings.max_all_refused and not self.stopped:
            progress.failure = (
                f"it refused every row of {self.all_refused} batches in a row, each on its own, so the rest was not "
                "tried. If those rows are correct, resend them: dbt-heap sync --retry-rejected"
            )
            self._stop(progress.failure)
        self.emit(progress.verdict())
