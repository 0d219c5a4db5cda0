"""What is known of one key of one sync, and what the next run would do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.payloads import Reason
from dbt_heap.words import ToldWord


class Outlook(ToldWord):
    """What the next sync would do with a row: a word for machines, and a sentence for people."""

    NEW = "new", "would be sent: Heap has acknowledged nothing of it"
    CHANGED = "changed", "would be sent: it changed since Heap acknowledged it"
    DOUBTFUL = "doubtful", "would be sent in full: a run was killed, and Heap may hold it or not"
    UNCHANGED = "unchanged", "nothing to send: Heap has acknowledged what the model has"
    SENT_ONCE = "acknowledged", "nothing to send: Heap has acknowledged it, and an event is sent once"
    EMPTY = "empty", "nothing to send: all of its properties are null"
    GONE = "gone", "nothing to send: it is not in the model any more, and Heap keeps what it has"
    UNKNOWN = "unknown", "nothing to send: it is not in the model, and Heap has acknowledged nothing of it"
    BEFORE_BEGIN = "before_begin", "not looked at: it is older than `begin`"
    BEFORE_LOOKBACK = "before_lookback", "not looked at: it is older than the lookback; `sync --full-scan` looks at all"
    SKIPPED = "skipped", "left out: its identity is null, and `null_identity` is `skip`"
    DELETED = "deleted", "not sent any more: Heap was asked to delete this person"
    TO_DELETE = "to_delete", "Heap would be asked to delete this person, by `sync --allow-deletions` alone"
    REJECTED = "rejected", "would be rejected"
    STANDING = "standing", "stands rejected, and is tried again when its values change, or with `--retry-rejected`"


@dataclass(frozen=True)
class Told:
    """One property of a row: its values as text, and the one that Heap would get."""

    property: str
    warehouse: str | None
    acknowledged: str | None
    next: Any  # None where it is not sent
    why: str


@dataclass(frozen=True)
class Explanation:
    """What is known of one key of one sync."""

    asked: str  # what was asked for: its key or, of an event, perhaps its identity
    sync: str
    type: str
    key: str
    outlook: Outlook
    reason: str | None = None  # of a reject
    guilty: str | None = None  # the property that makes it one
    since: str | None = None  # when it was rejected first
    event_at: str | None = None
    acknowledged_at: str | None = None
    run_id: str | None = None  # of the run that sent what Heap acknowledged
    origin: str | None = None
    properties: tuple[Told, ...] = ()
    record: Mapping[str, Any] | None = None  # what Heap would get

    @property
    def sentence(self) -> str:
        """What the next sync does with it, and why."""
        if self.reason is None:
            return self.outlook.sentence
        of = f" ({self.guilty})" if self.guilty else ""
        return f"{self.outlook.sentence}: {self.reason}{of}. {Reason.tell(self.reason)}"
