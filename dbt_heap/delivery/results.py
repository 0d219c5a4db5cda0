"""The results of a run, as frozen objects and as `target/heap_results.json`. They contain no values of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from dbt_heap.errors import SettingsError
from dbt_heap.project.files import write_whole

FILE_NAME = "heap_results.json"
SCHEMA_VERSION = 2
_EARLIER_NAMES = {
    "standing": "still_rejected",
    "keys_gone": "missing_keys",
    "keys_came": "rekeyed_rows",
}  # of version 1


class Status(StrEnum):
    """How a sync ended."""

    SUCCESS = "success"
    WARN = "warn"  # some rows are rejected, no more than `allow_rejected`
    REJECTED = "rejected"  # more rows are rejected than allowed; Heap accepted all others
    UNDELIVERED = "undelivered"  # Heap did not take all rows: the next run sends them
    REFUSED = "refused"  # the plan is larger than its guard: nothing was sent
    GATED = "gated"  # the model's build or tests failed: nothing was sent
    SKIPPED = "skipped"  # not started: another run holds the sync, or this run was stopped before
    PARTIAL = "partial"  # stopped as asked before the end: the next run sends the rest
    ERROR = "error"  # it could not run

    @property
    def exit_code(self) -> int:
        """Return 0 for success, 1 if something is left to do, 2 if it could not run."""
        if self is Status.ERROR:
            return 2
        return 0 if self in (Status.SUCCESS, Status.WARN, Status.SKIPPED, Status.PARTIAL) else 1


@dataclass(frozen=True)
class SyncResult:
    """The outcome of one sync. Every planned row is accepted, rejected or undelivered."""

    name: str
    type: str
    model: str
    status: Status
    destination: str = ""
    planned: int = 0
    new: int = 0
    changed: int = 0
    accepted: int = 0
    rejected: int = 0
    undelivered: int = 0
    still_rejected: int = 0  # rejected by an earlier run with the same values, and not tried again
    skipped: int = 0  # null identities, if the declaration skips them
    deleted: int = 0  # rows of deleted users, left out
    missing_keys: int = 0  # acknowledged keys that the model no longer has, if it has new ones instead
    rekeyed_rows: int = 0  # rows that Heap probably has under those keys
    truncated: int = 0  # values cut to the length that Heap takes
    properties: Mapping[str, int] = field(default_factory=dict)  # Heap's name -> rows with a value to send
    reasons: Mapping[str, int] = field(default_factory=dict)  # why rows were rejected in this run
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    message: str | None = None  # how it ended and what to do
    notes: tuple[str, ...] = ()  # what else to know

    def __post_init__(self) -> None:
        if self.accepted + self.rejected + self.undelivered != self.planned:
            raise AssertionError(f"{self.name}: the outcomes of its rows do not add up to its plan")


@dataclass(frozen=True)
class Results:
    """One invocation of `dbt-heap sync`."""

    run_id: str
    dbt_heap_version: str
    target: str
    started_at: str  # ISO 8601, UTC
    seconds: float
    syncs: tuple[SyncResult, ...]
    up_to_date: tuple[str, ...] = ()  # with --built: syncs whose models dbt has not built since; not in `syncs`
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what else to know about the run
    project: str = ""
    manifest_generated_at: str = ""  # ISO 8601, UTC
    schema_version: int = SCHEMA_VERSION

    @property
    def exit_code(self) -> int:
        """Return 2 if no sync could run, 1 if one failed or left something to do, else 0."""
        statuses = {sync.status for sync in self.syncs}
        if Status.ERROR in statuses and statuses <= {Status.ERROR, Status.SKIPPED} and not self.up_to_date:
            return 2
        return int(any(status.exit_code for status in statuses))

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what to do about the syncs with an exit code, each cause once; empty if there are none."""
        return sentences(sync for sync in self.syncs if sync.status.exit_code)

    def __getitem__(self, name: str) -> SyncResult:
        """Return the result of a sync. Raises KeyError if no sync of that name was selected."""
        return {sync.name: sync for sync in self.syncs}[name]

    def write(self, folder: Path) -> Path:
        """Write `heap_results.json` atomically, and return its path. Raises OSError."""
        with suppress(FileExistsError):  # a file has the folder's name: writing gives the better error
            folder.mkdir(parents=True, exist_ok=True)
        return write_whole(folder / FILE_NAME, orjson.dumps(self, option=orjson.OPT_INDENT_2))


def sentences(results: Iterable[SyncResult]) -> tuple[str, ...]:
    """Return the messages of syncs, each after the names of the syncs it is about."""
    names: dict[str, list[str]] = {}
    for each in results:
        names.setdefault((each.message or str(each.status)).removeprefix(f"{each.name}: "), []).append(each.name)
    return tuple(f"{', '.join(dict.fromkeys(about))}: {message}" for message, about in names.items())


def read_results(folder: Path) -> Results | None:
    """Return the results of the last sync in a folder; None if there is no file.

    Raises SettingsError if the file does not contain results, or was written by a newer dbt-heap.
    """
    path = folder / FILE_NAME
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise SettingsError(f"{path} cannot be read, or is not JSON. `dbt-heap sync` replaces it") from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SettingsError(f"{path} has version {version}, written by a newer dbt-heap: pip install -U dbt-heap")
    if version == 1:
        content = _of_version_1(content)
    try:
        return TypeAdapter(Results).validate_python(content)
    except ValidationError:
        raise SettingsError(f"{path} does not contain results. `dbt-heap sync` replaces it") from None


def _of_version_1(content: dict[str, Any]) -> dict[str, Any]:
    """Return results of version 1 with the field names of this version."""
    syncs = content.get("syncs")
    renamed = [{_EARLIER_NAMES.get(name, name): value for name, value in each.items()} for each in syncs or ()]
    return {**content, "syncs": renamed, "schema_version": SCHEMA_VERSION}


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema of `heap_results.json`."""
    schema = TypeAdapter(Results).json_schema(mode="serialization")
    schema["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
