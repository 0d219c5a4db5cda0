"""What Python passes to the macros: the keys of their arguments `plan`, `run`, `state`, `deletion` and so on.

Jinja renders a missing key as nothing, so a test compares these types with the keys that the macros use. An argument
that has one of the names in `ARGUMENTS` has its keys, in every macro.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class RelationArguments(TypedDict):
    """A relation of the user's project."""

    database: str | None
    schema: str
    identifier: str  # empty for the whole schema
    sql: str  # its name as the manifest quotes it
    readable: bool  # leave out columns that the role may not select
    kind: NotRequired[str]  # table, view, …; for grants


class ColumnArguments(TypedDict):
    """A mapped column of the model."""

    role: str
    name: str  # Heap's name of a property
    column: str  # the model's name
    value_class: str
    stored: str  # the name in the outbox and in the state


class DeletionArguments(TypedDict):
    """The log of deleted people, as seen from one destination."""

    log: str | None
    address: str
    who: NotRequired[str]  # `identity`, or `user_id` for the Heap SDK's ID
    requests: NotRequired[list[str]]  # only people in these


class SyncArguments(TypedDict):
    """One sync at one destination."""

    sync: str
    destination: str


class PlanTables(TypedDict):
    """The tables that a plan reads."""

    relation: str  # the model
    synced: str | None  # the state; None for a first sync
    synced_columns: list[str]
    sync_log: str
    reject_log: str
    deletion: DeletionArguments | None


class PlanChanges(TypedDict, total=False):
    """What a caller adds to a plan or changes."""

    outbox: str
    lock: str
    next: str  # the table that adopts rows
    run_id: str
    before: str  # adopt events before this instant
    begin: str | None
    newer_than: str | None
    only_keys: list[str]
    only_subjects: list[str]


class PlanArguments(SyncArguments, PlanTables):
    """A model and the state to compare it with: all that the macros know of a sync."""

    type: str
    columns: list[ColumnArguments]
    key_columns: list[str]
    subject: str  # the outbox's column with the identity
    timestamp: str | None
    timezone: str
    blank_nulls: bool
    skip_null_identity: bool
    reject_too_long: bool
    begin: str | None
    newer_than: str | None  # the start of the lookback
    rejects_run_id: str | None  # the run whose rejects are current
    only_keys: list[str]  # if not empty, select only rows with these keys
    only_subjects: list[str]  # … or about these people
    retry_rejected: bool
    leaves_out_deleted: bool
    again: bool  # also people that Heap has already deleted
    least_new: int  # new rows from which to look for recomputed keys; 0: do not look
    count_model: bool
    count_state: bool
    max_batch: int
    max_identity_events: int
    outbox: NotRequired[str]
    lock: NotRequired[str]
    next: NotRequired[str]
    run_id: NotRequired[str]
    before: NotRequired[str]


class StateColumnArguments(TypedDict):
    """A property's column in the outbox or the state."""

    name: str
    type: str
    known: bool  # the state has it


class RunArguments(TypedDict):
    """A run's outbox and verdicts, to merge into the state."""

    run_id: str
    holder: str  # the run that holds the lock
    lock: str
    outbox: str
    acked: str
    older: str | None  # the state's table; None before the first one
    sent_up_to: int  # the last seq that may have been sent
    still_rejected: str  # the outbox's column of that name, or the one of an older version
    columns: NotRequired[list[StateColumnArguments]]  # of the outbox
    kept: NotRequired[list[StateColumnArguments]]  # of the state, no longer mapped
    next: NotRequired[str]  # the state's next table


class RunChanges(TypedDict, total=False):
    """What a merge adds to it."""

    columns: list[StateColumnArguments]
    kept: list[StateColumnArguments]
    next: str


class PropertyArguments(TypedDict):
    """A property in an outbox, for the property log."""

    place: int  # in the outbox's mask, from 1
    column: str
    name: str  # Heap's name


class StateArguments(TypedDict):
    """The state schema, its shared tables and their views."""

    schema: str
    sync_log: str
    reject_log: str
    builds: str
    runs: str
    rejects: str


class HolderArguments(TypedDict):
    """The process that holds a lock."""

    run_id: str
    host: str
    pid: int


class VerdictArguments(TypedDict):
    """Heap's verdict on a batch, or on one row."""

    batch: int
    seq: int | None
    verdict: str
    reason: str | None
    property: str | None


ARGUMENTS: dict[str, type] = {
    "plan": PlanArguments,
    "column": ColumnArguments,
    "run": RunArguments,
    "state_column": StateColumnArguments,
    "property": PropertyArguments,
    "state": StateArguments,
    "deletion": DeletionArguments,
    "relation": RelationArguments,
    "holder": HolderArguments,
    "verdict": VerdictArguments,
}
