"""What dbt's hooks wrote down: by which invocation of dbt a model was built last, and whether it is healthy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbt_heap.errors import StateError
from dbt_heap.ledger import names
from dbt_heap.ledger.state import State

_FAILED = {"failed": "its last build failed", "skipped": "its last build was skipped"}


@dataclass(frozen=True)
class Build:
    """One row of `builds`: how a model ended in an invocation of dbt."""

    model: str  # unique id
    invocation_id: str
    status: str  # built, failed, skipped, or only tested
    failed_tests: str | None  # their names, empty where none failed; None where dbt's run had not ended


@dataclass(frozen=True)
class Builds:
    """The newest builds of each kind, by model, each the newest first."""

    of_model: Mapping[str, tuple[Build, ...]]

    def newest(self, model: str) -> str | None:
        """dbt's invocation that built a model last; None where none is known."""
        build = self._built(model)
        return build.invocation_id if build else None

    def why(self, model: str) -> str:
        """Why a model's rows may not go; empty where they may."""
        known, built = self.of_model.get(model, ()), self._built(model)
        last = next((each for each in known if each.status != "tested"), None)
        if last and last.status in _FAILED:
            return _FAILED[last.status]
        told = next((each for each in known if each.failed_tests is not None), None)
        if told is None or built is None:
            return ""
        if told.failed_tests:
            return f"a test of its model failed: {told.failed_tests}"
        early = built.invocation_id != told.invocation_id and known.index(built) < known.index(told)
        return (
            "the run of dbt that built it has not ended, or was cut short, and its tests are not known" if early else ""
        )

    def _built(self, model: str) -> Build | None:
        return next((each for each in self.of_model.get(model, ()) if each.status == "built"), None)


def read_builds(state: State) -> Builds:
    """What is on record. Raises StateError where nothing is, WarehouseError."""
    stand = state.catalog.of_state(names.BUILDS)
    rows = state.warehouse.query("read_builds", state=state.arguments()).rows if stand else ()
    if not rows:
        raise StateError(
            f"{state.schema}.{names.BUILDS} holds no build: --built needs dbt to write them down, by the hooks "
            "mark_built and record_run of the dbt package dbt_heap, and one run of dbt with them"
        )
    return in_order(
        Build(*(row[name] for name in ("model", "invocation_id", "status", "failed_tests"))) for row in rows
    )


def in_order(builds: Iterable[Build]) -> Builds:
    """Builds by model; given the newest of a model first."""
    of_model: dict[str, list[Build]] = defaultdict(list)
    for build in builds:
        of_model[build.model].append(build)
    return Builds({model: tuple(each) for model, each in of_model.items()})
