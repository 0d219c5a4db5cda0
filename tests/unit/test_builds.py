"""What `builds` reports for a model: the dbt run that built it last, and whether its rows may be sent."""

from __future__ import annotations

import pytest

from dbt_heap.state.builds import Build, Builds, History
from tests.unit.declaring import models

MARKED = (None, None)  # what the post-hook knows of tests
PASSED = ("", "unique, not_null")
FAILED = ("unique", "not_null")
NO_TESTS = ("", "")


def of(*rows: tuple[str, str, tuple[str | None, str | None]]) -> tuple[str | None, str]:
    """The newest build of a model with these rows, the newest first, and why it may not go."""
    history = History([Build(run, status, *tests) for run, status, tests in rows])
    return history.newest, history.blocked_reason()


@pytest.mark.parametrize(
    ("rows", "newest", "why"),
    [
        ([], None, ""),
        ([("run 1", "built", PASSED)], "run 1", ""),
        ([("run 1", "built", MARKED)], "run 1", ""),  # a project without record_run
        ([("run 1", "built", PASSED), ("run 1", "built", MARKED)], "run 1", ""),
        ([("run 1", "failed", NO_TESTS)], None, "its last build failed"),
        ([("run 2", "failed", NO_TESTS), ("run 1", "built", PASSED)], "run 1", "its last build failed"),
        ([("run 2", "skipped", NO_TESTS), ("run 1", "built", PASSED)], "run 1", "its last build was skipped"),
        ([("run 2", "built", PASSED), ("run 1", "failed", NO_TESTS)], "run 2", ""),
        ([("run 1", "built", FAILED)], "run 1", "a test of its model failed: unique"),
        ([("run 2", "tested", FAILED), ("run 1", "built", PASSED)], "run 1", "a test of its model failed: unique"),
        ([("run 2", "tested", PASSED), ("run 1", "built", FAILED)], "run 1", ""),
        ([("run 2", "built", NO_TESTS), ("run 1", "built", FAILED)], "run 2", ""),
        ([("run 2", "tested", PASSED), ("run 1", "failed", NO_TESTS)], None, "its last build failed"),
        ([("run 1", "failed in part", NO_TESTS)], None, "its last build failed in part"),
        ([("run 2", "reused", NO_TESTS), ("run 1", "built", PASSED)], "run 1", ""),
        ([("run 2", "reused", NO_TESTS), ("run 1", "built", FAILED)], "run 1", "a test of its model failed: unique"),
        ([("run 3", "reused", NO_TESTS), ("run 2", "failed", NO_TESTS), ("run 1", "built", PASSED)], "run 1", ""),
        ([("run 1", "warn", PASSED)], "run 1", ""),  # dbt's own spelling: of a hook that does not know it
        ([("run 1", "built", ("unique (pass)", ""))], "run 1", ""),
        ([("run 1", "built", ("unique (fail)", ""))], "run 1", "a test of its model failed: unique"),
    ],
)
def test_model_is_sent_if_its_last_build_and_tests_passed(
    rows: list[tuple[str, str, tuple[str | None, str | None]]], newest: str | None, why: str
) -> None:
    assert of(*rows) == (newest, why)


def test_failed_test_is_cleared_only_by_its_own_success() -> None:
    others = [("run 3", "tested", ("", "not_null")), ("run 2", "tested", ("", "positive")), ("run 1", "built", FAILED)]
    assert of(*others)[1] == "a test of its model failed: unique"
    assert of(("run 4", "tested", ("", "unique")), *others)[1] == ""


def test_unknown_statuses_block_and_are_named() -> None:
    history = History([Build("run 2", "quantum", "unique (odd)", ""), Build("run 1", "built", *PASSED)])
    assert history.blocked_reason() == "this version of dbt-heap does not know the status of its last build"
    assert history.unknown == {"quantum", "odd"}
    history = History([Build("run 1", "built", "unique (odd)", "")])
    assert history.blocked_reason().endswith("does not know the status of a test of its model: unique")


def test_many_failed_tests_are_counted() -> None:
    assert of(("run 1", "built", ("a, b, c, d, e", "")))[1].endswith("failed: a, b, c and 2 more")


def test_model_waits_for_the_end_of_the_run_that_built_it() -> None:
    newest, why = of(("run 2", "built", MARKED), ("run 1", "built", PASSED), ("run 1", "built", MARKED))
    assert newest == "run 2" and "has not ended" in why


def test_builds_of_another_model_or_relation_do_not_count() -> None:
    [mine] = models("models: [{name: users}]")
    assert mine.relation
    build = Build("run 1", "built", *PASSED)
    here, elsewhere = mine.relation.sql, '"dev"."users"'
    assert Builds([(mine.unique_id, here, build)]).of(mine).newest == "run 1"
    assert Builds([(mine.unique_id, elsewhere, build)]).of(mine).newest is None
    assert Builds([("model.shop.orders", here, build)]).of(mine).newest is None
