"""What narrows a look at the past: since when."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import click

from dbt_heap.ledger.lookback import instant

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
