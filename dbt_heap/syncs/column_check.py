"""Check declarations against the warehouse: whether the columns exist and have a suitable class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dbt_heap.errors import Mistake, did_you_mean
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import Place, quoted
from dbt_heap.syncs.absence import Absence, absent
from dbt_heap.syncs.block import SENT_COLUMNS
from dbt_heap.syncs.columns import ValueClass, spellings
from dbt_heap.syncs.sync import Sync

Columns = Mapping[str, ValueClass]

_FLOAT = "whose text is not stable: cast it to an integer, a decimal or text in the model"
_NO_TEXT = "which have no text to identify a row by: cast it to text in the model"


@dataclass(frozen=True)
class Readable:
    """Access to the models' columns; `dbt_heap.state.models` reads the warehouse."""

    columns: Callable[[Sync], Columns]  # the columns that can be read, with their classes
    absence: Callable[[Sync], Absence | None]  # why a relation or column is missing; None if unknown
    grants: Callable[[Sequence[Model], Absence], Sequence[str]]  # the statements that would grant access


def check_columns(syncs: Iterable[Sync], readable: Readable, among: Iterable[Sync] = ()) -> list[Mistake]:
    """Return the mistakes of declarations compared with the built models; a common cause is reported once.

    If other syncs, `among` those of the run, have the same cause, the message includes them.
    """
    mistakes: list[Mistake] = []
    causes: dict[tuple[object, ...], tuple[Absence, list[Model]]] = {}
    for sync in syncs:
        there = readable.columns(sync)
        unknown = [column for _, column, _ in named_columns(sync) if not spellings(column, there)]
        absence = readable.absence(sync) if unknown or not there else None
        if absence:
            causes.setdefault(absence.cause(sync.model), (absence, []))[1].append(sync.model)
        if there or not absence:
            unreadable = absence.columns if absence else ()
            mistakes += _of_sync(sync, there, [column for column in unknown if spellings(column, unreadable)])
    for sync in among if causes else ():
        absence = None if readable.columns(sync) else readable.absence(sync)
        if absence and (cause := absence.cause(sync.model)) in causes:
            causes[cause][1].append(sync.model)
    mistakes += [_of_cause(models, absence, readable) for absence, models in causes.values()]
    return list(dict.fromkeys(mistakes))


def _of_cause(found: Iterable[Model], absence: Absence, readable: Readable) -> Mistake:
    models = sorted({each.unique_id: each for each in found}.values(), key=lambda each: each.name)
    grants = readable.grants(models, absence) if absence.needs else ()
    files = dict.fromkeys(each.file for each in models)
    place = Place(", ".join(each.name for each in models), ", ".join(files), "")
    return place.mistake(absent(models, absence, grants))


def _of_sync(sync: Sync, there: Columns, unreadable: Collection[str]) -> Iterator[Mistake]:
    for key, column, place in named_columns(sync):
        if column in unreadable:
            continue
        found = spellings(column, there)
        if not found:
            near = did_you_mean(column, there)
            yield place.mistake(f"the relation {sync.model.relation} has no column {quoted(column)}{near}")
        elif len(found) > 1:
            which = " and ".join(map(quoted, found))
            yield place.mistake(
                f"the relation {sync.model.relation} has {which}: write {quoted(column)} as one of them"
            )
        elif (wrong := unfit(key, there[found[0]])) is not None:
            yield place.mistake(f"the column {quoted(found[0])} holds {_CALLED[there[found[0]]]}, {wrong}")


def named_columns(sync: Sync) -> Iterator[tuple[str, str, Place]]:
    """Yield every column that a sync names: the key that names it, the column, and the place in the YAML."""
    for key in SENT_COLUMNS:
        column = getattr(sync, key)
        if column is not None:
            given_by = sync.property_places.get(key) if key == "timestamp" else None
            yield key, column, given_by or sync.place.at(key)
    for column in sync.unique_key:
        yield "unique_key", column, sync.place.at("unique_key")
    for name, column in sync.properties.items():
        yield "properties", column, sync.property_places.get(name) or sync.place.at("properties")


def unfit(key: str, value_class: ValueClass) -> str | None:
    """Return why a column of this class cannot be used for a key; None if it can."""
    v = ValueClass
    if key in ("identity", "account_id", "unique_key") and value_class is v.FLOAT:
        return _FLOAT
    if key in ("identity", "account_id", "event_name_column") and value_class in (v.BYTES, v.ARRAY, v.JSON):
        return _NO_TEXT
    if key == "unique_key" and value_class is v.BYTES:
        return _NO_TEXT
    if key == "heap_user_id" and value_class not in (v.INTEGER, v.DECIMAL, v.TEXT):
        return "but the numeric ID of Heap's SDK is required: as an integer, a decimal or text"
    if key == "timestamp" and value_class not in (v.DATE, v.TIMESTAMP, v.TIMESTAMPTZ):
        return "but a date or a timestamp is required: cast it in the model"
    if key == "properties_column" and value_class not in (v.JSON, v.TEXT):
        return "but a JSON object is required: as JSON, a struct, a map or text"
    return None


_CALLED = {
    ValueClass.BOOLEAN: "booleans",
    ValueClass.INTEGER: "integers",
    ValueClass.DECIMAL: "decimals",
    ValueClass.FLOAT: "floats",
    ValueClass.TEXT: "text",
    ValueClass.DATE: "dates",
    ValueClass.TIMESTAMP: "timestamps",
    ValueClass.TIMESTAMPTZ: "timestamps",
    ValueClass.ARRAY: "arrays",
    ValueClass.JSON: "JSON",
    ValueClass.OTHER: "values of another type",
    ValueClass.BYTES: "bytes",
}
