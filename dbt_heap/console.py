"""Progress and tables for people: results to stdout, everything else to stderr. Never a row's value."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, TextIO

import orjson
from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from dbt_heap.declarations.sync import Sync, SyncType
from dbt_heap.ledger.plans import Plan
from dbt_heap.results import Status, SyncResult

_STYLES = {Status.SUCCESS: "green", Status.WARN: "yellow", Status.SKIPPED: "yellow", Status.PARTIAL: "yellow"}


class RowsPerSecond(ProgressColumn):
    """How fast rows arrive at Heap."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "", style="dim")


class TimeLeft(ProgressColumn):
    """How long it will take: by Heap's own rate limit where there is one, else by the rate so far."""

    def render(self, task: Task) -> Text:
        """Minutes and seconds, or nothing where nothing is known."""
        left = (task.total or 0) - task.completed
        per_minute = task.fields.get("per_minute")
        seconds = left * 60 / per_minute if per_minute else task.time_remaining
        return Text(f"{int(seconds) // 60}:{int(seconds) % 60:02d} left" if seconds and left else "", style="dim")


class Console:
    """Watches a run (`run.Observer`) on a terminal as bars, elsewhere as plain lines or as JSON lines."""

    def __init__(self, *, quiet: bool = False, log_format: str = "default", stream: TextIO | None = None) -> None:
        self._quiet = quiet
        self._json = log_format == "json"
        self._terminal = Terminal(file=stream or sys.stderr, highlight=False, soft_wrap=True)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        if self._terminal.is_terminal and not quiet and not self._json:
            self._bars = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RowsPerSecond(), TimeLeft(),
                console=self._terminal,
            )  # fmt: skip

    def __enter__(self) -> Console:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def started(self, sync: Sync) -> None:
        """A sync's turn begins."""
        if self._bars:
            self._tasks[sync.name] = self._bars.add_task(escape(sync.name), total=None, per_minute=None)

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Its rows are counted."""
        if self._bars:
            self._bars.update(self._tasks[plan.sync.name], total=plan.planned, per_minute=per_minute)
            self._bars.advance(self._tasks[plan.sync.name], plan.rejected)
        self._tell("SyncPlanned", "info", plan_line(plan), sync=plan.sync.name, planned=plan.planned)

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """More of its rows have their fate."""
        if self._bars:
            self._bars.advance(self._tasks[sync.name], accepted + rejected)

    def ended(self, result: SyncResult) -> None:
        """Its turn is over."""
        if self._bars and result.name in self._tasks:
            self._bars.remove_task(self._tasks.pop(result.name))
        style = _STYLES.get(result.status, "red")
        self._tell(
            "SyncEnded", "info" if result.status.exit_code == 0 else "error", result_line(result), style=style,
            sync=result.name, status=str(result.status), accepted=result.accepted, rejected=result.rejected,
            undelivered=result.undelivered,
        )  # fmt: skip

    def warn(self, text: str) -> None:
        """Something to know."""
        self._tell("Warning", "warn", text, style="yellow", prefix="warning: ")

    def note(self, text: str) -> None:
        """Something to know that nobody has to mend."""
        self._tell("Note", "info", text, style="dim")

    def problem(self, text: str) -> None:
        """Something to do. Told even when quiet."""
        self._tell("Problem", "error", text, style="red", loud=True)

    def _tell(
        self, name: str, level: str, text: str, *, style: str = "", prefix: str = "", loud: bool = False, **facts: Any
    ) -> None:
        if self._quiet and not loud:
            return
        if self._json:
            info = {"name": name, "level": level, "ts": datetime.now(timezone.utc).isoformat(), "msg": text}
            print(orjson.dumps({"info": info, "data": facts}).decode(), file=self._terminal.file, flush=True)
        else:
            self._terminal.print(Text(prefix + text, style=style))


def plan_line(plan: Plan) -> str:
    """A plan in a line."""
    parts = [f"{plan.new:,} new"]
    parts += [f"{plan.changed:,} changed"] if plan.sync.type is not SyncType.EVENTS else []
    parts += [f"{plan.rejected:,} rejected"] if plan.rejected else []
    parts += [_so_many(plan.standing, "standing reject")] if plan.standing else []
    return f"{plan.sync.name}: {', '.join(parts)}"


def result_line(result: SyncResult) -> str:
    """What became of a sync's rows, in a line."""
    parts = [f"{result.accepted:,} sent"]
    parts += [f"{result.rejected:,} rejected"] if result.rejected else []
    parts += [_so_many(result.standing, "standing reject")] if result.standing else []
    parts += [f"{result.undelivered:,} undelivered"] if result.undelivered else []
    parts += [f"{_so_many(result.truncated, 'value')} truncated"] if result.truncated else []
    took = f"{_so_many(result.requests, 'request')} in {result.seconds:.1f} s"
    return f"{result.name}: {result.status} · {', '.join(parts)} · {took}"


def _so_many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: frozenset[str] = frozenset()
) -> None:
    """A table on stdout, as wide as it needs to be where nobody looks at a terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", no_wrap=column in numbers)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    terminal = Terminal(highlight=False)
    if not terminal.is_terminal:
        terminal = Terminal(highlight=False, width=240)
    terminal.print(table)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    return Text(f"{value:,}" if isinstance(value, int) else str(value))
