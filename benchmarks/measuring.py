"""Measure contenders in turns, and print medians and the machine."""

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
    """Return how many seconds it takes."""
    began = time.monotonic()
    what()
    return time.monotonic() - began


def by_turns(contenders: Mapping[str, Contender], runs: int, before: Contender = lambda: None) -> dict[str, float]:
    """Return the median seconds of each. Every round starts with another, so a slow moment of the machine affects all.

    `before` is called before each, outside of the measurement.
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
    """Return a function that runs a whole process, which must succeed, and returns its peak memory in megabytes."""

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
    """Return a function that runs a dbt-heap command in its own process."""
    return command(sys.executable, "-m", "dbt_heap", *words, folder=project.folder, **project.environment)


def exponent(seconds: Mapping[int, float]) -> float:
    """Return the power of the rows by which the time grows: the slope of a line through the logarithms."""
    points = [(log(rows), log(max(took, 0.001))) for rows, took in seconds.items()]
    x = sum(each for each, _ in points) / len(points)
    y = sum(each for _, each in points) / len(points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def commit() -> str:
    """Return git's short name of the measured commit."""
    return subprocess.check_output(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        text=True,
    ).strip()


def machine(*packages: str) -> str:
    """Return the machine, the Python and the packages."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {python}, {versions}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def plot(title: str, values: Mapping[str, float]) -> None:
    """Print a bar chart in text, which looks the same wherever Markdown is read."""
    most, width = max(values.values()), max(map(len, values))
    bars = (f"{name:<{width}}  {'█' * round(50 * value / most)} {value:,.0f}" for name, value in values.items())
    print("\n".join(["```text", title, "", *bars, "```", ""]), flush=True)
