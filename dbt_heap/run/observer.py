"""Whoever watches a run: a console, a test, nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from dbt_heap.declarations.sync import Sync
from dbt_heap.ledger.plans import Plan
from dbt_heap.results import SyncResult


class Observer(Protocol):
    """Is told what happens while it happens; it may print, and must not raise."""

    def warn(self, text: str) -> None:
        """Something is to be known before anything is sent."""

    def note(self, text: str) -> None:
        """The same, if there is nothing to fix."""

    def started(self, sync: Sync) -> None:
        """A sync's turn begins."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """It is known what will be sent, and how many rows a minute Heap takes, where that rules the time."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """So many more rows have their fate."""

    def ended(self, result: SyncResult) -> None:
        """A sync's turn is over."""


class Nobody:
    """Watches nothing."""

    def warn(self, text: str) -> None:
        """Ignore the event."""

    def note(self, text: str) -> None:
        """Ignore the event."""

    def started(self, sync: Sync) -> None:
        """Looks away."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Looks away."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """Looks away."""

    def ended(self, result: SyncResult) -> None:
        """Looks away."""


def report(observer: Observer, warnings: Iterable[str], notes: Iterable[str] = ()) -> None:
    """Report what is to be fixed, then what is only to be known."""
    for warning in warnings:
        observer.warn(warning)
    for note in notes:
        observer.note(note)
