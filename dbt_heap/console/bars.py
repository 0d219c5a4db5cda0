"""A bar for each sync that is at work, where a person looks at a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from dbt_heap.console.course import Course
from dbt_heap.console.lines import rejected, speed, time_left
from dbt_heap.console.terminal import Terminal

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
