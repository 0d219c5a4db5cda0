"""dbt's statuses have one meaning: in Python, in the macro that dbt's hooks use, and no status of dbt is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dbt.artifacts.schemas.results import NodeStatus
from jinja2 import Environment

from dbt_heap.project.statuses import BUILDING, OF_MODELS, OF_TESTS

MACRO = Path(__file__).parents[2] / "macros" / "hooks" / "statuses.sql"
OF_DBT = {
    "1.8": "success, error, fail, warn, skipped, pass, runtime error",
    "1.9": "partial success",
    "1.10": "no-op",
    "1.12": "reused",
    "2.0": "success, warn, error, skipped, reused, pass, fail",
}


def test_hooks_and_python_judge_by_the_same_statuses() -> None:
    reported: list[Any] = []
    template = Environment().from_string(MACRO.read_text(), globals={"return": reported.append})
    template.module.statuses()  # type: ignore[attr-defined]
    assert reported == [{"models": OF_MODELS, "tests": OF_TESTS, "building": sorted(BUILDING)}]


@pytest.mark.parametrize(
    "statuses", [*(text.split(", ") for text in OF_DBT.values()), [str(each.value) for each in NodeStatus]],
    ids=[*OF_DBT, "installed"],
)  # fmt: skip
def test_no_status_of_dbt_is_missing(statuses: list[str]) -> None:
    assert set(statuses) <= OF_MODELS.keys() & OF_TESTS.keys()
