"""A bar for each sync that is at work, where a person looks at a terminal."""

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
class Course:
    """A sync on its way. Rows, unless said otherwise; times are seconds of one clock."""

    sync: str
    total: int
    at_once: int  # rejected by the plan, before anything was sent
    per_minute: int | None  # what Heap takes, where that rules the time
    begun: float
    at: float  # when rows had their fate last: they come in groups, seconds apart
    accepted: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, plan: Plan, per_minute: int | None, now: float) -> Course:
        """The course that a plan begins."""
        return cls(plan.sync.name, plan.planned, plan.rejected, per_minute, now, now, rejected=plan.rejected)

    def advanced(self, accepted: int, rejected: int, now: float) -> Course:
        """The same, so many rows further."""
        return replace(self, accepted=self.accepted + accepted, rejected=self.rejected + rejected, at=now)

    @property
    def done(self) -> int:
        """Rows that have their fate."""
        return self.accepted + self.rejected

    @property
    def rate(self) -> float | None:
        """Rows a second since the first was sent; None while nothing is known."""
        sent, seconds = self.done - self.at_once, self.at - self.begun
        return sent / seconds if sent and seconds > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """By Heap's rate limit where it rules, else by the rate so far; None while nothing is known."""
        left, rate = self.total - self.done, self.rate
        by_rate = left / rate if rate else None
        if self.per_minute is None and by_rate is None:
            return None
        by_limit = left * 60 / self.per_minute if self.per_minute else 0.0
        return max(by_limit, by_rate or 0.0, now - self.at) - (now - self.at)


def plan_line(plan: Plan) -> str:
    """A plan in a line."""
    deleting, events = plan.sync.type is SyncType.USER_DELETIONS, plan.sync.type is SyncType.EVENTS
    parts = [f"{plan.new:,} {'to delete' if deleting else 'new'}"]
    parts += [f"{plan.changed:,} changed"] if not events and not deleting else []
    parts += [f"{plan.rejected:,} rejected"] if plan.rejected else []
    parts += [f"{counted(plan.still_rejected, 'row')} still rejected"] if plan.still_rejected else []
    parts += [f"{plan.deleted:,} left out as deleted"] if plan.deleted else []
    return f"{plan.sync.name}: {', '.join(parts)}"


def course_line(course: Course, now: float) -> str:
    """How far a sync has come, in a line."""
    parts = [f"{course.done:,} of {counted(course.total, 'row')}", rejected(course), speed(course)]
    parts += [time_left(course, now)]
    return f"{course.sync}: {', '.join(part for part in parts if part)}"


def result_line(result: SyncResult) -> str:
    """What became of a sync's rows, in a line."""
    parts = [f"{result.accepted:,} {'deleted' if result.type == str(SyncType.USER_DELETIONS) else 'sent'}"]
    parts += [f"{result.rejected:,} rejected"] if result.rejected else []
    parts += [f"{counted(result.still_rejected, 'row')} still rejected"] if result.still_rejected else []
    parts += [f"{result.undelivered:,} undelivered"] if result.undelivered else []
    parts += [f"{result.deleted:,} left out as deleted"] if result.deleted else []
    parts += [f"{counted(result.truncated, 'value')} truncated"] if result.truncated else []
    took = f"{counted(result.requests, 'request')} in {result.seconds:.1f} s"
    return f"{result.name}: {result.status} · {', '.join(parts)} · {took}"


def rejected(course: Course) -> str:
    """How many rows are rejected so far; nothing where none is."""
    return f"{course.rejected:,} rejected" if course.rejected else ""


def speed(course: Course) -> str:
    """How fast rows arrive at Heap; nothing while that is not known."""
    return f"{course.rate:,.0f} rows/s" if course.rate else ""


def time_left(course: Course, now: float, *, why: bool = True) -> str:
    """Hours, minutes and seconds, and whether Heap's limit rules them; nothing while they are not known."""
    seconds = course.seconds_left(now)
    if seconds is None or course.done == course.total:
        return ""
    minutes, seconds = divmod(int(seconds), 60)
    clock = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
    return f"{clock} left{' at the limit of Heap' if why and course.per_minute else ''}"


# From how many characters on a line has room for the figures, the bar, the rate, and why it takes so long.
_FIGURES, _BAR, _RATE, _WHY = 50, 70, 90, 110
_NAME = 30  # characters of a sync's name


class _Told(ProgressColumn):
    """What a function tells of a sync's course."""

    def __init__(self, tell: Callable[[Course], str], style: str = "") -> None:
        super().__init__(Column(no_wrap=True))
        self._tell = tell
        self._style = style

    def render(self, task: Task) -> Text:
        """Its words; none before the plan is made."""
        course: Course | None = task.fields["course"]
        return Text(self._tell(course) if course else "", style=self._style)


class Bars:
    """Begins and ends with the run; what is printed meanwhile stands above."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        width = terminal.width
        columns: list[ProgressColumn] = [SpinnerColumn(), _name(width)]
        columns += [BarColumn(bar_width=min(40, width - 60))] if width >= _BAR else []
        columns += [_Told(_figures if width >= _FIGURES else _share)]
        columns += [_Told(speed, "dim")] if width >= _RATE else []
        columns += [_Told(rejected, "yellow")] if width >= _FIGURES else []
        columns += [_Told(lambda course: time_left(course, clock(), why=width >= _WHY), "dim")]
        self._progress = Progress(*columns, console=terminal, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def start(self) -> None:
        """Shows them from now on."""
        self._progress.start()

    def stop(self) -> None:
        """Shows them no more."""
        self._progress.stop()

    def begin(self, sync: str) -> None:
        """A bar without an end: what is to be sent is being looked for."""
        self._tasks[sync] = self._progress.add_task(escape(sync), total=None, course=None)

    def show(self, course: Course) -> None:
        """How far its sync has come."""
        self._progress.update(
            self._tasks[course.sync], total=course.total, completed=course.done, course=course, refresh=True
        )

    def end(self, sync: str) -> None:
        """Removes a sync's bar, if it has one."""
        if sync in self._tasks:
            self._progress.remove_task(self._tasks.pop(sync))


def _figures(course: Course) -> str:
    return f"{course.done:,}/{course.total:,}"


def _share(course: Course) -> str:
    return f"{course.done / course.total:.0%}" if course.total else ""


def _name(width: int) -> TextColumn:
    return TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=max(8, min(_NAME, width // 3))))
