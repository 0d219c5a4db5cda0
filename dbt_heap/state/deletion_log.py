"""The log of users deleted from Heap: only digests of their identities remain in the warehouse."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from dbt_heap.errors import WarehouseError
from dbt_heap.state import names
from dbt_heap.state.contract import DeletionArguments, PlanArguments
from dbt_heap.state.purge import purge
from dbt_heap.state.steps import locked
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.sync import Sync, SyncType

_INSERT_ROWS = 1_000
_FORGOTTEN = "forgotten"  # with a run's ID: a request ID that Heap never uses


def address_of(destination: str) -> str:
    """Return Heap's address from a destination's label: a user is deleted from all environments at that address."""
    return destination.partition("@")[2]


def deletion_arguments(store: StateStore, destination: str, sync: Sync) -> DeletionArguments | None:
    """Return what the macros take as `plan.deletion`; None for accounts, and if no one was ever deleted.

    Raises StateError if the log is missing.
    """
    log = store.deletion_log()
    if log is None or sync.type is SyncType.ACCOUNT_PROPERTIES:
        return None
    return {"log": log, "address": address_of(destination), "who": sync.user_field}


def with_deletion_log(store: StateStore) -> StateStore:
    """Return the store with a deletion log, created if needed. Raises WarehouseError, StateError if it is missing."""
    if store.deletion_log():
        return store
    try:
        store.warehouse.execute(
            "create_deletion_log", deletion_log=store.relation(names.DELETION_LOG), seed=secrets.token_hex(16)
        )
    except WarehouseError:
        if not (store := store.reread()).deletion_log():
            raise
        return store  # if two runs create it at once, one is refused
    return store.reread()


@dataclass(frozen=True)
class Deletions:
    """Deletions by one sync, or by hand, in the log and in the state. Every method can be repeated."""

    store: StateStore
    destination: str
    run_id: str
    sync: str = ""

    def open_requests(self) -> dict[str, int]:
        """Return the requests that Heap has not reported complete, with the number of users of each."""
        rows = self._warehouse.fetch("open_requests", deletion=self._deletion(), sync=self.sync)
        return {str(request_id): int(users) for request_id, users in rows}

    def open_rows(self, plan: PlanArguments) -> dict[int, str]:
        """Return the rows of a plan's outbox that are in open requests: request by seq."""
        return {
            int(seq): str(request_id) for seq, request_id in self._warehouse.fetch("rows_in_open_requests", plan=plan)
        }

    def log_asked(self, plan: PlanArguments) -> None:
        """Log the users of a plan, so no later plan sends them. Raises RunningError if a run has an earlier plan."""
        self._log(plan, "asked")
        self._raise_if_others_run()

    def log_requested(self, plan: PlanArguments, request_id: str, seqs: Collection[int]) -> None:
        """Log that Heap has a request about these rows of a plan."""
        self._log(plan, "requested", request_id=request_id, seqs=sorted(seqs))

    def log_deleted(self, requests: Collection[str]) -> None:
        """Purge the users of completed requests from the state, then log that they are deleted.

        Raises RunningError if a sync that has such users is running: a later run purges them.
        """
        purge(
            self.store.reread(), self._deletion(requests), self.store.owner.declared, own=(self.destination, self.sync)
        )
        self._end(requests, "deleted")

    def log_lost(self, requests: Collection[str]) -> None:
        """Log that Heap does not know some requests."""
        self._end(requests, "lost")

    def forget(self, who: str, keys: Iterable[str]) -> None:
        """Log users who were deleted directly in Heap, and purge them. Statements contain only digests of the keys.

        Args:
            who: what the keys are, `identity` or `user_id`.
            keys: the users' keys.

        Raises:
            RunningError: a sync that has such users is running. They are no longer sent; a later run purges them.
            WarehouseError: the warehouse refused a statement.
        """
        rows = self._warehouse.fetch("deletion_salt", deletion=self._deletion())
        digests = sorted({_digest(str(rows[0][0]), who, key) for key in keys})
        request_id = f"{_FORGOTTEN} {self.run_id}"
        for start in range(0, len(digests), _INSERT_ROWS):
            self._warehouse.execute(
                "log_digests", deletion=self._deletion(), run_id=self.run_id, step="requested", request_id=request_id,
                digests=digests[start : start + _INSERT_ROWS],
            )  # fmt: skip
        self._raise_if_others_run()
        self.log_deleted([request_id])

    def _raise_if_others_run(self) -> None:
        """Raise RunningError if another sync is running, which may still send users that it planned before the log."""
        store = self.store.reread()
        syncs = {*store.log.entries, *((self.destination, name) for name in self.store.owner.declared)}
        for destination, sync in sorted(syncs - {(self.destination, self.sync)}):
            same_address = address_of(destination) == address_of(self.destination)
            if same_address and names.lock(destination, sync) in store.catalog.state_tables:
                with locked(store, destination, sync):
                    pass  # the run that had the lock has ended, or is dead

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
    """Return the digest that the macro `identity_digest` returns."""
    return hashlib.sha256(f"{salt}{who}:{key}".encode()).hexdigest()
