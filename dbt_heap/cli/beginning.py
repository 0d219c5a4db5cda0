"""What a command on a project begins with, and tells first: warnings and notes, on stderr."""

from __future__ import annotations

from collections.abc import Iterable

from dbt_heap.cli.options import console_of
from dbt_heap.console import Console
from dbt_heap.invocation import Invocation, invoke
from dbt_heap.settings import Settings


def begin(settings: Settings) -> Invocation:
    """The call that the settings make, its warnings and notes told. Raises what `invoke` raises."""
    invocation = invoke(settings)
    tell(console_of(settings), invocation.warnings, invocation.notes)
    return invocation


def tell(console: Console, warnings: Iterable[str], notes: Iterable[str] = ()) -> None:
    """Tells each of them: first what is to be mended, then what is only to be known."""
    for warning in warnings:
        console.warn(warning)
    for note in notes:
        console.note(note)
