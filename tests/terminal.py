"""Commands of dbt and dbt-heap, each in a process of its own that needs not load dbt anew: `python -m` this module.

Loading it is most of the time of a small command. Each line on stdin is a command as JSON, answered on stdout by its
exit code; it runs in a child that is forked from what is loaded, where nothing of dbt's has run yet.
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

from tests.forking import STDERR, STDOUT, be

ROOT = Path(__file__).parents[1]
STDIN = "stdin"  # beside those two
PROGRAMS = {"dbt": ("dbt.cli.main", "cli"), "dbt-heap": ("dbt_heap.__main__", "main")}
LOADED = [
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.adapters.postgres",
    "dbt_heap.cli.sync",
    "dbt_heap.state.open",
    "dbt_heap.syncs.dbt_plugin",
]


def typed(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """What a command of PROGRAMS says in a folder, and how it ends."""
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
    """One for all tests of a process; it ends with its stdin."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.terminal"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def main() -> None:
    """Serve until stdin ends."""
    resource_tracker.ensure_running()  # else each child starts its own
    for module in LOADED:
        import_module(module)
    gc.freeze()  # what is shared with the children stays shared
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if not child:
            _be(order)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _be(order: dict[str, Any]) -> None:
    """The child: runs the command as a new process would, and never returns."""
    os.dup2(os.open(Path(order["notes"], STDIN), os.O_RDONLY), 0)
    sys.argv = order["command"]
    module, function = PROGRAMS[order["command"][0]]
    be(order, getattr(import_module(module), function))


if __name__ == "__main__":
    main()
