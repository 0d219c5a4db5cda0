"""Charts of row counts as rectangles in units of their own, which the template draws as SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbt_heap.reports.facts import Run

OUTCOMES = ("accepted", "rejected", "undelivered")
HEIGHT = 100.0
_MIN_LENGTH = 1.5  # so one reject among millions is visible
_MAX_BARS = 60
_STEPS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24))


@dataclass(frozen=True)
class Segment:
    """One outcome's share of a bar."""

    outcome: str
    start: float
    length: float


@dataclass(frozen=True)
class Bar:
    """The rows of one time step, by outcome."""

    begin: datetime  # UTC
    counts: tuple[int, ...]  # in the order of OUTCOMES
    segments: tuple[Segment, ...]

    @property
    def total(self) -> int:
        """Return the number of rows."""
        return sum(self.counts)


@dataclass(frozen=True)
class Timeline:
    """Rows over time, in bars of equal width."""

    step: timedelta
    top: int  # the row count of a full-height bar
    bars: tuple[Bar, ...]

    @property
    def unit(self) -> str:
        """Return the time step in words."""
        hours = int(self.step.total_seconds() // 3600)
        if hours < 24:
            return "hour" if hours == 1 else f"{hours} hours"
        return {1: "day", 7: "week"}.get(hours // 24, f"{hours // 24} days")

    @property
    def clock(self) -> str:
        """Return the strftime format of a bar's start."""
        return "%d %b %H:%M" if self.step < timedelta(days=1) else "%d %b %Y"


def counts(run: Run) -> tuple[int, ...]:
    """Return the rows of a run in the order of OUTCOMES."""
    return run.accepted, run.rejected, run.undelivered


def outcome_bar(counts: Sequence[int], length: float = HEIGHT) -> tuple[Segment, ...]:
    """Return one segment per outcome that has rows, end to end over a length. `counts` is in the order of OUTCOMES."""
    if not any(counts):
        return ()
    lengths = [max(length * count / sum(counts), _MIN_LENGTH) if count else 0.0 for count in counts]
    scale = length / sum(lengths)
    return tuple(_laid([each * scale for each in lengths]))


def timeline(runs: Iterable[Run]) -> Timeline | None:
    """Return the rows of all runs over time, in the shortest time step that fits; None if there are no runs."""
    known = sorted(runs, key=lambda run: run.started_at)
    if not known:
        return None
    span = known[-1].started_at - known[0].started_at
    step = next((each for each in _STEPS if span / each < _MAX_BARS - 1), _STEPS[-1])
    first = _floor(known[0].started_at, step)
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(OUTCOMES))
    for run in known:
        place = sums[(run.started_at - first) // step]
        place[:] = [before + more for before, more in zip(place, counts(run), strict=True)]
    top = _round_up(max(sum(each) for each in sums.values()))
    bars = (_bar(first + place * step, sums.get(place, [0] * len(OUTCOMES)), top) for place in range(max(sums) + 1))
    return Timeline(step, top, tuple(bars))


def _bar(begin: datetime, counts: Sequence[int], top: int) -> Bar:
    lengths = [max(HEIGHT * count / top, _MIN_LENGTH) if count else 0.0 for count in counts]
    return Bar(begin, tuple(counts), tuple(_laid(lengths)))


def _laid(lengths: Sequence[float]) -> Iterator[Segment]:
    start = 0.0
    for outcome, length in zip(OUTCOMES, lengths, strict=True):
        if length:
            yield Segment(outcome, round(start, 2), round(length, 2))
        start += length


def _floor(instant: datetime, step: timedelta) -> datetime:
    """Return the start of the step that an instant falls into."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return day if step >= timedelta(days=1) else day + (instant - day) // step * step


def _round_up(count: int) -> int:
    """Return the next of 1, 2, 4, 5 and 10 times a power of ten, for an axis that is easy to read."""
    power = int("1".ljust(len(str(count)), "0"))
    return next(each * power for each in (1, 2, 4, 5, 10) if each * power >= count)
