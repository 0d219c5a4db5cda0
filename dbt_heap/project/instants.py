"""Parse times written as text: by a warehouse, dbt, the dbt platform or a person."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[ T](?P<clock>\d\d:\d\d)(?P<second>:\d\d)?(?:\.(?P<fraction>\d+))?)?"
    r"(?: ?(?P<utc>Z|UTC)| ?(?P<hours>[+-]\d\d):?(?P<minutes>\d\d)?)?"
)


def parse_instant(text: str) -> datetime | None:
    """Return a written time in UTC; a time without an offset is taken to be in UTC.

    Returns None for text that Python has no time for, such as `infinity` or an empty string.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = f"{found['hours'] or '+00'}:{found['minutes'] or '00'}"
    written = f"{found['day']}T{found['clock'] or '00:00'}{found['second'] or ':00'}.{fraction}{zone}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
