"""Random histories: whatever happens to models and Heap, each day matches the expectation."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state import comparison
from tests.chaos.company import Company
from tests.chaos.days import DAYS, TWICE, Day
from tests.long import LONG

BATCH_ROWS = 3  # so a few rows make several batches

random_histories = settings(
    max_examples=200 if LONG else 2, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def of_one_user(plan: str | None, **day: Any) -> Day:
    """Return a day on which only a plan changes."""
    return Day(edits={"users": {"u0": {"plan": plan, "seats": 0}}}, **day)


# Heap accepts a plan without an answer. Then the row is accepted without a plan, and the first plan comes back.
FORGOTTEN = [
    of_one_user("free"),
    of_one_user("it's", faults="502-after:1", flags=("--max-wait", "0")),
    of_one_user(None),
    of_one_user("free"),
]

# A duplicate leaves the model and comes back; the other row does not change.
DUPLICATE = [Day(edits={"users": {TWICE: {"plan": "free", "seats": 0}}}), Day(edits={}, single=True), Day(edits={})]

# A property is no longer mapped: the view keeps its name.
UNMAPPED = [of_one_user("free", mapped=("Seats",)), of_one_user("free", mapped=("Plan",))]


@pytest.mark.usefixtures("known_macros")
@random_histories
@example(days=FORGOTTEN, blank=frozenset())
@example(days=DUPLICATE, blank=frozenset())
@example(days=UNMAPPED, blank=frozenset())
@given(
    days=st.lists(DAYS, min_size=1 if LONG else 5, max_size=10),
    blank=st.frozensets(st.sampled_from(["users", "accounts"])),
)
def test_every_row_is_accounted_for_and_heap_mirrors_the_models(
    slow_heap: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    counts: Counter[str],
    days: list[Day],
    blank: frozenset[str],
) -> None:
    monkeypatch.setattr(comparison, "_BATCH_ROWS", BATCH_ROWS)
    slow_heap.reset()
    with TemporaryDirectory() as folder:
        company = Company(Path(folder), slow_heap, blank)
        for day in days:
            company.live(day)
        company.recover()
        company.must_mirror_the_models()
        assert company.sync().requests == 0
        company.recover("--retry-rejected")
        company.must_mirror_the_models()
    counts.update(histories=1, days=len(days), faults=company.faults.total(), values_compared=company.compared)
