"""A process that has loaded dbt-heap once and forks one that runs it, as often as it is told: `python -m` this module.

Each line on stdin is an order as JSON, and is answered twice on stdout: with the process id once it runs, with the
wait status once it is gone. While it runs, a line `kill` on stdin kills it, as does the end of `kill_after` seconds.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import time
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import dbt.adapters.duckdb
import dbt.adapters.postgres  # noqa: F401 - loaded once for all

from dbt_heap.cli.group import group
from dbt_heap.warehouse import adapter
from tests.chaos import hooks
from tests.forking import be
from tests.macros import Macros

KILL = "kill\n"
STEPS = "steps"  # a file in an order's `notes` folder


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests end it by ending stdin
    resource_tracker.ensure_running()  # else each child starts its own
    macros = Macros()
    while line := _line():
        if line == KILL:
            continue  # it came when the child was dead already
        order = json.loads(line)
        load_macros = macros.preload(Path(order["folder"]))
        gc.freeze()  # what is shared with the children stays shared
        alive, held = os.pipe()  # the end of `held` is the end of the child
        started = time.monotonic()
        child = os.fork()
        if not child:
            os.close(alive)
            adapter.load_macros = load_macros
            _be(order)
        os.close(held)
        _say(pid=child)
        _wait(child, alive, order.get("kill_after"))
        _, status = os.waitpid(child, 0)
        os.close(alive)
        _say(status=os.waitstatus_to_exitcode(status), seconds=time.monotonic() - started)


def _wait(child: int, alive: int, kill_after: float | None) -> None:
    """Return when the child is dead, having killed it if that was asked for. Until waited for, its id is its own."""
    ready, _, _ = select.select([alive, 0], [], [], kill_after)
    if alive not in ready:
        os.kill(child, signal.SIGKILL)
        select.select([alive], [], [])


def _be(order: dict[str, Any]) -> None:
    """The child: runs the command line as a new process would, and never returns."""

    def command() -> None:
        _prepare(order, os.open(Path(order["notes"], STEPS), os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        group.main(order["arguments"], prog_name="dbt-heap")

    be(order, command, failed=70)


def _prepare(order: dict[str, Any], steps: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order.get("small_limits"):
        hooks.small_limits()
    death = order.get("death")
    hooks.watch(lambda step: _write(steps, step), hooks.Death(**death) if death else None)


def _line() -> str:
    """A line of stdin, unbuffered, so that `select` knows of every one; empty at its end."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode()


def _say(**fields: Any) -> None:
    _write(1, json.dumps(fields))


def _write(file: int, line: str) -> None:
    os.write(file, f"{line}\n".encode())


if __name__ == "__main__":
    main()
