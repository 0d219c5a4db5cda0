"""What dbt's hooks recorded: which dbt invocation built a model last, and whether its tests passed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dbt_heap.errors import StateError
from dbt_heap.project.nodes import Model
from dbt_heap.project.statuses import BuildOutcome, TestOutcome, outcome_of_model, outcome_of_test, reason
from dbt_heap.state import names
from dbt_heap.state.store import StateStore

_TESTED = "tested"  # the status of a row about tests alone
_EARLY = "the run of dbt that built it has not ended, or was cut short, and its tests are not known"
_WITH_STATUS = re.compile(r"(.+) \((.+)\)")  # a test whose status the hook does not know


@dataclass(frozen=True)
class Build:
    """One row of `builds`: the result of a model in one dbt invocation."""

    invocation_id: str
    status: str  # a BuildOutcome, `tested`, or a status of dbt that the hook does not know
    failed_tests: str | None  # their names; None if dbt's run had not ended
    passed_tests: str | None

    @property
    def is_of_tests_alone(self) -> bool:
        """Return whether the row is not about a build."""
        return self.status == _TESTED

    def tests(self) -> dict[str, str]:
        """Return the tests that ran by name, each with its status."""
        found = dict.fromkeys(_names(self.passed_tests), "pass")
        for name in _names(self.failed_tests):
            with_status = _WITH_STATUS.fullmatch(name)
            found |= {with_status[1]: with_status[2]} if with_status else {name: "fail"}
        return found


@dataclass(frozen=True)
class History:
    """The builds and tests of one model in one relation, newest first: all since its last build, and some before."""

    builds: Sequence[Build] = ()

    @property
    def newest(self) -> str | None:
        """Return the dbt invocation that built it last; None if none is known."""
        built = (each for each in self.builds if not each.is_of_tests_alone)
        return next((each.invocation_id for each in built if _is_built(each)), None)

    @property
    def tested(self) -> Mapping[str, str]:
        """Return the last status of each test that ran since the last build, by name."""
        found: dict[str, str] = {}
        for build in reversed(self._since_built()):
            found |= build.tests()
        return found

    @property
    def unknown(self) -> set[str]:
        """Return the statuses that block it because this version of dbt-heap does not know them."""
        last = self._last
        of_model = {last} if last and outcome_of_model(last) is None else set()
        return of_model | {status for status in self.tested.values() if outcome_of_test(status) is None}

    def blocked_reason(self) -> str:
        """Return why its rows must not be sent; empty if they can be."""
        failed = [name for name, status in self.tested.items() if outcome_of_test(status) is TestOutcome.FAILED]
        unknown = [name for name, status in self.tested.items() if outcome_of_test(status) is None]
        if why := reason(self._last, (), ()):
            return why
        if all(each.failed_tests is None for each in self._since_built()):
            # A project without record_run never records tests.
            return _EARLY if any(each.failed_tests is not None for each in self.builds) else ""
        return reason(self._last, failed, unknown)

    @property
    def _last(self) -> str | None:
        """Return the status of its last build, as the table has it."""
        return next((each.status for each in self.builds if not each.is_of_tests_alone), None)

    def _since_built(self) -> Sequence[Build]:
        """Return what its last build and all later runs recorded; everything if no build is known."""
        newest = self.newest
        of_build = [place for place, each in enumerate(self.builds) if each.invocation_id == newest]
        return self.builds[: of_build[-1] + 1] if of_build else self.builds


class Builds:
    """The histories of all models."""

    def __init__(self, rows: Iterable[tuple[str, str, Build]]) -> None:
        found: dict[tuple[str, str], list[Build]] = defaultdict(list)
        for model, relation, build in rows:
            found[model, relation].append(build)
        self._of: Mapping[tuple[str, str], list[Build]] = dict(found)

    def of(self, model: Model) -> History:
        """Return a model's history in the relation that the manifest names; builds of other targets do not count."""
        return History(self._of.get((model.unique_id, model.relation.sql if model.relation else ""), ()))


def read_builds(store: StateStore) -> Builds:
    """Return what dbt's hooks recorded. Raises StateError if they recorded nothing, WarehouseError."""
    exists = store.catalog.of_state(names.BUILDS)
    rows = store.warehouse.query("read_builds", state=store.arguments()).rows if exists else ()
    if not rows:
        raise StateError(
            f"{store.schema}.{names.BUILDS} contains no build: --built needs the hooks mark_built and record_run of "
            "the dbt package dbt_heap, and one run of dbt with them"
        )
    fields = ("invocation_id", "status", "failed_tests", "passed_tests")
    return Builds((row["model"], row["relation"], Build(*(row[name] for name in fields))) for row in rows)


def _is_built(build: Build) -> bool:
    return outcome_of_model(build.status) is BuildOutcome.BUILT


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split(", ") if name]
