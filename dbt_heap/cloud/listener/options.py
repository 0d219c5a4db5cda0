"""The listener's log on stderr: each line has a time in UTC and a level."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

SECRET = "DBT_CLOUD_WEBHOOK_SECRET"  # noqa: S105 - a name  # nosec B105


@dataclass(frozen=True)
class ListenOptions:
    """One listener."""

    secret: str = field(repr=False)  # of the webhook, as dbt Cloud showed it once
    command: Sequence[str]  # that syncs; the job's id is put behind it
    jobs: frozenset[int]  # that are synced, and no others
    host: str = "127.0.0.1"
    port: int = 8766  # 0: a free one
    catch_up: bool = False  # begins with each of the jobs


_LEVELS = (  # of a sync's lines, by how they begin
    (re.compile(r"warning: "), logging.WARNING),
    (re.compile(r"Error: |Traceback "), logging.ERROR),
)


class _Lines(logging.Formatter):
    """Begins every line of a record with its time and level, also the later ones of several."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines; a line of JSON, which has a time of its own, stays as it is."""
        at = datetime.fromtimestamp(record.created, UTC)
        begin = f"{at:%Y-%m-%dT%H:%M:%SZ} {record.levelname}"
        return "\n".join(line if line.startswith("{") else f"{begin} {line}" for line in self._text(record))

    def _text(self, record: logging.LogRecord) -> list[str]:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text.splitlines() or [""]


def log_to(stream: TextIO | None = None) -> None:
    """Write the log of the package and of the server to a stream, stderr by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    for name, level in (("dbt_heap", logging.INFO), ("uvicorn", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


def level_of(line: str) -> int:
    """Return the level of a line that a sync wrote."""
    return next((level for begin, level in _LEVELS if begin.match(line)), logging.INFO)
