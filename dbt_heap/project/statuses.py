"""What each status of a dbt result means for a model and for a test.

The statuses are `NodeStatus` of
https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/artifacts/schemas/results.py
and, for dbt 2, `result_status_string` of
https://github.com/dbt-labs/dbt-fusion/blob/main/crates/dbt-common/src/stats.rs.
dbt's hooks run without our Python, so the macro `statuses` has the same table. A test compares both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from dbt_heap.errors import printable

BUILDING = frozenset({"build", "run", "seed", "snapshot", "test", "retry"})  # commands that build or test
SHOWN = 3  # names in one sentence


class BuildOutcome(StrEnum):
    """What a dbt run did to a model, as spelled in the table `builds`."""

    BUILT = "built"
    REUSED = "reused"  # not rebuilt, because nothing changed
    FAILED = "failed"
    PARTIAL = "failed in part"
    SKIPPED = "skipped"


class TestOutcome(StrEnum):
    """The outcome of a dbt test."""

    __test__ = False  # for pytest

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    REUSED = "reused"  # not run again, because it passed before


OF_MODELS: Mapping[str, BuildOutcome] = {
    "success": BuildOutcome.BUILT,
    "pass": BuildOutcome.BUILT,
    "warn": BuildOutcome.BUILT,  # dbt 2: built, with warnings
    "reused": BuildOutcome.REUSED,
    "no-op": BuildOutcome.REUSED,
    "error": BuildOutcome.FAILED,
    "fail": BuildOutcome.FAILED,
    "runtime error": BuildOutcome.FAILED,
    "partial success": BuildOutcome.PARTIAL,  # of a microbatch model: some of its batches
    "skipped": BuildOutcome.SKIPPED,
}
OF_TESTS: Mapping[str, TestOutcome] = {
    "success": TestOutcome.PASSED,  # dbt 2, if it did not count rows
    "pass": TestOutcome.PASSED,
    "warn": TestOutcome.PASSED,
    "reused": TestOutcome.REUSED,
    "no-op": TestOutcome.NOT_RUN,
    "error": TestOutcome.FAILED,
    "fail": TestOutcome.FAILED,
    "runtime error": TestOutcome.FAILED,
    "partial success": TestOutcome.FAILED,
    "skipped": TestOutcome.NOT_RUN,
}

_SPELLED = {str(each): each for each in BuildOutcome}
_BLOCKING = {
    BuildOutcome.FAILED: "its last build failed",
    BuildOutcome.PARTIAL: "its last build failed in part",
    BuildOutcome.SKIPPED: "its last build was skipped",
}


def outcome_of_model(status: str) -> BuildOutcome | None:
    """Return what a model's status means, in dbt's spelling or in that of `builds`; None if it is not known."""
    return OF_MODELS.get(status.lower()) or _SPELLED.get(status.lower())


def outcome_of_test(status: str) -> TestOutcome | None:
    """Return what a test's status means; None if it is not known."""
    return OF_TESTS.get(status.lower())


def reason(status: str | None, failed_tests: Sequence[str], unknown_tests: Sequence[str]) -> str:
    """Return why a model's rows are not sent; empty if they are.

    Args:
        status: Of its last build; None if there is no result.
        failed_tests: Names of its tests that failed.
        unknown_tests: Names of its tests whose status is not known.
    """
    outcome = outcome_of_model(status) if status is not None else BuildOutcome.REUSED
    if outcome in _BLOCKING:
        return _BLOCKING[outcome]
    if failed_tests:
        return f"a test of its model failed: {listed(failed_tests)}"
    if outcome is None:
        return "this version of dbt-heap does not know the status of its last build"
    if unknown_tests:
        return f"this version of dbt-heap does not know the status of a test of its model: {listed(unknown_tests)}"
    return ""


def unknown_statuses(where: str, found: Mapping[str, Collection[str]]) -> str:
    """Return the warning about all unknown statuses.

    Args:
        where: The file or table that has them.
        found: Each unknown status with the names of the models that it blocks.
    """
    each = "; ".join(f"'{printable(status)}' ({listed(sorted(models))})" for status, models in sorted(found.items()))
    return (
        f"{where} has statuses that this version of dbt-heap does not know: {each}. Whether these models were built "
        "and tested successfully is unknown, so their rows are not sent. Upgrade dbt-heap, or send them with --no-gate"
    )


def listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are, as text."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
