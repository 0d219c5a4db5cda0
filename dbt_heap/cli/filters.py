"""What narrows a look at the past: since when, of which syncs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import click

from dbt_heap.cli.options import Several
from dbt_heap.errors import SettingsError
from dbt_heap.ledger.lookback import instant
from dbt_heap.reading import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """The instant that is named, or so long ago; in UTC, without a zone."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,6})([mhdw])", value.strip())
    named = _ago(int(found[1]), found[2]) if found else instant(value)
    if named is None:
        raise click.BadParameter(
            "a date, an instant or a span is needed: 2026-11-01, 2026-11-01T12:00:00Z, 90m, 24h, 7d, 2w"
        )
    return named


def _ago(count: int, unit: str) -> datetime | None:
    try:
        return datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(**{_UNITS[unit]: count})
    except OverflowError:
        return None


since_option = click.option(
    "--since",
    callback=_since,
    metavar="INSTANT",
    help="Only later ones: 2026-11-01, in UTC without an offset, 24h, 7d.",
)
sync_option = click.option("--sync", "syncs", cls=Several, help="Only these syncs, where a model has several.")


def narrowed(labels: Mapping[str, str], syncs: tuple[str, ...]) -> Mapping[str, str]:
    """The named syncs, or all where none is named. Raises SettingsError where one is not selected."""
    for name in syncs:
        if name not in labels:
            raise SettingsError(f"--sync {name}: no selected sync has this name{did_you_mean(name, labels)}")
    return {name: label for name, label in labels.items() if name in syncs or not syncs}
