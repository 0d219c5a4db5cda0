"""Names of the state's tables. No physical name is used twice, because a killed CTAS may block its name for ever.

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
BUILDS = "builds"  # filled by dbt's hooks, `macros/hooks/`
DELETION_LOG = "deletion_log"  # created by the first deletion
TABLES = (SYNC_LOG, REJECT_LOG, BUILDS)
SHARED = (*TABLES, RUNS, REJECTS)

_VIEW = re.compile(r"[a-z0-9_]*__synced(_[0-9a-f]{8})?")
_LOG = re.compile(r"[a-z0-9_]+__log")
_PHYSICAL = re.compile(r"(lock|stale|outbox|acked|synced)_[a-z0-9_]*_[0-9a-f]{8}(_[0-9a-f]{12})?")


def new_run_id() -> str:
    """Return a new run ID: twelve hexadecimal digits that increase with time."""
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"


def stem(destination: str, sync: str) -> str:
    """Return the common part of the names of one sync's tables at one destination."""
    digest = hashlib.sha256(f"{destination}\0{sync}".encode()).hexdigest()[:8]
    return f"{slug(sync)}_{digest}"


def lock(destination: str, sync: str) -> str:
    """Return the name of a sync's lock."""
    return f"lock_{stem(destination, sync)}"


def generation(destination: str, sync: str) -> str:
    """Return a new name for the table of what Heap acknowledged."""
    return f"synced_{stem(destination, sync)}_{new_run_id()}"


def view(sync: str, destination: str | None = None) -> str:
    """Return the name of a sync's view; with `destination`, the name for a second destination."""
    digest = hashlib.sha256(destination.encode()).hexdigest()[:8] if destination else ""
    return f"{slug(sync)}__synced_{digest}".rstrip("_")


def log(sync: str) -> str:
    """Return the name of a sync's property log, which has what was sent to all destinations."""
    return f"{slug(sync)}__log"


def is_log(table: str) -> bool:
    """Return whether a table is a property log."""
    return bool(_LOG.fullmatch(table.lower()))


def is_ours(table: str) -> bool:
    """Return whether a name in the state schema is one of dbt-heap's."""
    lowered = table.lower()
    return lowered in (*SHARED, DELETION_LOG) or any(each.fullmatch(lowered) for each in (_VIEW, _LOG, _PHYSICAL))


def was_lock(table: str) -> bool:
    """Return whether a table is a dead run's lock, renamed by another run."""
    return table.lower().startswith("stale_")


def holds_state(table: str) -> bool:
    """Return whether a table contains what Heap acknowledged."""
    return table.lower().startswith("synced_") and is_ours(table)


def belongs(table: str, sync_stem: str) -> bool:
    """Return whether a table belongs to a run of this sync; the lock does not."""
    return bool(re.fullmatch(rf"(stale|outbox|acked|synced)_{re.escape(sync_stem)}_[0-9a-f]{{12}}", table.lower()))
