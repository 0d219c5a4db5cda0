"""Options that several commands share: --since and --key-file."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO, TypeVar

import click

from dbt_heap.errors import SettingsError
from dbt_heap.project.instants import parse_instant

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Return a time in UTC from a time or a duration before now."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,6})([mhdw])", value.strip())
    named = _ago(int(found[1]), found[2]) if found else parse_instant(value)
    if named is None:
        raise click.BadParameter(
            "a date, an instant or a span is needed: 2026-11-01, 2026-11-01T12:00:00Z, 90m, 24h, 7d, 2w"
        )
    return named


def _ago(count: int, unit: str) -> datetime | None:
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: count})
    except OverflowError:
        return None


since_option = click.option(
    "--since",
    callback=_since,
    metavar="INSTANT",
    help="Only from this time on: 2026-11-01 (UTC if it has no offset), 24h or 7d.",
)


F = TypeVar("F", bound=Callable[..., Any])


def key_file_option(what: str) -> Callable[[F], F]:
    """Return the option `--key-file`; `what` describes a line. A byte order mark is ignored."""
    return click.option(
        "--key-file",
        type=click.File(encoding="utf-8-sig"),
        required=True,
        metavar="FILE",
        help=f"{what} - reads them from stdin.",
    )


def key_lines(file: TextIO) -> list[str]:
    """Return the distinct lines that are not blank, unchanged. Raises SettingsError, which contains none of them."""
    try:
        lines = dict.fromkeys(line.rstrip("\r\n") for line in file)
    except UnicodeDecodeError:
        raise SettingsError("--key-file is not UTF-8") from None
    if not (keys := [line for line in lines if line.strip()]):
        raise SettingsError("--key-file is empty: write one key per line")
    return keys
