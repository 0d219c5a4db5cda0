"""What `builds` tells of a model: by which run of dbt it was built last, and whether its rows may go."""

from __future__ import annotations

import pytest

from dbt_heap.ledger.builds import Build, in_order

MARKED, PASSED = None, ""  # what the post-hook knows of tests, and what a run tells in which none failed


def of(*rows: tuple[str, str, str | None]) -> tuple[str | None, str]:
    """The newest build of a model with these rows, the newest first, and why it may not go."""
    builds = in_order(Build("model.shop.users", *row) for row in rows)
    return builds.newest("model.shop.users"), builds.why("model.shop.users")


@pytest.mark.parametrize(
    ("rows", "newest", "why"),
    [
        ([], None, ""),
        ([("run 1", "built", PASSED)], "run 1", ""),
        ([("run 1", "built", MARKED)], "run 1", ""),  # a project without record_run
        ([("run 1", "built", PASSED), ("run 1", "built", MARKED)], "run 1", ""),
        ([("run 1", "failed", PASSED)], None, "its last build failed"),
        ([("run 2", "failed", PASSED), ("run 1", "built", PASSED)], "run 1", "its last build failed"),
        ([("run 2", "skipped", PASSED), ("run 1", "built", PASSED)], "run 1", "its last build was skipped"),
        ([("run 2", "built", PASSED), ("run 1", "failed", PASSED)], "run 2", ""),
        ([("run 1", "built", "unique_id")], "run 1", "a test of its model failed: unique_id"),
        ([("run 2", "tested", "unique"), ("run 1", "built", PASSED)], "run 1", "a test of its model failed: unique"),
        ([("run 2", "tested", PASSED), ("run 1", "built", "unique_id")], "run 1", ""),
        ([("run 2", "tested", PASSED), ("run 1", "failed", PASSED)], None, "its last build failed"),
    ],
)  # fmt: skip
def test_a_model_may_go_where_its_last_build_and_its_last_tests_were_well(
    rows: list[tuple[str, str, str | None]], newest: str | None, why: str
) -> None:
    assert of(*rows) == (newest, why)


def test_a_model_waits_for_the_end_of_the_run_that_built_it() -> None:
    newest, why = of(("run 2", "built", MARKED), ("run 1", "built", PASSED), ("run 1", "built", MARKED))
    assert newest == "run 2" and "has not ended" in why


def test_nothing_is_known_of_a_model_that_no_run_built() -> None:
    builds = in_order([Build("model.shop.users", "run 1", "built", "")])
    assert builds.newest("model.shop.orders") is None and builds.why("model.shop.orders") == ""
