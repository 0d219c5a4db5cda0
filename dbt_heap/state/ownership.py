"""Which dbt project a state belongs to, and which state may be an earlier name's of a sync that has none.

Several projects may share a state schema. docs/decisions/0017-owners.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dbt_heap.errors import StateError, counted
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import State
from dbt_heap.syncs.sync import Sync, SyncType

_NAMED = 5  # earlier names that a message lists


@dataclass(frozen=True)
class Candidate:
    """State that an undeclared sync left, and that a new sync may continue."""

    entry: LogEntry
    rows: int | None  # that Heap acknowledged; None if a killed run did not say


class Owner:
    """The dbt project of this invocation, beside the entries of the log."""

    def __init__(
        self, project: str, declared: Iterable[Sync], disabled: frozenset[str], *, assumed: bool = False
    ) -> None:
        """Take the project's name and its syncs.

        Args:
            project: the name; empty if it is unknown.
            declared: the syncs that it declares.
            disabled: names of others that it declares, and that do not run.
            assumed: whether the name is only the most plausible one, which owns nothing.
        """
        self.project = "" if assumed else project
        self.namespace = project
        self._declared = {sync.name: sync for sync in declared}
        self._disabled = disabled

    def declares(self, name: str) -> bool:
        """Return whether the project declares a sync of this name, be it switched off."""
        return name in self._declared or name in self._disabled

    def undeclared(self, state: State, destination: str) -> Mapping[str, LogEntry]:
        """Return the state at a destination that this project's syncs left, and that it no longer declares."""
        return {entry.sync: entry for entry in self._left(state, destination) if self.owns(state, entry)}

    def owns(self, state: State, entry: LogEntry) -> bool:
        """Return whether this project wrote an entry.

        A project whose name is unknown (dbt before 1.6, no checkout) owns what the packages of its models wrote, and
        what was written without a name.
        """
        ours = {self.project} if self.project else {sync.model.package for sync in self._declared.values()} | {""}
        if entry.project is not None:
            return entry.project in ours
        written_by = entry.first_project or (_package(entry) if self.project else "")
        return written_by in ours or written_by in self._former_names(state)

    def must_own(self, sync: Sync, newest: LogEntry | None, *, bound: bool) -> None:
        """Raise StateError if a sync's state is another project's, or of another relation or type.

        Args:
            newest: the newest entry of the sync's own name; None if it has no state.
            bound: whether the relation counts; a preview may look at another.
        """
        if newest is None:
            return
        same_relation = newest.relation.lower() == str(sync.model.relation).lower()
        if other := self._other_project(sync, newest, same_relation=same_relation, bound=bound):
            raise StateError(
                f"{sync.name}: its state belongs to the dbt project {other}, and this project is {self.project}. Two "
                "projects cannot share the state of one sync, and nothing was sent. Give the sync another `name:`, or "
                f"give one project its own vars.dbt_heap.schema. If {other} is the former name of this project, or the "
                f"sync moved from {other} to {self.project} for good: dbt-heap state rebind {sync.name}"
            )
        if bound and not same_relation and not follows_model(sync, newest):
            raise StateError(
                f"{sync.name}: it was bound to {newest.relation} at its first sync, and the manifest says "
                f"{sync.model.relation}. If the model moved for good: dbt-heap state rebind {sync.name}. If this is a "
                "development build, it must not go to the same Heap environment: give its target an app id of its own."
            )
        if newest.type != str(sync.type):
            raise StateError(
                f"{sync.name}: its state is of {newest.type}, and the block says {sync.type} now. Give the sync "
                f"another name, or start over with: dbt-heap state reset {sync.name}"
            )

    def candidates(self, state: State, sync: Sync, destination: str) -> tuple[list[Candidate], list[Candidate]]:
        """Return the state with acknowledged rows that a sync without state may continue.

        The first list is this project's; the second is another project's, of the very same relation. Both are empty if
        the sync's block says that it is new, or if it was reset. Raises WarehouseError.
        """
        own, others = list[Candidate](), list[Candidate]()
        before = state.entries.get((destination, sync.name))
        if sync.type is SyncType.USER_DELETIONS or sync.renamed_from == () or (before and before.step is Step.RESET):
            return own, others
        for entry in self._left(state, destination):
            ours = self.owns(state, entry)
            same_relation = entry.relation.lower() == str(sync.model.relation).lower()
            alike = (entry.type, entry.key_columns) == (str(sync.type), sync.key)
            if alike and (ours or same_relation) and (found := candidate(state, entry)):
                (own if ours else others).append(found)
        return own, others

    def _left(self, state: State, destination: str) -> Iterator[LogEntry]:
        """The newest entries at a destination of syncs that this project does not declare, nor takes over."""
        taken_over = {name for sync in self._declared.values() for name in sync.renamed_from or ()}
        for where, name in sorted(state.entries):
            known = self.declares(name) or name in taken_over
            if where == destination and not known and (entry := state.newest(where, name)):
                yield entry

    def _other_project(self, sync: Sync, newest: LogEntry, *, same_relation: bool, bound: bool) -> str:
        """The other project that a sync's state belongs to; empty if it is ours, or if that cannot be known.

        The same model of the same relation is the same sync, also if another project installs its package.
        """
        if not self.project or (newest.model == sync.model.unique_id and (same_relation or not bound)):
            return ""
        if newest.project is None:  # an older version wrote it: only a relation that moved says more than its namespace
            written_by = newest.first_project if bound and not same_relation else ""
        else:
            written_by = newest.project
        return "" if written_by == self.project else written_by

    def _former_names(self, state: State) -> set[str]:
        """Names that this project had, as entries of older versions of its own syncs say."""
        return {
            entry.first_project
            for entry in state.entries.values()
            if entry.project is None
            and (sync := self._declared.get(entry.sync))
            and entry.namespace == f"{entry.first_project}.{entry.sync}"  # not taken over from another sync
            and entry.relation.lower() == str(sync.model.relation).lower()
        }


def own_entry(state: State, sync: Sync, destination: str, owner: Owner) -> LogEntry:
    """Return the newest entry of a sync's own name; for one without state, the place before its first entry."""
    newest = state.newest(destination, sync.name)
    if newest and follows_model(sync, newest):
        newest = replace(newest, relation=str(sync.model.relation), model=sync.model.unique_id)
    if newest:
        return newest if newest.project else replace(newest, project=owner.project or None)
    return LogEntry(
        destination=destination,
        sync=sync.name,
        entry=state.last_number(destination, sync.name),
        run_id="",
        step=Step.CLOSED,
        type=str(sync.type),
        model=sync.model.unique_id,
        relation=str(sync.model.relation),
        key_columns=sync.key,
        namespace=_namespace(owner.namespace, sync, state.entries.get((destination, sync.name))),
        project=owner.project or None,
    )


def follows_model(sync: Sync, newest: LogEntry) -> bool:
    """Return whether `renamed_from` names the sync's earlier model, whose relation was in the same schema."""
    names = newest.model.split(".")[2:]
    return any(name in names for name in sync.renamed_from or ()) and in_schema_of(sync, newest)


def in_schema_of(sync: Sync, entry: LogEntry) -> bool:
    """Return whether an entry is bound to a relation in the schema of the sync's model."""
    schema = f"{replace(sync.model.relation, identifier='')}." if sync.model.relation else ""
    return entry.relation.lower().startswith(schema.lower())


def _namespace(project: str, sync: Sync, last: LogEntry | None) -> str:
    """What the idempotency keys of its events begin with, where it has no state; `last` is what the log says of it.

    After a reset the same as before, so that Heap knows again what it has. Where another sync has taken the name's
    state, and so its keys, one of its own.
    """
    if last and last.step is Step.RESET and (last.project or project) == project:
        return last.namespace
    taken = f".{last.entry}" if last and last.step is Step.RENAMED else ""
    return f"{project}.{sync.name}{taken}"


def candidate(state: State, entry: LogEntry) -> Candidate | None:
    """Return an entry's state with its acknowledged rows; None if Heap acknowledged none. Raises WarehouseError."""
    if entry.step.unfinished and entry.sent_up_to:
        return Candidate(entry, None)
    if not entry.synced:
        return None
    if not state.catalog.of_state(entry.synced):  # gone: what it held is unknown
        return Candidate(entry, None)
    rows = int(state.warehouse.query("acknowledged_rows", synced=state.relation(entry.synced)).rows[0]["found"])
    return Candidate(entry, rows) if rows else None


def may_be_renamed(sync: Sync, found: Iterable[Candidate]) -> str:
    """Return the sentence for a sync that may continue other syncs' state: what they have, and what to type."""
    several = list(found)
    shown = several[:_NAMED]
    told = [f"{each.entry.sync} ({_rows(each)})" for each in shown]
    more = f" and {len(several) - _NAMED} more" if len(several) > _NAMED else ""
    commands = [f"dbt-heap state rename {each.entry.sync} {sync.name}" for each in shown]
    one = len(several) == 1
    consequence = (
        "every event a second time, under other keys" if sync.type is SyncType.EVENTS else "every row once more"
    )
    return (
        f"{sync.name}: it has no state, and no model declares {', '.join(told)}{more} any more, which "
        f"{'has' if one else 'have'} the same type and key ({sync.key}). If {sync.name} is "
        f"{several[0].entry.sync if one else 'one of them'} under a new name, it would send {consequence}: add "
        f"`renamed_from: {shown[0].entry.sync if one else '<earlier name>'}` to its block, or run: "
        f"{' or '.join(commands)}. If {sync.name} is a new sync: add `renamed_from: []` to its block"
    )


def same_rows(sync: Sync, found: Iterable[Candidate]) -> str:
    """Return the sentence for a sync whose very rows another project's sync has sent."""
    first = next(iter(found)).entry
    return (
        f"the dbt project {first.project or first.first_project} has synced the same relation as {first.sync}. If "
        f"{sync.name} continues that sync: dbt-heap state rename {first.sync} {sync.name}"
    )


def _rows(found: Candidate) -> str:
    if found.rows is None:
        return "its last run did not end"
    return f"{counted(found.rows, 'row')} acknowledged"


def _package(entry: LogEntry) -> str:
    """The package of an entry's model: the project, or a package that it installs."""
    return [*entry.model.split("."), "", ""][1]
