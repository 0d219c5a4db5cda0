"""What became of a batch: told once, when nothing of it is under way any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dbt_heap.heap.records import SEPARATOR, Batch, Payload, Records
from dbt_heap.heap.rejects import Reason, Reject


@dataclass(frozen=True)
class Verdict:
    """The fates of a batch's rows: accepted, rejected with a reason, or undelivered; they add up to the batch.

    A batch without undelivered rows is wholly decided: what is not among its rejects was accepted. Else
    `accepted_seqs` names what was.
    """

    batch: int
    accepted: int
    rejects: tuple[Reject, ...]
    undelivered: tuple[int, ...]  # seqs; Heap may hold these rows or not
    accepted_seqs: tuple[int, ...]
    cut: int  # values of accepted rows that were cut to Heap's length
    requests: int  # retries included
    sent_bytes: int  # of records, in first tries
    failure: str | None  # why rows are undelivered or delivery stops, in words for people


class Tally:
    """A batch that is under way: collects the fates of its rows until all are known."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.failure: str | None = None
        self.told = False
        self._accepted: list[Records] = []
        self._rejects = list(batch.rejects)
        self._undelivered: list[Records] = []
        self._requests = 0
        self._sent_bytes = 0

    @property
    def decided(self) -> bool:
        """Whether each row has its fate."""
        return self._known == len(self.batch.records) + len(self.batch.rejects)

    @property
    def sent(self) -> bool:
        """Whether any of it has gone to Heap."""
        return self._requests > 0

    @property
    def barren(self) -> bool:
        """Whether Heap refused all of it, and that is not the fault of a single record."""
        return not self._accepted and not self._undelivered and len(self.batch.records) > 1

    def sending(self, records: Records) -> None:
        """Counts a request that is made with these."""
        self._requests += 1
        self._sent_bytes += len(records.text)

    def not_sent(self, records: Records) -> None:
        """Takes back a request that was not made after all."""
        self._requests -= 1
        self._sent_bytes -= len(records.text)

    def retried(self, times: int) -> None:
        """Counts the further tries of a request."""
        self._requests += times

    def accept(self, records: Records) -> None:
        """Heap has taken these."""
        self._accepted.append(records)

    def reject(self, alone: Records) -> None:
        """Heap has refused the one record of a request."""
        self._rejects += [Reject(seq, Reason.REFUSED_BY_HEAP) for seq in alone.seqs]

    def give_up(self, records: Records, failure: str | None) -> None:
        """Nobody will know in this run whether Heap holds these; there is no failure where a stop was asked for."""
        self._undelivered.append(records)
        self.failure = self.failure or failure

    def verdict(self) -> Verdict:
        """The fates of all rows; asked for once."""
        self.told = True
        if not self.decided:
            raise AssertionError(f"batch {self.batch.number}: fates do not add up to its rows")
        return Verdict(
            batch=self.batch.number,
            accepted=_count(self._accepted),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.seq)),
            undelivered=_seqs(self._undelivered),
            accepted_seqs=_seqs(self._accepted) if self._undelivered else (),
            cut=sum(sum(each.cuts) for each in self._accepted),
            requests=self._requests,
            sent_bytes=self._sent_bytes,
            failure=self.failure,
        )

    @property
    def _known(self) -> int:
        return _count(self._accepted) + len(self._rejects) + _count(self._undelivered)


class Group:
    """Verdicts that are handed on together: many at once or a few seconds' worth, the very first at once."""

    def __init__(self, max_batches: int, max_seconds: float, clock: Callable[[], float]) -> None:
        self._max_batches = max_batches
        self._max_seconds = max_seconds
        self._clock = clock
        self._verdicts: list[Verdict] = []
        self._due = clock()

    def add(self, verdict: Verdict) -> None:
        """Takes one more verdict."""
        self._verdicts.append(verdict)

    def due_in(self) -> float | None:
        """Seconds until the group should be handed on, not above 0.0 when now; None when it is empty."""
        if not self._verdicts:
            return None
        return 0.0 if len(self._verdicts) >= self._max_batches else self._due - self._clock()

    def take(self) -> tuple[Verdict, ...]:
        """The verdicts gathered, by batch; the next group starts now."""
        taken = tuple(sorted(self._verdicts, key=lambda verdict: verdict.batch))
        self._verdicts = []
        self._due = self._clock() + self._max_seconds
        return taken


def _count(groups: Iterable[Records]) -> int:
    return sum(map(len, groups))


def _seqs(groups: Iterable[Records]) -> tuple[int, ...]:
    return tuple(sorted(seq for records in groups for seq in records.seqs))


@dataclass(frozen=True)
class Part:
    """Records of a batch that go in one request."""

    tally: Tally
    records: Records
    suspect: bool = False  # cut out of a part that was refused


def fitting(tally: Tally, *, max_records: int, max_bytes: int) -> Iterator[Part]:
    """A batch in as few parts as the limits allow; a record above `max_bytes` goes alone and Heap may judge it."""
    records = tally.batch.records
    if len(records) > max_records or len(records.text) > max_bytes:
        yield from (Part(tally, Records.of(piece)) for piece in _pieces(records.split(), max_records, max_bytes))
    elif records:
        yield Part(tally, records)


def _pieces(payloads: Iterable[Payload], max_records: int, max_bytes: int) -> Iterator[Sequence[Payload]]:
    """In their order, none of them empty."""
    piece: list[Payload] = []
    size = 0
    for payload in payloads:
        size += len(payload.record) + len(SEPARATOR)
        if piece and (size > max_bytes or len(piece) == max_records):
            yield piece
            piece, size = [], len(payload.record) + len(SEPARATOR)
        piece.append(payload)
    yield piece


def narrowed(part: Part, index: int | None) -> list[Part]:
    """A refused part of several records, cut so that the guilty ones end up alone.

    The record that Heap names goes alone: it is believed to be guilty when it is refused there. The rest goes
    as one the first time, when one guilty record is likely; later in halves, so that hundreds of guilty ones
    cost no more than logarithmically many times their batch.
    """
    payloads = part.records.split()
    if index is None or index >= len(payloads):
        pieces = _halves(payloads)
    else:
        rest = payloads[:index] + payloads[index + 1 :]
        pieces = [(payloads[index],), *(_halves(rest) if part.suspect else [rest])]
    return [Part(part.tally, Records.of(piece), suspect=True) for piece in pieces if piece]


def _halves(payloads: Sequence[Payload]) -> list[Sequence[Payload]]:
    middle = len(payloads) // 2
    return [payloads[:middle], payloads[middle:]]
