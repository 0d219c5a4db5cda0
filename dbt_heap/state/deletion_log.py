"""The log of whom Heap was asked to delete: the digests that stay, when all else of them is gone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from dbt_heap.errors import WarehouseError
from dbt_heap.state import names
from dbt_heap.state.admin import held
from dbt_heap.state.contract import DeletionArguments, PlanArguments
from dbt_heap.state.purge import purge
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.sync import Sync, SyncType

_INSERT_ROWS = 1_000
_FORGOTTEN = "forgotten"  # stands before a run's id, where no request of Heap's has one


def address_of(destination: str) -> str:
    """Where Heap is, of a destination's label: a person is deleted in all environments that stand there."""
    return destination.partition("@")[2]


def deletion_arguments(store: StateStore, destination: str, sync: Sync) -> DeletionArguments | None:
    """What the macros take as `plan.deletion`; None where nobody was ever deleted, and of accounts.

    Raises StateError where the log is gone.
    """
    log = store.deletion_log()
    if log is None or sync.type is SyncType.ACCOUNT_PROPERTIES:
        return None
    return {"log": log, "address": address_of(destination), "who": sync.who}


def with_deletion_log(store: StateStore) -> StateStore:
    """The state with a deletion log, made where there is none. Raises WarehouseError, StateError where it is gone."""
    if store.deletion_log():
        return store
    try:
        store.warehouse.execute(
            "create_deletion_log", deletion_log=store.relation(names.DELETION_LOG), seed=secrets.token_hex(16)
        )
    except WarehouseError:
        if not (store := store.reread()).deletion_log():
            raise
        return store  # of two runs at once one is refused, and the other made it
    return store.reread()


@dataclass(frozen=True)
class Deletions:
    """The deletions of one sync, or of nobody's, in the log and in the state. Every method may be repeated."""

    store: StateStore
    destination: str
    run_id: str
    sync: str = ""

    def open_requests(self) -> dict[str, int]:
        """The requests that Heap has not reported complete, with how many people each is about."""
        rows = self._warehouse.fetch("open_requests", deletion=self._deletion(), sync=self.sync)
        return {str(request_id): int(people) for request_id, people in rows}

    def open_rows(self, plan: PlanArguments) -> dict[int, str]:
        """Which rows of a plan's outbox are in such a request: seq -> request."""
        return {
            int(seq): str(request_id) for seq, request_id in self._warehouse.fetch("rows_in_open_requests", plan=plan)
        }

    def ask(self, plan: PlanArguments) -> None:
        """From now on nobody of a plan is sent. Raises RunningError where a run goes on that planned before."""
        self._log(plan, "asked")
        self._nobody_goes_on()

    def requested(self, plan: PlanArguments, request_id: str, seqs: Collection[int]) -> None:
        """Heap has a request about these rows of a plan."""
        self._log(plan, "requested", request_id=request_id, seqs=sorted(seqs))

    def complete(self, requests: Collection[str]) -> None:
        """Heap is done with some requests: the people leave the state, and then the log says so.

        Raises RunningError where a run is at work on a sync that has them: they are still to be purged then.
        """
        purge(
            self.store.reread(), self._deletion(requests), self.store.owner.declared, own=(self.destination, self.sync)
        )
        self._end(requests, "deleted")

    def lost(self, requests: Collection[str]) -> None:
        """Heap knows nothing of some requests."""
        self._end(requests, "lost")

    def forget(self, who: str, keys: Iterable[str]) -> None:
        """What `ask` and `complete` do, for people whom others have deleted in Heap. No key stands in a statement.

        Raises as they do: they are not sent any more then, and still to be purged.
        """
        rows = self._warehouse.fetch("deletion_salt", deletion=self._deletion())
        digests = sorted({_digest(str(rows[0][0]), who, key) for key in keys})
        request_id = f"{_FORGOTTEN} {self.run_id}"
        for start in range(0, len(digests), _INSERT_ROWS):
            self._warehouse.execute(
                "log_digests", deletion=self._deletion(), run_id=self.run_id, step="requested", request_id=request_id,
                digests=digests[start : start + _INSERT_ROWS],
            )  # fmt: skip
        self._nobody_goes_on()
        self.complete([request_id])

    def _nobody_goes_on(self) -> None:
        """Raises RunningError where another sync's run may still send whom it planned before the log knew them."""
        store = self.store.reread()
        names_of = {*store.log.entries, *((self.destination, name) for name in self.store.owner.declared)}
        for destination, sync in sorted(names_of - {(self.destination, self.sync)}):
            near = address_of(destination) == address_of(self.destination)
            if near and names.lock(destination, sync) in store.catalog.state_tables:
                with held(store, destination, sync):
                    pass  # who held it has ended, or is dead

    def _log(self, plan: PlanArguments, step: str, **more: Any) -> None:
        self._warehouse.execute("log_deletions", plan=plan, run_id=self.run_id, step=step, **more)

    def _end(self, requests: Collection[str], step: str) -> None:
        self._warehouse.execute("close_requests", deletion=self._deletion(requests), run_id=self.run_id, step=step)

    def _deletion(self, requests: Collection[str] | None = None) -> DeletionArguments:
        deletion: DeletionArguments = {"log": self.store.deletion_log(), "address": address_of(self.destination)}
        return deletion if requests is None else {**deletion, "requests": sorted(requests)}

    @property
    def _warehouse(self) -> Any:
        return self.store.warehouse


def _digest(salt: str, who: str, key: str) -> str:
    """What the macro `identity_digest` makes of it."""
    return hashlib.sha256(f"{salt}{who}:{key}".encode()).hexdigest()
