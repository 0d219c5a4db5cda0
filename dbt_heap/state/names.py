"""Names of the state's tables. No physical name is used twice, since a killed CTAS may block its name for ever.

Each fits into 63 characters, where Postgres cuts silently
(https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time

from dbt_heap.syncs.sync import slug

SYNC_LOG = "sync_log"
REJECT_LOG = "reject_log"
RUNS = "runs"
REJECTS = "rejects"
BUILDS = "builds"  # which dbt's hooks fill, `macros/hooks/`
DELETION_LOG = "deletion_log"  # which the first deletion makes
TABLES = (SYNC_LOG, REJECT_LOG, BUILDS)
SHARED = (*TABLES, RUNS, REJECTS)

_VIEW = re.compile(r"[a-z0-9_]*__synced(_[0-9a-f]{8})?")
_LOG = re.compile(r"[a-z0-9_]+__log")
_PHYSICAL = re.compile(r"(lock|stale|outbox|acked|synced)_[a-z0-9_]*_[0-9a-f]{8}(_[0-9a-f]{12})?")


def new_run_id() -> str:
    """Twelve hexadecimal digits that rise with time."""
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"


def stem(destination: str, sync: str) -> str:
    """What the tables of one sync at one destination share."""
    digest = hashlib.sha256(f"{destination}\0{sync}".encode()).hexdigest()[:8]
    return f"{slug(sync)}_{digest}"


def lock(destination: str, sync: str) -> str:
    """The name of a sync's lock."""
    return f"lock_{stem(destination, sync)}"


def generation(destination: str, sync: str) -> str:
    """A new name for the table that holds what Heap acknowledged."""
    return f"synced_{stem(destination, sync)}_{new_run_id()}"


def view(sync: str, destination: str | None = None) -> str:
    """The view that people read; with a destination, the one it has where another has the plain name."""
    digest = hashlib.sha256(destination.encode()).hexdigest()[:8] if destination else ""
    return f"{slug(sync)}__synced_{digest}".rstrip("_")


def log(sync: str) -> str:
    """The table that keeps which property was sent when, to any destination."""
    return f"{slug(sync)}__log"


def is_log(table: str) -> bool:
    """Whether it is one of these."""
    return bool(_LOG.fullmatch(table.lower()))


def is_ours(table: str) -> bool:
    """Whether a name in the state schema is one of those made here."""
    lowered = table.lower()
    return lowered in (*SHARED, DELETION_LOG) or any(each.fullmatch(lowered) for each in (_VIEW, _LOG, _PHYSICAL))


def was_lock(table: str) -> bool:
    """Whether it is a dead run's lock, moved aside."""
    return table.lower().startswith("stale_")


def holds_state(table: str) -> bool:
    """Whether a table of ours holds what Heap acknowledged."""
    return table.lower().startswith("synced_") and is_ours(table)


def belongs(table: str, sync_stem: str) -> bool:
    """Whether a table is a run's of this sync; its lock is none."""
    return bool(re.fullmatch(rf"(stale|outbox|acked|synced)_{re.escape(sync_stem)}_[0-9a-f]{{12}}", table.lower()))
