"""What dbt and the drivers raise, as a WarehouseError that holds no row's value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from dbt_heap.errors import HeapError, RunningError, WarehouseError

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|(?<=\()[^()]*(?=\))|\b\d[\d.,:-]*\b")
_DUCKDB_LOCK = re.compile(r"Conflicting lock is held in .*?\(PID (\d+)\)")


def redacted(message: str, statement: str) -> str:
    """The first line that says something, without quoted texts and numbers that the statement itself did not hold."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not re.match(r"(Database|Runtime|Compilation) Error\b.{0,40}$", line)]
    if not statement:
        return " ".join(telling or lines)  # nothing ran, so that no row can stand in it
    first = (telling or lines or ["no reason given"])[0]
    return _QUOTED.sub(lambda found: found.group() if found.group().strip("'\"") in statement else "…", first)


@contextmanager
def refusals(action: str, statement: str = "") -> Iterator[None]:
    """Raises what goes wrong inside as WarehouseError, or RunningError where another process holds a DuckDB file."""
    try:
        yield
    except HeapError:
        raise
    except Exception as refusal:  # noqa: BLE001 - drivers have no base in common, and dbt lets some of theirs through
        text = str(refusal)
        if held := _DUCKDB_LOCK.search(text):
            raise RunningError(
                f"the DuckDB file is in use by the process {held.group(1)}{_since(held.group(1))}; DuckDB lets one "
                "process write at a time. Wait for it to end, then run the same command again."
            ) from None
        raise WarehouseError(f"the warehouse refused {action}: {redacted(text, statement)}") from None


def _since(pid: str) -> str:
    """When a process of this machine began, in words; nothing where there is no procfs.

    `starttime` is the 22nd field of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, in ticks since boot.
    """
    try:
        ticks = int(Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[19])
        (booted,) = re.findall(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
        began = datetime.fromtimestamp(int(booted) + ticks / os.sysconf("SC_CLK_TCK"), timezone.utc)
    except (OSError, ValueError, IndexError):
        return ""
    return f", at work since {began:%Y-%m-%d %H:%M:%S} UTC"
