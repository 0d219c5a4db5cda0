"""`renamed_from`: a sync takes over the state of its earlier name, with its idempotency keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from dbt_heap.errors import StateError
from dbt_heap.state.admin import hand_over
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry
from dbt_heap.state.ownership import Owner, candidate, in_schema_of
from dbt_heap.state.session import SyncSession
from dbt_heap.state.store import State
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.syncs.sync import Sync


def predecessor(state: State, owner: Owner, sync: Sync, destination: str, *, bound: bool = True) -> LogEntry | None:
    """Return the newest entry of the earlier name whose state the sync takes over; None if there is none.

    A takeover that was cut short has one until it is finished. Raises StateError if it isn't clear, or not safe, which
    state is to be taken; WarehouseError.
    """
    if not sync.renamed_from:
        return None
    named = (state.newest(destination, name) for name in sync.renamed_from)
    older = [each for each in named if each and not owner.declares(each.sync)]
    own = state.newest(destination, sync.name)
    if own and own.synced:
        if begun := [each for each in older if each.synced == own.synced]:
            return begun[0]
        older = [each for each in older if owner.owns(state, each) and candidate(state, each)]
        if older:
            raise StateError(_both_have(sync, older[0]))
        return None
    if declared := [name for name in sync.renamed_from if owner.declares(name) and state.newest(destination, name)]:
        raise StateError(_still_declared(sync, declared[0]))
    older = [each for each in older if each.synced or (each.step.unfinished and each.sent_up_to)]
    if len(older) > 1:
        older = [each for each in older if candidate(state, each)] or older[:1]
    if len(older) > 1:
        raise StateError(_several(sync, older))
    if older:
        _must_fit(state, owner, sync, older[0], bound=bound)
    return older[0] if older else None


def inherited(sync: Sync, older: LogEntry) -> LogEntry:
    """Return the entry of an earlier name as the sync has it once it took over."""
    return replace(older, relation=str(sync.model.relation), rejects_run_id=None)


@dataclass(frozen=True)
class Takeover:
    """One run's takeover; the lock of the new name is held."""

    state: State
    sync: Sync
    lock: Lock
    holder: Holder
    columns: Callable[[Sync], Iterable[MappedColumn]]

    def __call__(self, older: LogEntry, project: str | None) -> State:
        """Take over; killed between its two entries, the next run finishes it. Return the state as it is then.

        Raises RunningError if a run of the earlier name is at work, WarehouseError.
        """
        state = self.state
        lock = state.lock(older.destination, older.sync)
        aside = lock.take(self.holder)
        try:
            state = state.reread()
            newest = state.newest(older.destination, older.sync)
            if newest and newest.step.unfinished:
                state, newest = self._settled(state, newest, lock, aside)
            if newest and newest.synced:
                hand_over(
                    state, newest, self.sync.name, (lock, self.lock), self.holder,
                    relation=str(self.sync.model.relation), model=self.sync.model.unique_id,
                    project=project or newest.project,
                )  # fmt: skip
        finally:
            lock.drop(self.holder)
        if aside:  # no other run can move this one's lock any more
            state.drop(aside)
        return state.reread()

    def _settled(
        self, state: State, unfinished: LogEntry, lock: Lock, aside: str | None
    ) -> tuple[State, LogEntry | None]:
        """The state after a killed run of the earlier name was recovered, and its newest entry."""
        dead = SyncSession(state, lock, self.holder, unfinished, logs=self.sync.log)
        dead.recover(self.columns(self.sync))
        state = state.reread()
        for table in state.unnamed(unfinished.destination, unfinished.sync):
            if table != aside:
                state.drop(table)
        return state, state.newest(unfinished.destination, unfinished.sync)


def _must_fit(state: State, owner: Owner, sync: Sync, older: LogEntry, *, bound: bool) -> None:
    """Raise StateError if the state of the earlier name is another project's, type's or schema's."""
    by_hand = f"dbt-heap state rename {older.sync} {sync.name}"
    if not owner.owns(state, older):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, whose state belongs to the dbt project "
            f"{older.project or older.first_project}. If the sync moved to this project for good: {by_hand}"
        )
    if older.type != str(sync.type):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, whose state is of {older.type}, and the block says "
            f"{sync.type}. If it is a new sync: `renamed_from: []`"
        )
    if bound and not in_schema_of(sync, older):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, which is bound to {older.relation}, and the manifest "
            f"says {sync.model.relation}, in another schema. If the model moved for good: {by_hand}, then "
            f"dbt-heap state rebind {sync.name}. If this is a development build, it must not go to the same Heap "
            "environment: give its target an app id of its own."
        )


def _still_declared(sync: Sync, name: str) -> str:
    return (
        f"{sync.name}: `renamed_from` names {name}, which is still declared and has state of its own. Remove the block "
        f"of {name} if {sync.name} takes its place; if both are to be sent, and {sync.name} is new: `renamed_from: []`"
    )


def _both_have(sync: Sync, older: LogEntry) -> str:
    return (
        f"{sync.name}: `renamed_from` names {older.sync}, which has state that Heap acknowledged, and so has "
        f"{sync.name}. To go on with that of {sync.name}, remove {older.sync} from `renamed_from`; to go on with that "
        f"of {older.sync}: dbt-heap state reset {sync.name}"
    )


def _several(sync: Sync, older: list[LogEntry]) -> str:
    found = " and ".join(each.sync for each in older)
    commands = " or ".join(f"dbt-heap state rename {each.sync} {sync.name}" for each in older)
    return (
        f"{sync.name}: `renamed_from` names {found}, each of which has state that Heap acknowledged, and a sync can "
        f"take over one only. Leave one of them there, or run: {commands}"
    )
