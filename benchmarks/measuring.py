"""How figures are taken: contenders by turns, medians told, the machine named."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

Contender = Callable[[], None]


def by_turns(contenders: Mapping[str, Contender], runs: int) -> dict[str, float]:
    """The median seconds of each; every round begins with another, so that what slows the machine slows all."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for round_ in range(runs):
        for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
            began = time.monotonic()
            contenders[name]()
            taken[name].append(time.monotonic() - began)
            print(f"  {name}: {taken[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {name: median(each) for name, each in taken.items()}


def command(*words: str | Path, folder: Path | None = None, **environment: str) -> Contender:
    """A whole process, which has to end well."""

    def run() -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        ran = subprocess.run(words, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(f"{' '.join(map(str, words))} ended with {ran.returncode}:\n{ran.stderr[-2_000:]}")

    return run


def machine(*packages: str) -> str:
    """What it was measured on, and with what."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.machine()}, Python {python}, {versions}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table in Markdown, on stdout."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |", flush=True)
