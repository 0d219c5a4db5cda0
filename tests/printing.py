"""Run dbt-heap commands with all kinds of streams, forked from one process that has dbt loaded: `python -m`.

stdin is a list of orders as JSON: a command's words, and what its stdout and stderr are: a file, or CLOSED for a pipe
that no one reads. stdout is the list of exit codes. The encoding of the streams is that of this process, as
PYTHONIOENCODING or the locale say.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import resource_tracker
from pathlib import Path
from typing import NoReturn

from dbt_heap.warehouse import adapter
from tests.macros import Macros

CLOSED = "a closed pipe"
FULL = "/dev/full"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Printed:
    """The exit code of a command, and what it wrote to streams that are files."""

    exit_code: int
    stdout: bytes
    stderr: bytes


def printed(
    commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str], *, stdout: str = "",
    stderr: str = "",
) -> list[Printed]:  # fmt: skip
    """Run commands one at a time, with files as their streams unless others are given."""
    files = [(folder / f"{number}.out", folder / f"{number}.err") for number in range(len(commands))]
    orders = [
        {"command": ["dbt-heap", *command], "streams": [stdout or str(out), stderr or str(err)]}
        for command, (out, err) in zip(commands, files, strict=True)
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.printing"], cwd=ROOT, env=dict(environment), input=json.dumps(orders),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    codes = json.loads(ran.stdout)
    texts = [[each.read_bytes() if each.exists() else b"" for each in pair] for pair in files]
    for each in (path for pair in files for path in pair):
        each.unlink(missing_ok=True)
    return [Printed(code, *text) for code, text in zip(codes, texts, strict=True)]


def main() -> None:
    """Run the orders from stdin."""
    orders = json.load(sys.stdin)
    resource_tracker.ensure_running()  # otherwise each child starts its own
    for module in ("dbt_heap.cli.sync", "dbt_heap.state.open", "dbt_heap.project.selection", "dbt.adapters.duckdb"):
        import_module(module)
    adapter.load_macros = Macros().preload(Path(os.environ["DBT_PROJECT_DIR"]))
    codes = []
    for order in orders:
        child = os.fork()
        if not child:
            _be(order["command"], order["streams"])
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))


def _be(command: list[str], streams: list[str]) -> NoReturn:
    """Run a command as a new process would, and exit with its code, or 120 if stdout fails at the end."""
    code = 0
    for number, stream in enumerate(streams, start=1):
        os.dup2(_closed() if stream == CLOSED else os.open(stream, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.argv = command
    try:
        import_module("dbt_heap.__main__").main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - a traceback is what the tests look for
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    os._exit(code)


def _closed() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


if __name__ == "__main__":
    main()
