"""What dbt's hooks wrote down: by which invocation of dbt a model was built last, and whether it is healthy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dbt_heap.errors import StateError
from dbt_heap.ledger import names
from dbt_heap.ledger.state import State
from dbt_heap.manifest import Model

_FAILED = {"failed": "its last build failed", "skipped": "its last build was skipped"}
_EARLY = "the run of dbt that built it has not ended, or was cut short, and its tests are not known"
_SHOWN = 3


@dataclass(frozen=True)
class Build:
    """One row of `builds`: how a model ended in an invocation of dbt."""

    invocation_id: str
    status: str  # built, failed, skipped, or only tested
    failed_tests: str | None  # their names; None where dbt's run had not ended
    passed_tests: str | None


@dataclass(frozen=True)
class History:
    """What is known of one model in one relation, the newest first: all since its newest build, and some before."""

    builds: Sequence[Build] = ()

    @property
    def newest(self) -> str | None:
        """dbt's invocation that built it last; None where none is known."""
        return next((each.invocation_id for each in self.builds if each.status == "built"), None)

    def why(self) -> str:
        """Why its rows may not go; empty where they may."""
        last = next((each.status for each in self.builds if each.status != "tested"), "")
        if last in _FAILED:
            return _FAILED[last]
        since = [each for each in self._since_built() if each.failed_tests is not None]
        if not since:
            # A project without record_run never tells of tests.
            return _EARLY if any(each.failed_tests is not None for each in self.builds) else ""
        failing = _failing(reversed(since))
        more = f" and {len(failing) - _SHOWN} more" if len(failing) > _SHOWN else ""
        return f"a test of its model failed: {', '.join(failing[:_SHOWN])}{more}" if failing else ""

    def _since_built(self) -> Sequence[Build]:
        """What its newest build and all later runs told; all where no build is known."""
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
        """A model's, in the relation where the manifest has it: another target's builds are not its own."""
        return History(self._of.get((model.unique_id, model.relation.sql if model.relation else ""), ()))


def read_builds(state: State) -> Builds:
    """What is on record. Raises StateError where nothing is, WarehouseError."""
    stand = state.catalog.of_state(names.BUILDS)
    rows = state.warehouse.query("read_builds", state=state.arguments()).rows if stand else ()
    if not rows:
        raise StateError(
            f"{state.schema}.{names.BUILDS} holds no build: --built needs dbt to write them down, by the hooks "
            "mark_built and record_run of the dbt package dbt_heap, and one run of dbt with them"
        )
    fields = ("invocation_id", "status", "failed_tests", "passed_tests")
    return Builds((row["model"], row["relation"], Build(*(row[name] for name in fields))) for row in rows)


def _failing(builds: Iterable[Build]) -> list[str]:
    """The tests that failed when they were run last; given the oldest run first."""
    failing: dict[str, None] = {}
    for build in builds:
        for name in _names(build.passed_tests):
            failing.pop(name, None)
        failing.update(dict.fromkeys(_names(build.failed_tests)))
    return list(failing)


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split(", ") if name]
