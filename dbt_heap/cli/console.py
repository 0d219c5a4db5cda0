"""Whoever runs dbt-heap watches it here, on stderr: as bars, as plain lines or as JSON lines."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import click
import orjson
from rich.text import Text

from dbt_heap.cli.progress import Bars, Course, course_line, plan_line, result_line
from dbt_heap.cli.streams import Terminal
from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import Sync

# By name; dbt's own codes begin with other letters.
CODES = {
    "SyncStarted": "H001",
    "SyncPlanned": "H002",
    "SyncProgress": "H003",
    "SyncEnded": "H004",
    "Context": "H005",
    "Note": "H010",
    "Warning": "H011",
    "Problem": "H012",
}


def event_line(
    name: str, level: str, text: str, facts: Mapping[str, Any], *, invocation_id: str, extra: Mapping[str, str]
) -> str:
    """An event as a line of JSON; `extra` are the user's own variables, as dbt repeats them."""
    info = {
        "category": "",
        "code": CODES[name],
        "extra": extra,
        "invocation_id": invocation_id,
        "level": level,
        "msg": text,
        "name": name,
        "pid": os.getpid(),
        "thread": threading.current_thread().name,
        "ts": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return orjson.dumps({"data": facts, "info": info}).decode()


LINE_SECONDS = 30.0  # between two lines on the same sync

_STYLES = {Status.SUCCESS: "green", Status.WARN: "yellow", Status.SKIPPED: "yellow", Status.PARTIAL: "yellow"}


class Console:
    """Watches a run (`run.Observer`) on a terminal as bars, elsewhere as plain lines or as JSON lines.

    `invocation_id` and `extra` stand in each JSON line. `clock` gives seconds that only rise.
    """

    def __init__(
        self, *, quiet: bool = False, log_format: str = "default", invocation_id: str = "",
        extra: Mapping[str, str] | None = None, stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._quiet = quiet
        self._json = log_format == "json"
        self._invocation_id = invocation_id
        self._extra = extra or {}
        self._clock = clock
        self._terminal = Terminal(file=stream or sys.stderr, highlight=False)
        looked_at = self._terminal.is_terminal and not self._terminal.is_dumb_terminal
        self._bars = Bars(self._terminal, clock) if looked_at and not quiet and not self._json else None
        self._course: Course | None = None
        self._told_at = 0.0

    def __enter__(self) -> Console:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def context(self, text: str, facts: Mapping[str, Any]) -> None:
        """Print which project, target and Heap environment the command is about."""
        self._tell("Context", "info", text, style="dim", **facts)

    def started(self, sync: Sync) -> None:
        """A sync's turn begins."""
        if self._bars:
            self._bars.begin(sync.name)
        elif self._json:
            self._tell("SyncStarted", "info", f"{sync.name}: begun", **_facts(sync.name, sync.model.unique_id))

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Its rows are counted."""
        self._course, self._told_at = Course.of(plan, per_minute, self._clock()), self._clock()
        self._tell(
            "SyncPlanned", "info", plan_line(plan), **_facts(plan.sync.name, plan.sync.model.unique_id),
            planned=plan.planned, new=plan.new, changed=plan.changed, rejected=plan.rejected,
            still_rejected=plan.still_rejected,
        )  # fmt: skip
        if self._bars:
            self._bars.show(self._course)

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """More of its rows have their fate."""
        if self._course is None:
            return
        now = self._clock()
        self._course = self._course.advanced(accepted, rejected, now)
        if self._bars:
            self._bars.show(self._course)
        elif now - self._told_at >= LINE_SECONDS:
            self._told_at = now
            self._tell(
                "SyncProgress", "info", course_line(self._course, now), **_facts(sync.name, sync.model.unique_id),
                planned=self._course.total, accepted=self._course.accepted, rejected=self._course.rejected,
                rows_per_second=self._course.rate, seconds_left=self._course.seconds_left(now),
            )  # fmt: skip

    def ended(self, result: SyncResult) -> None:
        """Its turn is over."""
        if self._bars:
            self._bars.end(result.name)
        self._course = None
        self._tell(
            "SyncEnded", "info" if result.status.exit_code == 0 else "error", result_line(result),
            style=_STYLES.get(result.status, "red"), **_facts(result.name, result.model), result=result,
        )  # fmt: skip

    def warn(self, text: str) -> None:
        """Something to know."""
        self._tell("Warning", "warn", text, style="yellow", prefix="warning: ")

    def confirmed(self, text: str) -> bool:
        """Whether the person at the terminal agrees to something; the bars make room for it."""
        if self._bars:
            self._bars.stop()
        try:
            return click.confirm(text, err=True)
        finally:
            if self._bars:
                self._bars.start()

    def note(self, text: str) -> None:
        """Something to know that nobody has to mend."""
        self._tell("Note", "info", text, style="dim")

    def problem(self, text: str) -> None:
        """Something to do. Told even when quiet."""
        self._tell("Problem", "error", text, style="red", loud=True)

    def let_go(self) -> None:
        """Gives the terminal its cursor back, before the process is ended where it stands."""
        if self._bars:
            self._terminal.show_cursor()

    def _tell(
        self, name: str, level: str, text: str, *, style: str = "", prefix: str = "", loud: bool = False, **facts: Any
    ) -> None:
        if self._quiet and not loud:
            return
        with suppress(OSError):  # stderr is closed or full: a sync is not ended by that
            self._print(name, level, text, style, prefix, facts)

    def _print(self, name: str, level: str, text: str, style: str, prefix: str, facts: Mapping[str, Any]) -> None:
        if self._json:
            line = event_line(name, level, text, facts, invocation_id=self._invocation_id, extra=self._extra)
            print(line, file=self._terminal.file, flush=True)
        else:
            self._terminal.print(Text(prefix + text, style=style), soft_wrap=True)


def _facts(sync: str, model: str) -> dict[str, Any]:
    """By what a line is found again; where dbt names the node, so does this."""
    return {"sync": sync, "node_info": {"unique_id": model}}


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a warning or a note."""
        print_line = self._console.warn if record.levelno >= logging.WARNING else self._console.note
        print_line(record.getMessage())


def show_log(console: Console) -> None:
    """Print what the package logs from now on, in the form that the command's options ask for."""
    # What urllib3 logs would mix with our lines, which tell all of it.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    ours = logging.getLogger("dbt_heap")
    ours.handlers = [_ConsoleHandler(console)]
    ours.propagate = False
