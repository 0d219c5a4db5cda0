"""Progress of the running sync: lines, and bars on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from dbt_heap.cli.streams import Terminal
from dbt_heap.delivery.results import SyncResult
from dbt_heap.errors import counted
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import SyncType


@dataclass(frozen=True)
class SyncProgress:
    """How far a sync is: row counts, and times in seconds of one clock."""

    sync: str
    total: int
    rejected_by_plan: int  # rejected by the plan
    per_minute: int | None  # Heap's rate limit, if it decides the duration
    started: float
    at: float  # when verdicts last arrived; they come in groups, seconds apart
    accepted: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, plan: Plan, per_minute: int | None, now: float) -> SyncProgress:
        """Return the progress at the start of a plan."""
        return cls(plan.sync.name, plan.planned, plan.rejected, per_minute, now, now, rejected=plan.rejected)

    def advanced(self, accepted: int, rejected: int, now: float) -> SyncProgress:
        """Return the progress after more verdicts."""
        return replace(self, accepted=self.accepted + accepted, rejected=self.rejected + rejected, at=now)

    @property
    def done(self) -> int:
        """Return the rows that have a verdict."""
        return self.accepted + self.rejected

    @property
    def rate(self) -> float | None:
        """Return rows per second so far; None if unknown."""
        sent, seconds = self.done - self.rejected_by_plan, self.at - self.started
        return sent / seconds if sent and seconds > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """Return the remaining seconds, by Heap's rate limit or the rate so far; None if unknown."""
        left, rate = self.total - self.done, self.rate
        by_rate = left / rate if rate else None
        if self.per_minute is None and by_rate is None:
            return None
        by_limit = left * 60 / self.per_minute if self.per_minute else 0.0
        return max(by_limit, by_rate or 0.0, now - self.at) - (now - self.at)


def plan_line(plan: Plan) -> str:
    """Return a plan as one line."""
    deleting, events = plan.sync.type is SyncType.USER_DELETIONS, plan.sync.type is SyncType.EVENTS
    parts = [f"{plan.new:,} {'to delete' if deleting else 'new'}"]
    parts += [f"{plan.changed:,} changed"] if not events and not deleting else []
    parts += [f"{plan.rejected:,} rejected"] if plan.rejected else []
    parts += [f"{counted(plan.still_rejected, 'row')} still rejected"] if plan.still_rejected else []
    parts += [f"{counted(plan.deleted, 'deleted user')} skipped"] if plan.deleted else []
    return f"{plan.sync.name}: {', '.join(parts)}"


def progress_line(progress: SyncProgress, now: float) -> str:
    """Return the progress as one line."""
    parts = [f"{progress.done:,} of {counted(progress.total, 'row')}", rejected(progress), speed(progress)]
    parts += [time_left(progress, now)]
    return f"{progress.sync}: {', '.join(part for part in parts if part)}"


def result_line(result: SyncResult) -> str:
    """Return a result as one line."""
    parts = [f"{result.accepted:,} {'deleted' if result.type == str(SyncType.USER_DELETIONS) else 'sent'}"]
    parts += [f"{result.rejected:,} rejected"] if result.rejected else []
    parts += [f"{counted(result.still_rejected, 'row')} still rejected"] if result.still_rejected else []
    parts += [f"{result.undelivered:,} undelivered"] if result.undelivered else []
    parts += [f"{counted(result.deleted, 'deleted user')} skipped"] if result.deleted else []
    parts += [f"{counted(result.truncated, 'value')} truncated"] if result.truncated else []
    took = f"{counted(result.requests, 'request')} in {result.seconds:.1f} s"
    return f"{result.name}: {result.status} · {', '.join(parts)} · {took}"


def rejected(progress: SyncProgress) -> str:
    """Return the number of rejected rows in words; empty if there are none."""
    return f"{progress.rejected:,} rejected" if progress.rejected else ""


def speed(progress: SyncProgress) -> str:
    """Return the rows per second in words; empty if unknown."""
    return f"{progress.rate:,.0f} rows/s" if progress.rate else ""


def time_left(progress: SyncProgress, now: float, *, why: bool = True) -> str:
    """Return the remaining time, and whether Heap's rate limit decides it; empty if unknown."""
    seconds = progress.seconds_left(now)
    if seconds is None or progress.done == progress.total:
        return ""
    minutes, seconds = divmod(int(seconds), 60)
    clock = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
    return f"{clock} left" + (" (Heap's rate limit)" if why and progress.per_minute else "")


# Terminal widths from which row counts, bar, rate and rate limit fit.
_FIGURES, _BAR, _RATE, _WHY = 50, 70, 90, 110
_NAME = 30  # characters of a sync's name


class _ProgressText(ProgressColumn):
    """A column whose text a function returns for the progress of a sync."""

    def __init__(self, text: Callable[[SyncProgress], str], style: str = "") -> None:
        super().__init__(Column(no_wrap=True))
        self._text = text
        self._style = style

    def render(self, task: Task) -> Text:
        """Return the text; empty before there is a plan."""
        progress: SyncProgress | None = task.fields["progress"]
        return Text(self._text(progress) if progress else "", style=self._style)


class Bars:
    """One bar per running sync. Other output appears above them."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        width = terminal.width
        columns: list[ProgressColumn] = [SpinnerColumn(), _name(width)]
        columns += [BarColumn(bar_width=min(40, width - 60))] if width >= _BAR else []
        columns += [_ProgressText(_figures if width >= _FIGURES else _share)]
        columns += [_ProgressText(speed, "dim")] if width >= _RATE else []
        columns += [_ProgressText(rejected, "yellow")] if width >= _FIGURES else []
        columns += [_ProgressText(lambda progress: time_left(progress, clock(), why=width >= _WHY), "dim")]
        self._progress = Progress(*columns, console=terminal, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def start(self) -> None:
        """Show the bars."""
        self._progress.start()

    def stop(self) -> None:
        """Hide the bars."""
        self._progress.stop()

    def begin(self, sync: str) -> None:
        """Add a bar without a total, while the plan is made."""
        self._tasks[sync] = self._progress.add_task(escape(sync), total=None, progress=None)

    def show(self, progress: SyncProgress) -> None:
        """Update the bar of a sync."""
        self._progress.update(
            self._tasks[progress.sync], total=progress.total, completed=progress.done, progress=progress, refresh=True
        )

    def end(self, sync: str) -> None:
        """Remove the bar of a sync, if it has one."""
        if sync in self._tasks:
            self._progress.remove_task(self._tasks.pop(sync))


def _figures(progress: SyncProgress) -> str:
    return f"{progress.done:,}/{progress.total:,}"


def _share(progress: SyncProgress) -> str:
    return f"{progress.done / progress.total:.0%}" if progress.total else ""


def _name(width: int) -> TextColumn:
    return TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=max(8, min(_NAME, width // 3))))
