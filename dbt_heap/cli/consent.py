"""The options by which a run may have Heap delete people: off, asked for at a terminal, or agreed to beforehand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

import click

from dbt_heap.cli.console import Console
from dbt_heap.errors import SettingsError

Consent: TypeAlias = Callable[[Console, str], bool]  # whether what a sentence asks is agreed to


def deletion_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds them; the command gets a `consent`, which is None where deletion is off."""

    @click.option("--allow-deletions", is_flag=True, help="Have Heap delete whom `user_deletions` lists. Asks first.")
    @click.option("--yes", is_flag=True, help="Do not ask before a deletion.")
    @wraps(command)
    def agreeing(*arguments: Any, allow_deletions: bool, yes: bool, **options: Any) -> Any:
        return command(*arguments, consent=_consent(allow_deletions=allow_deletions, yes=yes), **options)

    return agreeing


def _consent(*, allow_deletions: bool, yes: bool) -> Consent | None:
    """Raises SettingsError where a deletion could be agreed to by nobody."""
    if not allow_deletions:
        return None
    if yes:
        return lambda console, question: True
    if not sys.stdin.isatty():
        raise SettingsError("--allow-deletions asks before Heap deletes, and there is no terminal here: add --yes")
    return Console.confirmed
