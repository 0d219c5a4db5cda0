"""Run commands of dbt and dbt-heap in forked processes that have dbt loaded: `python -m tests.terminal`.

Loading dbt takes most of the time of a small command. Each line on stdin is a command as JSON. It runs in a child
process in which no dbt code has run yet, and its exit code is printed on stdout.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from tests.forking import STDERR, STDOUT, run_as_new_process

ROOT = Path(__file__).parents[1]
STDIN = "stdin"  # in the same folder as those two
PROGRAMS = {"dbt": ("dbt.cli.main", "cli"), "dbt-heap": ("dbt_heap.__main__", "main")}
LOADED = [
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.adapters.postgres",
    "dbt_heap.cli.sync",
    "dbt_heap.state.open",
    "dbt_heap.syncs.dbt_plugin",
]


def run_forked(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command of PROGRAMS in a folder, and return its output and exit code."""
    with tempfile.TemporaryDirectory() as notes:
        Path(notes, STDIN).write_text(stdin)
        order = {"command": command, "folder": str(folder), "environment": dict(environment), "notes": notes}
        server = _server()
        assert server.stdin and server.stdout
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        code = json.loads(server.stdout.readline())
        said = [Path(notes, name).read_text() for name in (STDOUT, STDERR)]
    return subprocess.CompletedProcess(command, code, *said)


@cache
def _server() -> subprocess.Popen[str]:
    """Return the server for all tests of this process. It ends when its stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.terminal"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def main() -> None:
    """Serve until stdin ends."""
    resource_tracker.ensure_running()  # otherwise each child starts its own
    for module in LOADED:
        import_module(module)
    gc.freeze()  # keep memory shared with the children
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if not child:
            _run_child(order)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _run_child(order: dict[str, Any]) -> None:
    """Run the command in the child as a new process would. Never return."""
    os.dup2(os.open(Path(order["notes"], STDIN), os.O_RDONLY), 0)
    sys.argv = order["command"]
    module, function = PROGRAMS[order["command"][0]]
    run_as_new_process(order, getattr(import_module(module), function))


if __name__ == "__main__":
    main()
