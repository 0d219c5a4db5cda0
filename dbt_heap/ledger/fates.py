"""What becomes of planned rows: verdicts as the warehouse remembers them, and their sums."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledgement:
    """What Heap said of a whole batch (`seq` is None), or of one row of it, which then counts instead."""

    batch: int
    seq: int | None
    verdict: str  # accepted | rejected
    reason: str | None = None
    property: str | None = None


@dataclass(frozen=True)
class Fates:
    """What became of the planned rows."""

    accepted: int = 0
    rejected: int = 0
    undelivered: int = 0
