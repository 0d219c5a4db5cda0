"""Who may work on a sync: a table that only one run can create, and that a dead run's heir may move aside."""

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

LEASE_SECONDS = 900  # a run that has written nothing for so long is taken for dead


@dataclass(frozen=True)
class Holder:
    """A run as others see it."""

    run_id: str
    host: str
    pid: int

    @classmethod
    def of_this_process(cls, run_id: str) -> Holder:
        """This process, its host told apart from others of the same name."""
        return cls(run_id, f"{platform.node() or 'unknown'}/{_machine()}", os.getpid())

    def as_arguments(self) -> HolderArguments:
        """Return what the macro `create_lock` takes."""
        return {"run_id": self.run_id, "host": self.host, "pid": self.pid}


@dataclass
class Lock:
    """The lock of one sync at one destination, as the macros name it."""

    warehouse: Warehouse
    sync: str
    stem: str  # what the tables of this sync share in their names
    table: str
    state: StateArguments
    acked: str | None  # where the run that may hold it writes its verdicts
    _taken_at: float = 0.0
    _shown_at: float = 0.0  # when others were last shown that its holder lives

    def take(self, holder: Holder) -> str | None:
        """Returns holding the lock: where a dead run's was moved to, None where there was none.

        Raises RunningError where another run holds it, WarehouseError for all else.
        """
        self._taken_at = time.time()  # which goes on while a machine sleeps
        try:
            self.warehouse.execute("create_lock", lock=self.table, holder=holder.as_arguments())
            return None
        except WarehouseError as refusal:
            aside = self._take_over(self._other(refusal))
            self.warehouse.execute("create_lock", lock=self.table, holder=holder.as_arguments())
            return aside

    def show(self) -> None:
        """Notes that something was written by which others see that its holder lives."""
        self._shown_at = time.time()

    @property
    def needs_heartbeat(self) -> bool:
        """Whether something should be written, for the lease not to end."""
        return self._silent_seconds > LEASE_SECONDS / 8

    def check_lease(self) -> None:
        """Raises RunningError after a pause of half a lease. For any thread."""
        if self._silent_seconds > LEASE_SECONDS / 2:
            raise RunningError(
                f"{self.sync}: this run was paused for {self._silent_seconds:.0f} seconds, and another may have taken "
                "over. It sends nothing more; run the same command again."
            )

    def drop(self, holder: Holder) -> None:
        """Lets others in, if it is the holder's still: another run that took over has a lock of the same name.

        Nobody takes over within a lease of its beginning, so that a short run need not look. Raises WarehouseError.
        """
        if time.time() - self._taken_at < LEASE_SECONDS / 2 or self.held_by() == holder.run_id:
            self.warehouse.execute("drop_lock", lock=self.table)

    def held_by(self) -> str | None:
        """The run that holds it; None where nobody does. Raises WarehouseError."""
        rows = self.warehouse.fetch("lock_holder", lock=self.table)
        return str(rows[0][0]) if rows else None

    @property
    def _silent_seconds(self) -> float:
        return time.time() - self._shown_at

    def _other(self, refusal: WarehouseError) -> Holder:
        """The dead run that held it. Raises RunningError where it lives, the refusal itself where there is no lock."""
        try:
            ((run_id, host, pid, since, silent),) = self.warehouse.fetch(
                "read_lock", state=self.state, lock=self.table, acked=self.acked
            )
        except (WarehouseError, ValueError):
            raise refusal from None
        other = Holder(run_id, host, int(pid))
        if not _dead(other) and int(silent) < LEASE_SECONDS:
            raise RunningError(
                f"{self.sync}: another run has been at work since {since} UTC "
                f"(process {other.pid} on {other.host}, run {other.run_id}). Wait for it to end, "
                f"or, if it died, {(LEASE_SECONDS - int(silent)) // 60 + 1} minutes, then run the same command again."
            )
        return other

    def _take_over(self, dead: Holder) -> str:
        """Where the dead run's lock stands now, aside: of two heirs one is refused, as the other was there first."""
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
    """Drop a lock at the end, however that comes."""
    well = False
    try:
        yield
        well = True
    finally:
        if well:
            lock.drop(holder)
        else:
            # The first error is the one to tell. A connection that failed is not used again; where the lock cannot be
            # dropped, the next run takes it over.
            with suppress(HeapError):
                lock.warehouse.close()
                lock.drop(holder)


def _dead(holder: Holder) -> bool:
    """Whether it ran on this machine and is gone; of another machine nothing is known."""
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
    """Tells apart machines and containers of the same name, for which a process id means nothing."""
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
