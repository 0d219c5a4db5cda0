"""The lock of a sync: a table that only one run can create, and that another run can rename if its holder is dead."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dbt_heap.errors import HeapError, RunningError, WarehouseError
from dbt_heap.state.contract import HolderArguments, StateArguments
from dbt_heap.warehouse.connection import Warehouse

LEASE_SECONDS = 900  # a run that has written nothing for this long counts as dead


@dataclass(frozen=True)
class Holder:
    """The run that has a lock."""

    run_id: str
    host: str
    pid: int

    @classmethod
    def of_this_process(cls, run_id: str) -> Holder:
        """Return this process, with a host name that differs from other machines and containers of the same name."""
        return cls(run_id, f"{platform.node() or 'unknown'}/{_machine()}", os.getpid())

    def as_arguments(self) -> HolderArguments:
        """Return what the macro `create_lock` takes as `holder`."""
        return {"run_id": self.run_id, "host": self.host, "pid": self.pid}


@dataclass
class Lock:
    """The lock of one sync at one destination."""

    warehouse: Warehouse
    sync: str
    stem: str  # the common part of the names of this sync's tables
    table: str
    state: StateArguments
    acked: str | None  # the verdicts of the run that may have the lock
    _taken_at: float = 0.0
    _beat_at: float = 0.0  # the time of the last heartbeat

    def take(self, holder: Holder) -> str | None:
        """Take the lock; return the new name of a dead run's lock, None if there was none.

        Raises RunningError if another run has it, WarehouseError.
        """
        self._taken_at = time.time()  # unlike monotonic(), it advances while the machine sleeps
        try:
            self.warehouse.execute("create_lock", lock=self.table, holder=holder.as_arguments())
            return None
        except WarehouseError as refusal:
            aside = self._take_over(self._other(refusal))
            self.warehouse.execute("create_lock", lock=self.table, holder=holder.as_arguments())
            return aside

    def beat(self) -> None:
        """Note that the run has written something, by which others see that it is alive."""
        self._beat_at = time.time()

    @property
    def needs_heartbeat(self) -> bool:
        """Return whether the run should write something to keep the lease."""
        return self._silent_seconds > LEASE_SECONDS / 8

    def check_lease(self) -> None:
        """Raise RunningError after a pause of half a lease. Any thread may call it."""
        if self._silent_seconds > LEASE_SECONDS / 2:
            raise RunningError(
                f"{self.sync}: this run was paused for {self._silent_seconds:.0f} seconds, and another may have taken "
                "over. It sends nothing more; run the same command again."
            )

    def drop(self, holder: Holder) -> None:
        """Drop the lock, unless another run took over and has a lock of the same name now. Raises WarehouseError.

        No run takes over within a lease of the start, so a short run does not check.
        """
        if time.time() - self._taken_at < LEASE_SECONDS / 2 or self.held_by() == holder.run_id:
            self.warehouse.execute("drop_lock", lock=self.table)

    def held_by(self) -> str | None:
        """Return the run that has the lock; None if no run has. Raises WarehouseError."""
        rows = self.warehouse.fetch("lock_holder", lock=self.table)
        return str(rows[0][0]) if rows else None

    @property
    def _silent_seconds(self) -> float:
        return time.time() - self._beat_at

    def _other(self, refusal: WarehouseError) -> Holder:
        """Return the dead run that has the lock. Raises RunningError if it is alive, `refusal` if there is no lock."""
        try:
            ((run_id, host, pid, since, silent),) = self.warehouse.fetch(
                "read_lock", state=self.state, lock=self.table, acked=self.acked
            )
        except (WarehouseError, ValueError):
            raise refusal from None
        other = Holder(run_id, host, int(pid))
        if not _dead(other) and int(silent) < LEASE_SECONDS:
            raise RunningError(
                f"{self.sync}: another run has been running since {since} UTC "
                f"(process {other.pid} on {other.host}, run {other.run_id}). Wait for it to end, "
                f"or, if it died, {(LEASE_SECONDS - int(silent)) // 60 + 1} minutes, then run the same command again."
            )
        return other

    def _take_over(self, dead: Holder) -> str:
        """Rename a dead run's lock and return its new name; if two runs try, one is refused."""
        try:
            aside = f"stale_{self.stem}_{dead.run_id}"
            self.warehouse.execute("move_lock", state=self.state, lock=self.table, aside=aside)
            return aside
        except WarehouseError:
            raise RunningError(
                f"{self.sync}: another run has just taken over from a dead one. Run the same command again."
            ) from None


@contextmanager
def releasing(lock: Lock, holder: Holder) -> Iterator[None]:
    """Drop a lock at the end of the block, even after an error."""
    well = False
    try:
        yield
        well = True
    finally:
        if well:
            lock.drop(holder)
        else:
            # The first error is the one to report. A connection that failed is not used again. If the lock cannot be
            # dropped, the next run takes it over.
            with suppress(HeapError):
                lock.warehouse.close()
                lock.drop(holder)


def _dead(holder: Holder) -> bool:
    """Return whether the process ran on this machine and has ended; False if it ran on another machine."""
    if holder.host != Holder.of_this_process("").host:
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """Return a hash of this machine and container, within which process IDs are unique."""
    parts = []
    for path, read in (
        (Path("/proc/sys/kernel/random/boot_id"), Path.read_text),
        (Path("/proc/self/ns/pid"), Path.readlink),
    ):
        try:
            parts.append(str(read(path)))
        except OSError:
            parts.append("")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:6]
