"""Run dbt-heap in forked processes, and kill them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from select import select
from typing import Any

from tests.chaos.fork_server import STEPS
from tests.chaos.hooks import IN_FLIGHT, KillPoint
from tests.forking import STDERR, STDOUT

POLL_SECONDS = 0.001


@dataclass(frozen=True)
class Ended:
    """The outcome of a run."""

    code: int  # -9 if it was killed
    seconds: float
    stdout: str
    stderr: str
    steps: tuple[str, ...]  # names of the steps in the order in which they started

    @property
    def killed(self) -> bool:
        """Return whether SIGKILL ended the run."""
        return self.code == -signal.SIGKILL


class Runner:
    """Start runs on a fork server, one at a time."""

    def __init__(self, fork_server: subprocess.Popen[str], notes: Path) -> None:
        self._server = fork_server
        self._notes = notes

    def sync(
        self,
        folder: Path,
        environment: dict[str, str],
        *arguments: str,
        small_limits: bool = True,
        kill_point: KillPoint | None = None,
        kill_after: float | None = None,
        kill_when: Callable[[], bool] | None = None,
    ) -> Ended:
        """Run `dbt-heap sync` in a folder; kill it at a step, after some seconds, or when a condition is true."""
        order = {
            "arguments": command(folder, *arguments),
            "environment": inherited() | environment,
            "folder": str(folder),
            "notes": str(self._notes),
            "small_limits": small_limits,
            "kill_point": asdict(kill_point) if kill_point else None,
            "kill_after": kill_after,
        }
        self._send(json.dumps(order))
        self._receive()
        if kill_when:
            self._kill(kill_when)
        ended = self._receive()
        stdout, stderr, steps = ((self._notes / name).read_text() for name in (STDOUT, STDERR, STEPS))
        return Ended(ended["status"], ended["seconds"], stdout, stderr, tuple(steps.splitlines()))

    def _kill(self, condition: Callable[[], bool]) -> None:
        while not select([self._server.stdout], [], [], POLL_SECONDS)[0]:
            if condition():
                self._send("kill")
                return

    def _send(self, line: str) -> None:
        assert self._server.stdin
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._server.stdout
        line = self._server.stdout.readline()
        assert line, "the fork server has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def fork_server(notes: Path) -> Iterator[Runner]:
    """Run a fork server, and yield its runner."""
    with (
        (notes / "fork_server.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.fork_server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
            cwd=Path(__file__).parents[2], env=inherited(),
        ) as process,
    ):  # fmt: skip
        yield Runner(process, notes)


def command(folder: Path, *arguments: str) -> Sequence[str]:
    """Return the arguments of dbt-heap for a sync of the project in `folder`."""
    at = ("--project-dir", str(folder), "--profiles-dir", str(folder))
    return ("sync", "--in-flight", str(IN_FLIGHT), "--events-per-minute", "10000000", *at, *arguments)


def inherited() -> dict[str, str]:
    """Return the environment variables that any program needs."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
