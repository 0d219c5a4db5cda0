"""What dbt and the drivers raise, as a WarehouseError that holds no row's value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dbt_heap.errors import HeapError, RunningError, WarehouseError

# A row's value may stand behind any of these, and hold any of them: what follows is told word by word.
_VALUES = re.compile(r"['\"`(]|\b\d|(?<=value: )", re.IGNORECASE)
_WORD = re.compile(r"[^\s'\"`(),;:!?.\[\]]+")
_DRIVERS_WORDS = """
a already and as attached be because big by cannot cast casting clause column constraint database denied destination
device does doesn't exist exists file for found from full function in into is it large left limit memory mode must no
not null of on or out permission range read-only relation schema source space table that the timeout to too type valid
value view when which while with
"""
_TOLD = frozenset(_DRIVERS_WORDS.split())
_SECRETS = re.compile(
    r"(?i)(?<=://)[^\s/@]+(?=@)|(?<=invalid: ).+?(?= is not )|"
    r"(?:(?<=password=)|(?<=passwd=)|(?<=pwd=)|(?<=token=)|(?<=secret=)|(?<=key=))[^\s\"'&;]+"
)
# What dbt and Spark put before what happened.
_PREAMBLE = re.compile(r"(Database|Runtime|Compilation) Error\b.{0,40}$|An error occurred while calling \w+\.\w+\.$")
# What drivers say of a missing permission and of a missing object; Snowflake says both in one sentence.
_DENIED = re.compile(
    r"permission[ _]denied|not authorized|insufficient[ _](privileges?|permissions?)|access denied|"
    r"does not have (the )?[\w. ]*(permission|privilege)",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"does not exist|not[ _]found|cannot be found", re.IGNORECASE)
_DUCKDB_LOCK = re.compile(r"Conflicting lock is held in .*?\(PID (\d+)\)")


def redacted(message: str, statement: str) -> str:
    """The first line that says something, without words that may be a row's: neither the statement's nor the driver's.

    Where there is no statement, nothing ran, and no row can stand in it: all lines, without passwords and their like.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line.lstrip(": ") for line in lines if not _PREAMBLE.match(line)]
    if not statement:
        return _SECRETS.sub("…", " ".join(telling or lines))
    first = (telling or lines or ["no reason given"])[0]
    begin = _VALUES.search(first)
    at = begin.start() if begin else len(first)
    own = set(_WORD.findall(statement))
    rest = _WORD.sub(lambda word: word[0] if word[0] in own or word[0].lower() in _TOLD else "…", first[at:])
    return first[:at] + re.sub(r"…(?:[\s'\"`(),;:!?.\[\]]*…)+", "…", rest)


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
        refused = WarehouseError(f"the warehouse refused {action}: {redacted(text, statement)}")
        refused.denied, refused.absent = bool(_DENIED.search(text)), bool(_ABSENT.search(text))
        raise refused from None


def _since(pid: str) -> str:
    """When a process of this machine began, in words; nothing where there is no procfs.

    `starttime` is the 22nd field of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, in ticks since boot.
    """
    try:
        ticks = int(Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[19])
        (booted,) = re.findall(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
        began = datetime.fromtimestamp(int(booted) + ticks / os.sysconf("SC_CLK_TCK"), UTC)
    except (OSError, ValueError, IndexError):
        return ""
    return f", at work since {began:%Y-%m-%d %H:%M:%S} UTC"
