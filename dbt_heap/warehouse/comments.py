"""Query comments: each statement says what it is for, so that a warehouse's bill can be read.

dbt puts them where the project's `query-comment` wants them: before the statement or after it, as labels of BigQuery's
jobs, or nowhere. Source: https://docs.getdbt.com/reference/project-configs/query-comment
"""

from __future__ import annotations

import json
from typing import Any

from dbt_heap import __version__


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
