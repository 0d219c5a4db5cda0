"""Query comments: each statement says what it is for, so that a warehouse's bill can be read.

dbt puts them where the project's `query-comment` wants them: before the statement or after it, as labels of BigQuery's
jobs, or nowhere. Source: https://docs.getdbt.com/reference/project-configs/query-comment
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


class _Unheard(EventManager):
    """dbt's own, spared what making a message costs: a tenth of a small sync."""

    def fire_event(self, e: BaseEvent, *args: Any, **kwargs: Any) -> None:
        """Tells an event to those who listen; raises where dbt was asked to make an error of it."""
        strict = getattr(self, "require_warn_or_error_handling", False)  # dbt 1.8 has no such thing
        if self.loggers or self.callbacks or strict or kwargs.get("force_warn_or_error_handling"):
            super().fire_event(e, *args, **kwargs)


def mute_dbt_events() -> None:
    """Turns off dbt's own lines, which would mix with ours, and hold SQL where they are for debugging.

    A dbt that is called later in this process sets up its loggers anew, and is heard.
    """
    cleanup_event_logger()
    if not isinstance(get_event_manager(), _Unheard):
        ctx_set_event_manager(_Unheard())


class Comments:
    """The comments of one adapter's statements. What the project's own macro would say of a node, dbt-heap cannot."""

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

    def tell(self, **about: str) -> None:
        """Has every later statement say whom it is for, and nothing of whom an earlier one was for."""
        self._about = about
        self._adapter.connections.query_header.set("dbt-heap", None)

    def added(self, statement: str) -> str:
        """A statement with its comment."""
        commented: str = self._adapter.connections.query_header.add(statement)
        return commented

    def _text(self) -> str:
        return json.dumps({**self._facts, **self._about}).replace("*/", r"*\/")


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in a folder for as long as the block runs; in the present one if there is no such folder."""
    if not folder.is_dir():
        yield
        return
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
