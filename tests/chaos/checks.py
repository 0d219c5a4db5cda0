"""What must hold after a plain run that ended well, whatever died before it."""

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
    """What a look at everything found."""

    compared: int  # values of objects, and events
    losses: Sequence[str]  # what Heap should hold and does not
    doubles: Sequence[str]  # events that it holds more than once
    others: Sequence[str]  # what else is wrong: rows Heap should not have, the view, the rejects, leftovers

    @property
    def wrong(self) -> tuple[str, ...]:
        """All that is not as it must be."""
        return (*self.losses, *self.doubles, *self.others)


def look(world: World) -> Findings:
    """Heap and the state held against the models."""
    orders = Counter(event["properties"]["Order"] for event in world.heap.events(world.app_id))
    losses = [*_lost_values(world), *(f"event {key} is missing" for key in world.history.now["events"].keys() - orders)]
    others = [*_strange_values(world), *_view_errors(world, set(orders)), *_reject_errors(world)]
    # A dead run's lock stays aside for the length of the next run, so that of two heirs one is refused.
    others += [each for each in leftovers(world) if " stale_" not in each]
    others += [f"event {key} never was" for key in orders.keys() - world.history.keys_ever("events")]
    return Findings(
        compared=sum(len(world.history.now[kind]) * len(COLUMNS[kind]) for kind in IDS) + len(orders),
        losses=losses,
        doubles=[f"event {key} is stored {times} times" for key, times in orders.items() if times > 1],
        others=others,
    )


def sent_again(chain: Sequence[Sent]) -> int:
    """Records that a chain of runs brought to Heap although an earlier one of them had brought the very same row."""
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
    """Tables that no state needs, and runs that have no end."""
    schema = world.project.state_schema
    found = world.project.sql(f"select table_name from information_schema.tables where table_schema = '{schema}'")
    heads = world.project.state("select distinct synced from state.sync_log as log where not exists ("
                                "select 1 from state.sync_log as newer where newer.sync = log.sync "
                                "and newer.entry > log.entry)")  # fmt: skip
    known = SHARED | {f"{sync}__synced" for sync in SYNCS.values()} | {name for (name,) in heads}
    yield from (f"the table {name} is left behind" for (name,) in found if name not in known)
    unfinished = world.project.state("select count(*) from state.runs where status = 'unfinished'")
    yield from (f"{count} runs stand unfinished" for (count,) in unfinished if count)


def _lost_values(world: World) -> Iterator[str]:
    """Every value of the models that is not null is Heap's; of a null that is sent as a blank, no value is."""
    for kind, held in _objects(world).items():
        for key, row in world.history.now[kind].items():
            for name, column in PROPERTIES[kind].items():
                value, theirs = row[column], held.get(key, {}).get(name)
                if value is not None and theirs != value:
                    yield f"{name} of {key} is {theirs!r} in Heap and {value!r} in the model"
                if value is None and kind in world.blank and theirs not in (None, BLANK):
                    yield f"{name} of {key} is {theirs!r} in Heap and became null in the model"


def _strange_values(world: World) -> Iterator[str]:
    """Every value in Heap was once in the model for this property of this key."""
    for kind, held in _objects(world).items():
        for key, properties in held.items():
            for name, theirs in properties.items():
                ever = world.history.ever.get((kind, key, PROPERTIES[kind].get(name, "")), set())
                if theirs not in ever and not (kind in world.blank and theirs == BLANK):
                    yield f"{name} of {key} is {theirs!r} in Heap, which the model never said"


def _view_errors(world: World, orders: set[str]) -> Iterator[str]:
    """The views show every value of the models that is not null, and no event that Heap does not hold."""
    for kind in IDS:
        names = ", ".join(f'"{name}"' for name in PROPERTIES[kind])
        shown = {key: values for key, *values in world.project.state(f"select key, {names} from state.{_view(kind)}")}
        for key, row in world.history.now[kind].items():
            values = [row[column] for column in PROPERTIES[kind].values()]
            for value, theirs in zip(values, shown.get(key, [None] * len(values)), strict=True):
                if value is not None and value != theirs:
                    yield f"{_view(kind)} shows {theirs!r} of {key}, and the model says {value!r}"
    keys = [key for (key,) in world.project.state(f"select key from state.{_view('events')}")]
    if len(set(keys)) < len(keys) or set(keys) - orders or world.history.now["events"].keys() - set(keys):
        yield f"{_view('events')} shows {len(keys)} events, and Heap holds {len(orders)}"


def _reject_errors(world: World) -> Iterator[str]:
    shown: Mapping[str, int] = dict(
        world.project.state("select sync, cast(sum(rows) as integer) from state.rejects group by sync")
    )
    wanted = {SYNCS[kind]: len(rows) for kind, rows in REJECTED.items() if rows}
    if shown != wanted:
        yield f"the view of rejects shows {shown}, and {wanted} stand rejected"


def _objects(world: World) -> dict[str, dict[str, Any]]:
    items = {"users": world.heap.users(world.app_id), "accounts": world.heap.accounts(world.app_id)}
    return {kind: {each[IDS[kind]]: each["properties"] for each in items[kind]} for kind in IDS}


def _view(kind: str) -> str:
    return f"{SYNCS[kind]}__synced"
