"""Turn errors of dbt and of drivers into WarehouseError, without row values in the message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dbt_heap.errors import HeapError, RunningError, WarehouseError

# Any of these may begin a row's value: after the first one, only known words are kept.
_VALUES = re.compile(r"['\"`(]|\b\d|(?<=value: )", re.IGNORECASE)
_WORD = re.compile(r"[^\s'\"`(),;:!?.\[\]]+")
_DRIVERS_WORDS = """
a already and as attached be because big by cannot cast casting clause column constraint database denied destination
device does doesn't exist exists file for found from full function in into is it large left limit memory mode must no
not null of on or out permission range read-only relation schema source space table that the timeout to too type valid
value view when which while with
"""
_KEPT_WORDS = frozenset(_DRIVERS_WORDS.split())
_SECRETS = re.compile(
    r"(?i)(?<=://)[^\s/@]+(?=@)|(?<=invalid: ).+?(?= is not )|"
    r"(?:(?<=password=)|(?<=passwd=)|(?<=pwd=)|(?<=token=)|(?<=secret=)|(?<=key=))[^\s\"'&;]+"
)
# What dbt and Spark write before the actual message.
_PREAMBLE = re.compile(r"(Database|Runtime|Compilation) Error\b.{0,40}$|An error occurred while calling \w+\.\w+\.$")
# How drivers report a missing permission and a missing object; Snowflake does both in one sentence.
_DENIED = re.compile(
    r"permission[ _]denied|not authorized|insufficient[ _](privileges?|permissions?)|access denied|"
    r"does not have (the )?[\w. ]*(permission|privilege)",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"does not exist|not[ _]found|cannot be found", re.IGNORECASE)
_DUCKDB_LOCK = re.compile(r"Conflicting lock is held in .*?\(PID (\d+)\)")


def redacted(message: str, statement: str) -> str:
    """Return the first meaningful line of a message, without words that are neither the statement's nor the driver's.

    Without a statement, nothing ran and there can be no row values: all lines are returned, without passwords.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    meaningful = [line.lstrip(": ") for line in lines if not _PREAMBLE.match(line)]
    if not statement:
        return _SECRETS.sub("…", " ".join(meaningful or lines))
    first = (meaningful or lines or ["no reason given"])[0]
    begin = _VALUES.search(first)
    at = begin.start() if begin else len(first)
    own = set(_WORD.findall(statement))
    rest = _WORD.sub(lambda word: word[0] if word[0] in own or word[0].lower() in _KEPT_WORDS else "…", first[at:])
    return first[:at] + re.sub(r"…(?:[\s'\"`(),;:!?.\[\]]*…)+", "…", rest)


@contextmanager
def refusals(action: str, statement: str = "") -> Iterator[None]:
    """Raise errors in the block as WarehouseError, or as RunningError if another process has the DuckDB file."""
    try:
        yield
    except HeapError:
        raise
    except Exception as refusal:  # noqa: BLE001 - drivers have no common base class, and dbt passes some of their errors on
        text = str(refusal)
        if held := _DUCKDB_LOCK.search(text):
            raise RunningError(
                f"the DuckDB file is in use by the process {held.group(1)}{_since(held.group(1))}; DuckDB lets one "
                "process write at a time. Wait for it to end, then run the same command again."
            ) from None
        refused = WarehouseError(f"the warehouse refused {action}: {redacted(text, statement)}")
        refused.denied, refused.absent = bool(_DENIED.search(text)), bool(_ABSENT.search(text))
        raise refused from None


def _since(pid: str) -> str:
    """Return since when a process of this machine has been running; empty if there is no procfs.

    `starttime` is the 22nd field of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, in ticks since boot.
    """
    try:
        ticks = int(Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[19])
        (booted,) = re.findall(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
        began = datetime.fromtimestamp(int(booted) + ticks / os.sysconf("SC_CLK_TCK"), UTC)
    except (OSError, ValueError, IndexError):
        return ""
    return f", running since {began:%Y-%m-%d %H:%M:%S} UTC"
