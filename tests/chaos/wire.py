"""The requests of one run by the sandbox's log: which records were sent, accepted, acknowledged or refused."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.sandbox.server import Sandbox

IDS = {"users": "identity", "accounts": "account_id"}
FAULT = "fault: "


def key_of(kind: str, record: Mapping[str, Any]) -> str:
    """Return the key of a record's row. For events, it is the property Order."""
    return str(record["properties"]["Order"] if kind == "events" else record[IDS[kind]])


@dataclass
class Heard:
    """The records of one kind, by key."""

    sent: dict[str, dict[str, Any]] = field(default_factory=dict)  # with their properties
    taken: set[str] = field(default_factory=set)  # Heap has them, whatever the client knows
    accepted: set[str] = field(default_factory=set)  # and Heap acknowledged them
    refused: set[str] = field(default_factory=set)  # alone in their request


@dataclass
class Wire:
    """All requests of one run."""

    requests: int
    faults: Counter[str]
    received: dict[str, Heard]

    def __getitem__(self, kind: str) -> Heard:
        return self.received[kind]


def wire(heap: Sandbox, since: int) -> Wire:
    """Return the requests after the first `since`."""
    requests = heap.requests(bodies=True)[since:]
    received: dict[str, Heard] = defaultdict(Heard)
    for request in requests:
        for kind, records in _records(request["body"]):
            _receive(received[kind], request, {key_of(kind, record): record for record in records})
    return Wire(len(requests), Counter(_faults(requests)), received)


def _receive(received: Heard, request: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> None:
    answered = request["status"] == 200
    received.sent.update({key: record.get("properties", {}) for key, record in records.items()})
    if answered or request["reason"].endswith("-after"):
        received.taken |= records.keys()
    if answered:
        received.accepted |= records.keys()
    if request["status"] == 400 and len(records) == 1:
        received.refused |= records.keys()


def _faults(requests: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (request["reason"].removeprefix(FAULT) for request in requests if request["reason"].startswith(FAULT))


def _records(body: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the records of a body by kind; none if the body is incomplete."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return
    yield from ((kind, parsed[kind]) for kind in ("users", "accounts", "events") if kind in parsed)
