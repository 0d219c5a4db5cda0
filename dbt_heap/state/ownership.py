"""Which dbt project owns which state: several projects may share a state schema.

See docs/decisions/0017-owners.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dbt_heap.errors import StateError
from dbt_heap.state.log import LogEntry, Step, SyncLog
from dbt_heap.syncs.sync import Sync, SyncType


class Owner:
    """The dbt project of this invocation, which owns the state of its syncs."""

    def __init__(
        self, project: str, declared: Iterable[Sync], disabled: frozenset[str], *, assumed: bool = False
    ) -> None:
        """Create the owner.

        Args:
            project: the dbt project's name; empty if it is unknown.
            declared: the syncs that the project declares.
            disabled: the names of declared syncs that do not run.
            assumed: whether the name is a guess, which is not enough to own state.
        """
        self.project = "" if assumed else project
        self.namespace = project
        self.declared: Mapping[str, Sync] = {sync.name: sync for sync in declared}
        self._disabled = disabled

    def declares(self, name: str) -> bool:
        """Return whether the project declares a sync of this name, even if it does not run."""
        return name in self.declared or name in self._disabled

    def undeclared(self, log: SyncLog, destination: str) -> Mapping[str, LogEntry]:
        """Return the newest entries of this project's former syncs: they have state and are no longer declared."""
        return {entry.sync: entry for entry in self._left(log, destination) if self.owns(log, entry)}

    def owns(self, log: SyncLog, entry: LogEntry) -> bool:
        """Return whether this project wrote an entry.

        A project whose name is unknown (dbt before 1.6, no checkout) owns what the packages of its models wrote, and
        what was written without a name.
        """
        ours = {self.project} if self.project else {sync.model.package for sync in self.declared.values()} | {""}
        if entry.project is not None:
            return entry.project in ours
        written_by = entry.first_project or (_package(entry) if self.project else "")
        return written_by in ours or written_by in self._former_names(log)

    def raise_if_foreign(self, sync: Sync, newest: LogEntry | None, *, bound: bool) -> None:
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
                f"{sync.model.relation}. If the model moved for good: dbt-heap state rebind {sync.name}. A development "
                "build must not go to the same Heap environment: give its target its own Environment ID."
            )
        if newest.type != str(sync.type):
            raise StateError(
                f"{sync.name}: its state is of {newest.type}, and the block says {sync.type} now. Give the sync "
                f"another `name:`, or start over with: dbt-heap state reset {sync.name}"
            )

    def may_continue(self, log: SyncLog, sync: Sync, destination: str) -> tuple[list[LogEntry], list[LogEntry]]:
        """Return the entries of undeclared syncs of the same type and key, whose state a new sync may continue.

        The first list is this project's; the second is other projects', of the very same relation. Both are empty if
        the sync's block says that it is new, or if it was reset.
        """
        own, others = list[LogEntry](), list[LogEntry]()
        before = log.last(destination, sync.name)
        if sync.type is SyncType.USER_DELETIONS or sync.renamed_from == () or (before and before.step is Step.RESET):
            return own, others
        for entry in self._left(log, destination):
            ours = self.owns(log, entry)
            same_relation = entry.relation.lower() == str(sync.model.relation).lower()
            alike = (entry.type, entry.key_columns) == (str(sync.type), sync.key)
            if alike and (ours or same_relation):
                (own if ours else others).append(entry)
        return own, others

    def _left(self, log: SyncLog, destination: str) -> Iterator[LogEntry]:
        """Yield the newest entries at a destination of syncs that this project neither declares nor takes over."""
        taken_over = {name for sync in self.declared.values() for name in sync.renamed_from or ()}
        for where, name in sorted(log.entries):
            known = self.declares(name) or name in taken_over
            if where == destination and not known and (entry := log.current(where, name)):
                yield entry

    def _other_project(self, sync: Sync, newest: LogEntry, *, same_relation: bool, bound: bool) -> str:
        """Return the other project that a sync's state belongs to; empty if it is this one or unknown.

        The same model with the same relation is the same sync, even if another project installs its package.
        """
        if not self.project or (newest.model == sync.model.unique_id and (same_relation or not bound)):
            return ""
        if newest.project is None:  # an older version wrote it: only a relation that moved says more than its namespace
            written_by = newest.first_project if bound and not same_relation else ""
        else:
            written_by = newest.project
        return "" if written_by == self.project else written_by

    def _former_names(self, log: SyncLog) -> set[str]:
        """Return earlier names of this project, found in entries that older versions wrote for its own syncs."""
        return {
            entry.first_project
            for entry in log.entries.values()
            if entry.project is None
            and (sync := self.declared.get(entry.sync))
            and entry.namespace == f"{entry.first_project}.{entry.sync}"  # not taken over from another sync
            and entry.relation.lower() == str(sync.model.relation).lower()
        }


def own_entry(log: SyncLog, owner: Owner, sync: Sync, destination: str) -> LogEntry:
    """Return the newest entry of a sync's own name; for a sync without state, the entry before its first one."""
    newest = log.current(destination, sync.name)
    if newest and follows_model(sync, newest):
        newest = replace(newest, relation=str(sync.model.relation), model=sync.model.unique_id)
    if newest:
        return newest if newest.project else replace(newest, project=owner.project or None)
    return LogEntry(
        destination=destination,
        sync=sync.name,
        entry=log.last_number(destination, sync.name),
        run_id="",
        step=Step.CLOSED,
        type=str(sync.type),
        model=sync.model.unique_id,
        relation=str(sync.model.relation),
        key_columns=sync.key,
        namespace=_namespace(owner.namespace, sync, log.last(destination, sync.name)),
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
    """Return the prefix of the idempotency keys of a sync without state; `last` is its newest entry.

    After a reset, it is the same as before, so Heap recognizes the events it has. If another sync took over the state
    of this name, and with it the prefix, the sync gets a new one.
    """
    if last and last.step is Step.RESET and (last.project or project) == project:
        return last.namespace
    taken = f".{last.entry}" if last and last.step is Step.RENAMED else ""
    return f"{project}.{sync.name}{taken}"


def _package(entry: LogEntry) -> str:
    """Return the dbt package of an entry's model."""
    return [*entry.model.split("."), "", ""][1]
