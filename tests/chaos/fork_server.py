"""Load dbt-heap once, then fork a process for each run: `python -m tests.chaos.fork_server`.

Each line on stdin is an order as JSON. The server answers twice on stdout: with the process ID when the run starts, and
with its exit status when it ends. A line `kill` on stdin kills the run, and so does the end of `kill_after` seconds.
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
from tests.forking import run_as_new_process
from tests.macros import Macros

KILL = "kill\n"
STEPS = "steps"  # a file in the `notes` folder of an order


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests end this process by closing stdin
    resource_tracker.ensure_running()  # otherwise each child starts its own
    macros = Macros()
    while line := _line():
        if line == KILL:
            continue  # it came after the child had ended
        order = json.loads(line)
        load_macros = macros.preload(Path(order["folder"]))
        gc.freeze()  # keep memory shared with the children
        alive, held = os.pipe()  # `alive` is readable when the child ends
        started = time.monotonic()
        child = os.fork()
        if not child:
            os.close(alive)
            adapter.load_macros = load_macros
            _run_child(order)
        os.close(held)
        _send(pid=child)
        _wait(child, alive, order.get("kill_after"))
        _, status = os.waitpid(child, 0)
        os.close(alive)
        _send(status=os.waitstatus_to_exitcode(status), seconds=time.monotonic() - started)


def _wait(child: int, alive: int, kill_after: float | None) -> None:
    """Return when the child has ended; kill it if asked to. Its ID is not reused before `waitpid`."""
    ready, _, _ = select.select([alive, 0], [], [], kill_after)
    if alive not in ready:
        os.kill(child, signal.SIGKILL)
        select.select([alive], [], [])


def _run_child(order: dict[str, Any]) -> None:
    """Run the command line in the child as a new process would. Never return."""

    def command() -> None:
        _prepare(order, os.open(Path(order["notes"], STEPS), os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        group.main(order["arguments"], prog_name="dbt-heap")

    run_as_new_process(order, command, failed=70)


def _prepare(order: dict[str, Any], steps: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order.get("small_limits"):
        hooks.small_limits()
    kill_point = order.get("kill_point")
    hooks.watch(lambda step: _write(steps, step), hooks.KillPoint(**kill_point) if kill_point else None)


def _line() -> str:
    """Return a line of stdin, read without a buffer so `select` sees every line. Empty at the end."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode()


def _send(**fields: Any) -> None:
    _write(1, json.dumps(fields))


def _write(file: int, line: str) -> None:
    os.write(file, f"{line}\n".encode())


if __name__ == "__main__":
    main()
