"""Figures as rectangles: where each stands in a drawing of its own units, for the template to draw as SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbt_heap.reports.facts import Run

FATES = ("accepted", "rejected", "undelivered")
HEIGHT = 100.0
_MIN_LENGTH = 1.5  # of what is not nothing: a reject among millions is seen
_MAX_BARS = 60
_STEPS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24))


@dataclass(frozen=True)
class Part:
    """A stretch of a bar: one fate of its rows."""

    fate: str
    start: float
    length: float


@dataclass(frozen=True)
class Bar:
    """What became of the rows of a stretch of time."""

    begin: datetime  # UTC
    counts: tuple[int, ...]  # as FATES has them
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """All rows of it."""
        return sum(self.counts)


@dataclass(frozen=True)
class Timeline:
    """Rows over time, in bars of one width."""

    step: timedelta
    top: int  # the rows that a bar of full height stands for
    bars: tuple[Bar, ...]

    @property
    def unit(self) -> str:
        """How long a bar lasts."""
        hours = int(self.step.total_seconds() // 3600)
        if hours < 24:
            return "hour" if hours == 1 else f"{hours} hours"
        return {1: "day", 7: "week"}.get(hours // 24, f"{hours // 24} days")

    @property
    def clock(self) -> str:
        """How the begin of a bar is written."""
        return "%d %b %H:%M" if self.step < timedelta(days=1) else "%d %b %Y"


def counts(run: Run) -> tuple[int, ...]:
    """The rows of a run as FATES has them."""
    return run.accepted, run.rejected, run.undelivered


def fate_bar(counts: Sequence[int], length: float = HEIGHT) -> tuple[Part, ...]:
    """Counts as FATES has them, laid end to end over a length; empty where there are none."""
    if not any(counts):
        return ()
    lengths = [max(length * count / sum(counts), _MIN_LENGTH) if count else 0.0 for count in counts]
    scale = length / sum(lengths)
    return tuple(_laid([each * scale for each in lengths]))


def timeline(runs: Iterable[Run]) -> Timeline | None:
    """The rows of all these runs over time, in bars as short as there is room for; None where nothing ran."""
    known = sorted(runs, key=lambda run: run.started_at)
    if not known:
        return None
    span = known[-1].started_at - known[0].started_at
    step = next((each for each in _STEPS if span / each < _MAX_BARS - 1), _STEPS[-1])
    first = _floor(known[0].started_at, step)
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * len(FATES))
    for run in known:
        place = sums[(run.started_at - first) // step]
        place[:] = [before + more for before, more in zip(place, counts(run), strict=True)]
    top = _round_up(max(sum(each) for each in sums.values()))
    bars = (_bar(first + place * step, sums.get(place, [0] * len(FATES)), top) for place in range(max(sums) + 1))
    return Timeline(step, top, tuple(bars))


def _bar(begin: datetime, counts: Sequence[int], top: int) -> Bar:
    lengths = [max(HEIGHT * count / top, _MIN_LENGTH) if count else 0.0 for count in counts]
    return Bar(begin, tuple(counts), tuple(_laid(lengths)))


def _laid(lengths: Sequence[float]) -> Iterator[Part]:
    start = 0.0
    for fate, length in zip(FATES, lengths, strict=True):
        if length:
            yield Part(fate, round(start, 2), round(length, 2))
        start += length


def _floor(instant: datetime, step: timedelta) -> datetime:
    """The begin of the hour, or of the day, that an instant is in."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return day if step >= timedelta(days=1) else day + (instant - day) // step * step


def _round_up(count: int) -> int:
    """The next of 1, 2, 4, 5 and 10 times a power of ten: an axis that can be read."""
    power = int("1".ljust(len(str(count)), "0"))
    return next(each * power for each in (1, 2, 4, 5, 10) if each * power >= count)
