"""How figures are taken: contenders by turns, medians told, the machine named."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

from tests.project import Project

Contender = Callable[[], object]


def timed(what: Contender) -> float:
    """The seconds that it takes."""
    began = time.monotonic()
    what()
    return time.monotonic() - began


def by_turns(contenders: Mapping[str, Contender], runs: int, before: Contender = lambda: None) -> dict[str, float]:
    """The median seconds of each; every round begins with another, so that what slows the machine slows all.

    `before` is called before each, and not measured.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for round_ in range(runs):
        turn = round_ % len(names)
        for name in names[turn:] + names[:turn]:
            before()
            taken[name].append(timed(contenders[name]))
            print(f"  {name}: {taken[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {name: median(each) for name, each in taken.items()}


def command(*words: str | Path, folder: Path | None = None, **environment: str) -> Callable[[], float]:
    """A whole process, which has to end well; gives the most memory that it took, in megabytes."""

    def run() -> float:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        with TemporaryFile("w+") as said:
            process = subprocess.Popen(
                words, cwd=folder, env=kept | environment, stdout=subprocess.DEVNULL, stderr=said
            )
            _, status, usage = os.wait4(process.pid, 0)
            if code := os.waitstatus_to_exitcode(status):
                said.seek(0)
                sys.exit(f"{' '.join(map(str, words))} ended with {code}:\n{said.read()[-2_000:]}")
        return usage.ru_maxrss / 1024

    return run


def dbt_heap(project: Project, *words: str) -> Callable[[], float]:
    """A command of ours in a process of its own."""
    return command(sys.executable, "-m", "dbt_heap", *words, folder=project.folder, **project.environment)


def exponent(seconds: Mapping[int, float]) -> float:
    """By which power of the rows the time grows, as a line through the logarithms has it."""
    points = [(log(rows), log(max(took, 0.001))) for rows, took in seconds.items()]
    x = sum(each for each, _ in points) / len(points)
    y = sum(each for _, each in points) / len(points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def commit() -> str:
    """What is measured: git's short name of it."""
    return subprocess.check_output(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        text=True,
    ).strip()


def machine(*packages: str) -> str:
    """What it was measured on, and with what."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {python}, {versions}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table in Markdown, on stdout."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def plot(title: str, values: Mapping[str, float]) -> None:
    """Bars of letters, which look alike wherever Markdown is read; on stdout."""
    most, width = max(values.values()), max(map(len, values))
    bars = (f"{name:<{width}}  {'█' * round(50 * value / most)} {value:,.0f}" for name, value in values.items())
    print("\n".join(["```text", title, "", *bars, "```", ""]), flush=True)
