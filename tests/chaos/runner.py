"""Runs of dbt-heap as processes of their own, cheaply, and their deaths."""

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

from tests.chaos.hooks import IN_FLIGHT, Death
from tests.chaos.nursery import STEPS
from tests.forking import STDERR, STDOUT

POLL_SECONDS = 0.001


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    code: int  # as a shell would see it; -9 of one that was killed
    seconds: float
    stdout: str
    stderr: str
    steps: tuple[str, ...]  # their names in the order of their beginning

    @property
    def killed(self) -> bool:
        """Whether it died of SIGKILL."""
        return self.code == -signal.SIGKILL


class Runner:
    """Has runs made by a nursery, one after the other."""

    def __init__(self, nursery: subprocess.Popen[str], notes: Path) -> None:
        self._nursery = nursery
        self._notes = notes

    def sync(
        self,
        folder: Path,
        environment: dict[str, str],
        *arguments: str,
        small_limits: bool = True,
        death: Death | None = None,
        kill_after: float | None = None,
        kill_when: Callable[[], bool] | None = None,
    ) -> Ended:
        """`dbt-heap sync` in a project's folder; killed at a step, after some seconds, or once a condition holds."""
        order = {
            "arguments": command(folder, *arguments),
            "environment": inherited() | environment,
            "folder": str(folder),
            "notes": str(self._notes),
            "small_limits": small_limits,
            "death": asdict(death) if death else None,
            "kill_after": kill_after,
        }
        self._say(json.dumps(order))
        self._hear()
        if kill_when:
            self._kill(kill_when)
        ended = self._hear()
        stdout, stderr, steps = ((self._notes / name).read_text() for name in (STDOUT, STDERR, STEPS))
        return Ended(ended["status"], ended["seconds"], stdout, stderr, tuple(steps.splitlines()))

    def _kill(self, condition: Callable[[], bool]) -> None:
        while not select([self._nursery.stdout], [], [], POLL_SECONDS)[0]:
            if condition():
                self._say("kill")
                return

    def _say(self, line: str) -> None:
        assert self._nursery.stdin
        self._nursery.stdin.write(f"{line}\n")
        self._nursery.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._nursery.stdout
        line = self._nursery.stdout.readline()
        assert line, "the nursery is gone"
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def nursery(notes: Path) -> Iterator[Runner]:
    """A runner, for as long as the block lasts."""
    with (
        (notes / "nursery.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, bufsize=1, cwd=Path(__file__).parents[2], env=inherited(),
        ) as process,
    ):  # fmt: skip
        yield Runner(process, notes)


def command(folder: Path, *arguments: str) -> Sequence[str]:
    """The arguments of dbt-heap for a sync of the project in a folder."""
    at = ("--project-dir", str(folder), "--profiles-dir", str(folder))
    return ("sync", "--in-flight", str(IN_FLIGHT), "--events-per-minute", "10000000", *at, *arguments)


def inherited() -> dict[str, str]:
    """Of this process's environment, what a program needs to run at all."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
