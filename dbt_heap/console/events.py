"""Lines of a log in the shape of dbt's own events: https://docs.getdbt.com/reference/events-logging#structured-logging"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import orjson

# By name; dbt's own codes begin with other letters.
CODES = {
    "SyncStarted": "H001",
    "SyncPlanned": "H002",
    "SyncProgress": "H003",
    "SyncEnded": "H004",
    "Context": "H005",
    "Note": "H010",
    "Warning": "H011",
    "Problem": "H012",
}


def event_line(
    name: str, level: str, text: str, facts: Mapping[str, Any], *, invocation_id: str, extra: Mapping[str, str]
) -> str:
    """An event as a line of JSON; `extra` are the user's own variables, as dbt repeats them."""
    info = {
        "category": "",
        "code": CODES[name],
        "extra": extra,
        "invocation_id": invocation_id,
        "level": level,
        "msg": text,
        "name": name,
        "pid": os.getpid(),
        "thread": threading.current_thread().name,
        "ts": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return orjson.dumps({"data": facts, "info": info}).decode()
