"""How commands start: read the project, print the context line, warnings and notes on stderr."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import click

from dbt_heap.cli.console import Console
from dbt_heap.cli.group import INCOMPLETE
from dbt_heap.cli.options import console_of
from dbt_heap.project.settings import Settings
from dbt_heap.reports.context import Context
from dbt_heap.syncs.invocation import Invocation, invoke
from dbt_heap.syncs.sync import Mistaken, mistakes_of

_CONTEXT = "dbt_heap.reports.context"  # in a click context's `meta`


def begin(settings: Settings, *, opens: bool = True) -> Invocation:
    """Return the invocation for these settings, and print its warnings, notes and mistakes.

    If some declarations have mistakes, the command continues with the other syncs and exits with 1. If it opens the
    warehouse, warnings follow the context line, which names the target.
    Raises what `invoke` raises, and DeclarationError if no other sync is selected.
    """
    invocation = _begun(settings, opens)
    if mistaken := [each for each in invocation.mistaken if each.enabled]:
        if not invocation.selected:
            invocation.must_be_correct()
        leave_out(console_of(settings), not_run(mistaken))
    return invocation


def begin_correct(settings: Settings, *, opens: bool = True) -> Invocation:
    """Return the invocation, for a command that needs all selected declarations. Raises DeclarationError."""
    invocation = _begun(settings, opens)
    invocation.must_be_correct()
    return invocation


def begin_for(settings: Settings, *names: str) -> Invocation:
    """Return the invocation, for a command about the syncs `names`.

    Raises DeclarationError if one of their declarations has mistakes.
    """
    invocation = _begun(settings, opens=True)
    if concerned := [each for each in invocation.mistaken if each.name in names]:
        raise mistakes_of(concerned)
    return invocation


def _begun(settings: Settings, opens: bool) -> Invocation:
    invocation = invoke(settings)
    if opens:
        return with_context(invocation, console_of(settings))
    console = console_of(settings)
    invocation.messages.report_to(console.warn, console.note)
    return invocation


def context_fields() -> dict[str, Any]:
    """Return the context of the running command as fields of its JSON output; empty before it opens the warehouse."""
    fields: dict[str, Any] = click.get_current_context().meta.get(_CONTEXT, {})
    return fields


def with_context(invocation: Invocation, console: Console) -> Invocation:
    """Return the invocation, which prints its context line, warnings and notes when it opens the warehouse."""
    printed: list[str] = []

    def opened(target: str) -> None:
        if target not in printed:
            printed.append(target)
            context = Context.of(invocation, target)
            console.context(context.line(), context.fields())
            click.get_current_context().meta[_CONTEXT] = context.fields()
            invocation.messages.report_to(console.warn, console.note)

    return replace(invocation, opened=opened)


def leave_out(console: Console, why: object) -> None:
    """Print why some selected syncs could not run, if there is a reason; the command then exits with 1."""
    if why:
        console.problem(str(why))
        click.get_current_context().meta[INCOMPLETE] = True


def not_run(mistaken: Collection[Mistaken]) -> str:
    """Return the mistakes of syncs that are not run, and their names."""
    times = Counter(each.name for each in mistaken)
    names = [each.name if times[each.name] == 1 else f"{each.name} of {each.model.full_name}" for each in mistaken]
    return f"{mistakes_of(mistaken)}\nNot run until you fix these: {', '.join(names)}"
