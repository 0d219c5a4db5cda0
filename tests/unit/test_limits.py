"""Heap's limits in Python and in the macro are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment

from dbt_heap.http import limits

MACRO = Path(__file__).parents[2] / "macros" / "plan" / "limits.sql"


def test_warehouse_and_payloads_use_the_same_limits() -> None:
    reported: list[Any] = []
    template = Environment().from_string(MACRO.read_text(), globals={"return": reported.append})
    template.module.limits()  # type: ignore[attr-defined]
    assert reported == [
        {
            "max_identity": limits.MAX_IDENTITY,
            "max_event_name": limits.MAX_EVENT_NAME,
            "max_text": limits.MAX_TEXT,
            "placeholders": list(limits.PLACEHOLDER_IDENTITIES),
        }
    ]
