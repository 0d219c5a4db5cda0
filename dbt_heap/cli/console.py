"""Progress and messages on stderr: bars, plain lines or JSON lines."""

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

from dbt_heap.cli.progress import Bars, SyncProgress, plan_line, progress_line, result_line
from dbt_heap.cli.streams import Terminal
from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import Sync

# dbt's own codes start with other letters.
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
    """Return an event as a line of JSON in the shape of dbt's events.

    `extra` holds the user's DBT_ENV_CUSTOM_ENV_* variables. https://docs.getdbt.com/reference/events-logging#structured-logging
    """
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


LINE_SECONDS = 30.0  # between two lines about the same sync

_STYLES = {Status.SUCCESS: "green", Status.WARN: "yellow", Status.SKIPPED: "yellow", Status.PARTIAL: "yellow"}


class Console:
    """Prints what happens in a run (a `run.Observer`): as bars on a terminal, otherwise as plain or JSON lines.

    Each JSON line includes `invocation_id` and `extra`. `clock` returns monotonic seconds.
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
        interactive = self._terminal.is_terminal and not self._terminal.is_dumb_terminal
        self._bars = Bars(self._terminal, clock) if interactive and not quiet and not self._json else None
        self._progress: SyncProgress | None = None
        self._reported_at = 0.0

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
        """Print the context line."""
        self._report("Context", "info", text, style="dim", **facts)

    def started(self, sync: Sync) -> None:
        """Report that a sync starts."""
        if self._bars:
            self._bars.begin(sync.name)
        elif self._json:
            self._report("SyncStarted", "info", f"{sync.name}: started", **_facts(sync.name, sync.model.unique_id))

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Report the plan of the running sync."""
        self._progress, self._reported_at = SyncProgress.of(plan, per_minute, self._clock()), self._clock()
        self._report(
            "SyncPlanned", "info", plan_line(plan), **_facts(plan.sync.name, plan.sync.model.unique_id),
            planned=plan.planned, new=plan.new, changed=plan.changed, rejected=plan.rejected,
            still_rejected=plan.still_rejected,
        )  # fmt: skip
        if self._bars:
            self._bars.show(self._progress)

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """Report more verdicts on rows of the running sync."""
        if self._progress is None:
            return
        now = self._clock()
        self._progress = self._progress.advanced(accepted, rejected, now)
        if self._bars:
            self._bars.show(self._progress)
        elif now - self._reported_at >= LINE_SECONDS:
            self._reported_at = now
            self._report(
                "SyncProgress", "info", progress_line(self._progress, now), **_facts(sync.name, sync.model.unique_id),
                planned=self._progress.total, accepted=self._progress.accepted, rejected=self._progress.rejected,
                rows_per_second=self._progress.rate, seconds_left=self._progress.seconds_left(now),
            )  # fmt: skip

    def ended(self, result: SyncResult) -> None:
        """Report the result of the running sync."""
        if self._bars:
            self._bars.end(result.name)
        self._progress = None
        self._report(
            "SyncEnded", "info" if result.status.exit_code == 0 else "error", result_line(result),
            style=_STYLES.get(result.status, "red"), **_facts(result.name, result.model), result=result,
        )  # fmt: skip

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._report("Warning", "warn", text, style="yellow", prefix="warning: ")

    def confirmed(self, text: str) -> bool:
        """Ask a question on the terminal and return whether the answer is yes."""
        if self._bars:
            self._bars.stop()
        try:
            return click.confirm(text, err=True)
        finally:
            if self._bars:
                self._bars.start()

    def note(self, text: str) -> None:
        """Print something to know that needs no action."""
        self._report("Note", "info", text, style="dim")

    def problem(self, text: str) -> None:
        """Print something to act on, even with --quiet."""
        self._report("Problem", "error", text, style="red", loud=True)

    def let_go(self) -> None:
        """Show the terminal's cursor again, before the process is ended."""
        if self._bars:
            self._terminal.show_cursor()

    def _report(
        self, name: str, level: str, text: str, *, style: str = "", prefix: str = "", loud: bool = False, **facts: Any
    ) -> None:
        if self._quiet and not loud:
            return
        with suppress(OSError):  # stderr is closed or full, which does not stop a sync
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
    # urllib3's messages would repeat ours.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    ours = logging.getLogger("dbt_heap")
    ours.handlers = [_ConsoleHandler(console)]
    ours.propagate = False
