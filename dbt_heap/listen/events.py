"""A webhook of dbt Cloud's: whether it is one, and what it says.

https://docs.getdbt.com/docs/deploy/webhooks
"""

from __future__ import annotations

import hmac
import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

COMPLETED = "job.run.completed"  # comes once the artifacts are there, of failed runs too
SUCCESS, ERROR = 10, 20


@dataclass(frozen=True)
class Event:
    """One event. Those of other kinds than a run's end may lack ids."""

    event_id: str
    kind: str
    job: int
    run: int
    status: int


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether the header holds the HMAC of the body; found out in the same time whatever it holds."""
    expected = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().encode("utf-8", "replace"))


def parse_event(body: bytes) -> Event:
    """Return what a body says. Raises ValueError with the reason if it is not an event."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON, or it nests too deep") from None
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    for key, kind, named in (("eventType", str, "a text"), ("eventId", str, "a text"), ("data", dict, "an object")):
        if not isinstance(content.get(key), kind):
            raise ValueError(f"its {key} is {f'not {named}' if key in content else 'missing'}")
    event_id, data = content["eventId"], content["data"]
    if not 0 < len(event_id) <= 200:
        raise ValueError("its eventId is empty or longer than 200 characters")
    if content["eventType"] != COMPLETED:
        return Event(event_id, content["eventType"], 0, 0, 0)
    return Event(event_id, COMPLETED, *(_number(data, key) for key in ("jobId", "runId", "runStatusCode")))


def _number(data: dict[str, Any], key: str) -> int:
    if key not in data:
        raise ValueError(f"its data has no {key}")
    found = str(data[key])  # ids come as texts, the status as a number
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise ValueError(f"its {key} is not a number")
    return int(found)


class Seen:
    """The last events that were taken, so that one which is sent again is known."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        """Notes an event, and forgets the oldest where there are too many."""
        self._ids[event_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
