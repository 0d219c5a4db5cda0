"""What came of a batch. Its verdict is given once, when none of its requests is in flight any longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbt_heap.heap.records import SEPARATOR, Batch, Payload, Records
from dbt_heap.heap.rejects import Reason, Reject


@dataclass(frozen=True)
class Verdict:
    """The outcomes of a batch's rows: accepted, rejected with a reason, undelivered or pending; they add up to it.

    If no row is undelivered or pending, all rows that are not among the rejects were accepted. Otherwise
    `accepted_seqs` names those that were.
    """

    batch: int
    accepted: int = 0
    rejects: tuple[Reject, ...] = ()
    undelivered: tuple[int, ...] = ()  # seqs; Heap may have these rows or not
    accepted_seqs: tuple[int, ...] = ()
    pending: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # id of a request to delete -> seqs
    cut: int = 0  # values of accepted rows that were cut to Heap's length
    requests: int = 0  # retries included
    sent_bytes: int = 0  # of records, in first attempts
    failure: str | None = None  # why rows are undelivered or delivery stops, for the user


class BatchProgress:
    """A batch in delivery: collects the outcomes of its rows until all are known."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.failure: str | None = None
        self.closed = False  # whether its verdict was given
        self.requests = 0  # 0 if nothing of it was sent
        self._accepted: list[Records] = []
        self._rejects = list(batch.rejects)
        self._undelivered: list[Records] = []
        self._pending: dict[str, tuple[int, ...]] = {}
        self._sent_bytes = 0

    @property
    def decided(self) -> bool:
        """Whether each row has an outcome."""
        known = _count(self._accepted) + len(self._rejects) + _count(self._undelivered) + self._pending_rows
        return known == len(self.batch.records) + len(self.batch.rejects)

    @property
    def all_refused(self) -> bool:
        """Whether Heap refused all of its records, and there were several."""
        some_taken = self._accepted or self._undelivered or self._pending
        return not some_taken and len(self.batch.records) > 1

    def sent(self, records: Records) -> None:
        """Count a request with these records."""
        self.requests += 1
        self._sent_bytes += len(records.text)

    def not_sent(self, records: Records) -> None:
        """Uncount a request that was not made after all."""
        self.requests -= 1
        self._sent_bytes -= len(records.text)

    def retried(self, times: int) -> None:
        """Count the retries of a request."""
        self.requests += times

    def accept(self, records: Records) -> None:
        """Note that Heap accepted these records."""
        self._accepted.append(records)

    def defer(self, records: Records, request_id: str) -> None:
        """Note that Heap will carry out a request with these records."""
        self._pending[request_id] = (*self._pending.get(request_id, ()), *records.seqs)

    def reject(self, single: Records) -> None:
        """Note that Heap refused the one record of a request."""
        self._rejects += [Reject(seq, Reason.REFUSED_BY_HEAP) for seq in single.seqs]

    def give_up(self, records: Records, failure: str | None) -> None:
        """Note that this run will not know whether Heap has these records. No failure if it was asked to stop."""
        self._undelivered.append(records)
        self.failure = self.failure or failure

    def verdict(self) -> Verdict:
        """Return the outcomes of all rows; called once."""
        self.closed = True
        if not self.decided:
            raise AssertionError(f"batch {self.batch.number}: the outcomes do not add up to its rows")
        return Verdict(
            batch=self.batch.number,
            accepted=_count(self._accepted),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.seq)),
            undelivered=_seqs(self._undelivered),
            accepted_seqs=_seqs(self._accepted) if self._undelivered or self._pending else (),
            pending=self._pending,
            cut=sum(sum(each.cuts) for each in self._accepted),
            requests=self.requests,
            sent_bytes=self._sent_bytes,
            failure=self.failure,
        )

    @property
    def _pending_rows(self) -> int:
        return sum(map(len, self._pending.values()))


class VerdictBuffer:
    """Verdicts that are handed on together: many at once or a few seconds' worth, but the first one at once."""

    def __init__(self, max_batches: int, max_seconds: float, clock: Callable[[], float]) -> None:
        self._max_batches = max_batches
        self._max_seconds = max_seconds
        self._clock = clock
        self._verdicts: list[Verdict] = []
        self._due = clock()

    def add(self, verdict: Verdict) -> None:
        """Add a verdict."""
        self._verdicts.append(verdict)

    def due_in(self) -> float | None:
        """Return the seconds until the verdicts should be handed on, at most 0.0 if now; None if there are none."""
        if not self._verdicts:
            return None
        return 0.0 if len(self._verdicts) >= self._max_batches else self._due - self._clock()

    def take(self) -> tuple[Verdict, ...]:
        """Return the verdicts by batch, and start the next group."""
        taken = tuple(sorted(self._verdicts, key=lambda verdict: verdict.batch))
        self._verdicts = []
        self._due = self._clock() + self._max_seconds
        return taken


def _count(groups: Iterable[Records]) -> int:
    return sum(map(len, groups))


def _seqs(groups: Iterable[Records]) -> tuple[int, ...]:
    return tuple(sorted(seq for records in groups for seq in records.seqs))


@dataclass(frozen=True)
class Chunk:
    """Records of a batch that go in one request."""

    progress: BatchProgress
    records: Records
    suspect: bool = False  # cut out of a chunk that was refused


def split_to_limits(progress: BatchProgress, *, max_records: int, max_bytes: int) -> Iterator[Chunk]:
    """Yield a batch in as few chunks as the limits allow; a record above `max_bytes` goes alone, for Heap to judge."""
    records = progress.batch.records
    if len(records) > max_records or len(records.text) > max_bytes:
        yield from (Chunk(progress, Records.of(piece)) for piece in _pieces(records.split(), max_records, max_bytes))
    elif records:
        yield Chunk(progress, records)


def _pieces(payloads: Iterable[Payload], max_records: int, max_bytes: int) -> Iterator[Sequence[Payload]]:
    """Yield payloads in their order in pieces that fit; none is empty."""
    piece: list[Payload] = []
    size = 0
    for payload in payloads:
        size += len(payload.record) + len(SEPARATOR)
        if piece and (size > max_bytes or len(piece) == max_records):
            yield piece
            piece, size = [], len(payload.record) + len(SEPARATOR)
        piece.append(payload)
    yield piece


def bisect(chunk: Chunk, index: int | None) -> list[Chunk]:
    """Split a refused chunk of several records, to isolate the bad ones.

    The record that Heap names goes alone: only if it is refused there, it is bad. The rest goes together the first
    time, when one bad record is likely, and in halves later. So hundreds of bad records cost no more requests than
    halving a batch for each.
    """
    payloads = chunk.records.split()
    if index is None or index >= len(payloads):
        pieces = _halves(payloads)
    else:
        rest = payloads[:index] + payloads[index + 1 :]
        pieces = [(payloads[index],), *(_halves(rest) if chunk.suspect else [rest])]
    return [Chunk(chunk.progress, Records.of(piece), suspect=True) for piece in pieces if piece]


def _halves(payloads: Sequence[Payload]) -> list[Sequence[Payload]]:
    middle = len(payloads) // 2
    return [payloads[:middle], payloads[middle:]]
