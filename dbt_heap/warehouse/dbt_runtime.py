"""dbt's events, muted, and its query comments, which say what each statement is for.

dbt puts comments where the project's `query-comment` says: before or after the statement, in labels of BigQuery's jobs,
or nowhere. Source: https://docs.getdbt.com/reference/project-configs/query-comment
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import cleanup_event_logger, ctx_set_event_manager, get_event_manager

from dbt_heap import __version__


class _MutedEvents(EventManager):
    """dbt's events without the cost of unread messages, which is a tenth of a small sync."""

    def fire_event(self, e: BaseEvent, *args: Any, **kwargs: Any) -> None:
        """Pass an event on if there is a logger, or if dbt must turn it into an error."""
        strict = getattr(self, "require_warn_or_error_handling", False)  # dbt 1.8 does not have it
        if self.loggers or self.callbacks or strict or kwargs.get("force_warn_or_error_handling"):
            super().fire_event(e, *args, **kwargs)


def mute_dbt_events() -> None:
    """Turn off dbt's own output, which would mix with dbt-heap's and contains SQL at the debug level.

    If dbt is called later in this process, it sets up its loggers again.
    """
    cleanup_event_logger()
    if not isinstance(get_event_manager(), _MutedEvents):
        ctx_set_event_manager(_MutedEvents())


class Comments:
    """The comments of an adapter's statements. The project's own macro cannot be used: it needs a node."""

    def __init__(self, adapter: Any, config: Any) -> None:
        self._adapter = adapter
        self._facts = {
            "app": "dbt-heap",
            "dbt_heap_version": __version__,
            "profile_name": config.profile_name,
            "target_name": config.target_name,
        }
        self._about: dict[str, str] = {}
        if config.query_comment.comment:
            config.query_comment.comment = "{{ comment() }}"
        adapter.connections.set_query_header({"comment": self._text})

    def describe(self, **about: str) -> None:
        """Replace what the comments of later statements say they are about."""
        self._about = about
        self._adapter.connections.query_header.set("dbt-heap", None)

    def added(self, statement: str) -> str:
        """Return a statement with its comment."""
        commented: str = self._adapter.connections.query_header.add(statement)
        return commented

    def _text(self) -> str:
        return json.dumps({**self._facts, **self._about}).replace("*/", r"*\/")


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Change the working directory during the block, if the folder exists."""
    if not folder.is_dir():
        yield
        return
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
