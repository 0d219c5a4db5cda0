"""What happened, as a frozen object and as `target/heap_results.json`; no row's value stands in it."""

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
    REJECTED = "rejected"  # more rows are rejected than allowed; all others arrived
    UNDELIVERED = "undelivered"  # Heap did not take all rows: they are sent by the next run
    REFUSED = "refused"  # the plan is larger than its guard: nothing was sent
    GATED = "gated"  # the model's build or tests failed: nothing was sent
    SKIPPED = "skipped"  # not begun: another run is at work on it, or this one was stopped before
    PARTIAL = "partial"  # stopped in good order before the end: the rest is sent by the next run
    ERROR = "error"  # it could not run

    @property
    def exit_code(self) -> int:
        """0 well, 1 something is left to do, 2 it could not run."""
        if self is Status.ERROR:
            return 2
        return 0 if self in (Status.SUCCESS, Status.WARN, Status.SKIPPED, Status.PARTIAL) else 1


@dataclass(frozen=True)
class SyncResult:
    """What became of the rows of one sync. Every planned row has one fate: accepted, rejected or undelivered."""

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
    skipped: int = 0  # null identities, where the declaration says so
    deleted: int = 0  # of people whom Heap was asked to delete: left out
    missing_keys: int = 0  # acknowledged keys that are gone from the model, if others came in their place
    rekeyed_rows: int = 0  # rows that Heap likely has under those keys
    truncated: int = 0  # values cut to what Heap takes
    properties: Mapping[str, int] = field(default_factory=dict)  # Heap's name -> rows whose value was to be sent
    reasons: Mapping[str, int] = field(default_factory=dict)  # why rows were rejected in this run
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    message: str | None = None  # how it ended and what to do, in a sentence
    notes: tuple[str, ...] = ()  # what else to know, in sentences

    def __post_init__(self) -> None:
        if self.accepted + self.rejected + self.undelivered != self.planned:
            raise AssertionError(f"{self.name}: the fates of its rows do not add up to its plan")


@dataclass(frozen=True)
class Results:
    """One invocation of `dbt-heap sync`."""

    run_id: str
    dbt_heap_version: str
    target: str
    started_at: str  # ISO 8601, UTC
    seconds: float
    syncs: tuple[SyncResult, ...]
    up_to_date: tuple[str, ...] = ()  # with --built, the syncs whose models dbt has not built since: none of `syncs`
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what else to know about the run, in sentences
    project: str = ""
    manifest_generated_at: str = ""  # ISO 8601, UTC
    schema_version: int = SCHEMA_VERSION

    @property
    def exit_code(self) -> int:
        """Return 2 if no sync could run, 1 if one did not end well, else 0."""
        statuses = {sync.status for sync in self.syncs}
        if Status.ERROR in statuses and statuses <= {Status.ERROR, Status.SKIPPED} and not self.up_to_date:
            return 2
        return int(any(status.exit_code for status in statuses))

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what to do about the syncs that did not end well, each cause once; empty if the exit code is 0."""
        return sentences(sync for sync in self.syncs if sync.status.exit_code)

    def __getitem__(self, name: str) -> SyncResult:
        """The result of a sync. Raises KeyError where none of that name was selected."""
        found = {sync.name: sync for sync in self.syncs}
        return found[name]

    def write(self, folder: Path) -> Path:
        """Writes `heap_results.json` whole or not at all, and returns its path. Raises OSError."""
        with suppress(FileExistsError):  # a file in the folder's place: writing says so better
            folder.mkdir(parents=True, exist_ok=True)
        return write_whole(folder / FILE_NAME, orjson.dumps(self, option=orjson.OPT_INDENT_2))


def sentences(results: Iterable[SyncResult]) -> tuple[str, ...]:
    """Return the messages of some syncs, each behind the names of those that it is about."""
    names: dict[str, list[str]] = {}
    for each in results:
        names.setdefault((each.message or str(each.status)).removeprefix(f"{each.name}: "), []).append(each.name)
    return tuple(f"{', '.join(dict.fromkeys(about))}: {message}" for message, about in names.items())


def read_results(folder: Path) -> Results | None:
    """What the last sync left in a folder; None where no file stands there.

    Raises SettingsError where a file is no results, or those of a newer dbt-heap.
    """
    path = folder / FILE_NAME
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise SettingsError(f"{path} cannot be read, or is no JSON: `dbt-heap sync` writes it anew") from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SettingsError(f"{path} is of version {version}, written by a newer dbt-heap: pip install -U dbt-heap")
    if version == 1:
        content = _of_version_1(content)
    try:
        return TypeAdapter(Results).validate_python(content)
    except ValidationError:
        raise SettingsError(f"{path} does not hold what `dbt-heap sync` writes: it will write it anew") from None


def _of_version_1(content: dict[str, Any]) -> dict[str, Any]:
    """Return results of version 1 with the field names of this version."""
    syncs = content.get("syncs")
    renamed = [{_EARLIER_NAMES.get(name, name): value for name, value in each.items()} for each in syncs or ()]
    return {**content, "syncs": renamed, "schema_version": SCHEMA_VERSION}


def results_schema() -> dict[str, Any]:
    """The JSON Schema of `heap_results.json`."""
    schema = TypeAdapter(Results).json_schema(mode="serialization")
    schema["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
