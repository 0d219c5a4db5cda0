"""Check Heap and the state after a successful run, whatever was killed before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.history import COLUMNS, KINDS, REJECTED
from tests.chaos.wire import IDS
from tests.chaos.world import PROPERTIES, SYNCS, Sent, World

SHARED = {"sync_log", "reject_log", "builds", "runs", "rejects"}
BLANK = ""


@dataclass(frozen=True)
class Findings:
    """The findings of one check of everything."""

    compared: int  # values of objects, and events
    losses: Sequence[str]  # what Heap should have and does not
    duplicates: Sequence[str]  # events that Heap has more than once
    others: Sequence[str]  # what else is wrong: rows Heap should not have, the view, the rejects, leftovers

    @property
    def wrong(self) -> tuple[str, ...]:
        """Return all problems."""
        return (*self.losses, *self.duplicates, *self.others)


def look(world: World) -> Findings:
    """Compare Heap and the state with the models."""
    orders = Counter(event["properties"]["Order"] for event in world.heap.events(world.app_id))
    losses = [*_lost_values(world), *(f"event {key} is missing" for key in world.history.now["events"].keys() - orders)]
    others = [*_strange_values(world), *_view_errors(world, set(orders)), *_reject_errors(world)]
    # The lock of a killed run is kept during the next run, so only one of two successors can take it over.
    others += [each for each in leftovers(world) if " stale_" not in each]
    others += [f"event {key} was never in a model" for key in orders.keys() - world.history.keys_ever("events")]
    return Findings(
        compared=sum(len(world.history.now[kind]) * len(COLUMNS[kind]) for kind in IDS) + len(orders),
        losses=losses,
        duplicates=[f"event {key} is stored {times} times" for key, times in orders.items() if times > 1],
        others=others,
    )


def sent_again(chain: Sequence[Sent]) -> int:
    """Return how many records a chain of runs sent although an earlier run had sent the same row."""
    last: dict[tuple[str, str], Any] = {}
    again = 0
    for sent in chain:
        for kind in KINDS:
            for key, times in sent.records[kind].items():
                row = "sent" if kind == "events" else sent.rows[kind].get(key)
                again += times - 1 + (last.get((kind, key)) == row)
                last[kind, key] = row
    return again


def leftovers(world: World) -> Iterator[str]:
    """Yield tables that no state needs, and runs that are unfinished."""
    schema = world.project.state_schema
    found = world.project.sql(f"select table_name from information_schema.tables where table_schema = '{schema}'")
    heads = world.project.state("select distinct synced from state.sync_log as log where not exists ("
                                "select 1 from state.sync_log as newer where newer.sync = log.sync "
                                "and newer.entry > log.entry)")  # fmt: skip
    known = SHARED | {f"{sync}__synced" for sync in SYNCS.values()} | {name for (name,) in heads}
    yield from (f"the table {name} is left behind" for (name,) in found if name not in known)
    unfinished = world.project.state("select count(*) from state.runs where status = 'unfinished'")
    yield from (f"{count} runs are unfinished" for (count,) in unfinished if count)


def _lost_values(world: World) -> Iterator[str]:
    """Yield values of the models that Heap lacks, and values that it has although a null was sent as a blank."""
    for kind, held in _objects(world).items():
        for key, row in world.history.now[kind].items():
            for name, column in PROPERTIES[kind].items():
                value, theirs = row[column], held.get(key, {}).get(name)
                if value is not None and theirs != value:
                    yield f"{name} of {key} is {theirs!r} in Heap and {value!r} in the model"
                if value is None and kind in world.blank and theirs not in (None, BLANK):
                    yield f"{name} of {key} is {theirs!r} in Heap and became null in the model"


def _strange_values(world: World) -> Iterator[str]:
    """Yield values in Heap that the model never had for this property and key."""
    for kind, held in _objects(world).items():
        for key, properties in held.items():
            for name, theirs in properties.items():
                ever = world.history.ever.get((kind, key, PROPERTIES[kind].get(name, "")), set())
                if theirs not in ever and not (kind in world.blank and theirs == BLANK):
                    yield f"{name} of {key} is {theirs!r} in Heap, which the model never had"


def _view_errors(world: World, orders: set[str]) -> Iterator[str]:
    """Yield values that the views lack, and events that Heap does not have."""
    for kind in IDS:
        names = ", ".join(f'"{name}"' for name in PROPERTIES[kind])
        shown = {key: values for key, *values in world.project.state(f"select key, {names} from state.{_view(kind)}")}
        for key, row in world.history.now[kind].items():
            values = [row[column] for column in PROPERTIES[kind].values()]
            for value, theirs in zip(values, shown.get(key, [None] * len(values)), strict=True):
                if value is not None and value != theirs:
                    yield f"{_view(kind)} shows {theirs!r} of {key}, and {value!r} in the model"
    keys = [key for (key,) in world.project.state(f"select key from state.{_view('events')}")]
    if len(set(keys)) < len(keys) or set(keys) - orders or world.history.now["events"].keys() - set(keys):
        yield f"{_view('events')} shows {len(keys)} events, and Heap has {len(orders)}"


def _reject_errors(world: World) -> Iterator[str]:
    shown: Mapping[str, int] = dict(
        world.project.state("select sync, cast(sum(rows) as integer) from state.rejects group by sync")
    )
    wanted = {SYNCS[kind]: len(rows) for kind, rows in REJECTED.items() if rows}
    if shown != wanted:
        yield f"the view of rejects shows {shown}, and {wanted} are rejected"


def _objects(world: World) -> dict[str, dict[str, Any]]:
    items = {"users": world.heap.users(world.app_id), "accounts": world.heap.accounts(world.app_id)}
    return {kind: {each[IDS[kind]]: each["properties"] for each in items[kind]} for kind in IDS}


def _view(kind: str) -> str:
    return f"{SYNCS[kind]}__synced"
