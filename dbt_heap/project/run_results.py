"""Read `run_results.json`: which models the last dbt command built, and how their tests ended.

A failed build or test blocks the model's syncs. Missing results are reported and block nothing.
The file: https://docs.getdbt.com/reference/artifacts/run-results-json
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from dbt_heap.errors import counted, printable
from dbt_heap.project.artifacts import mapping, parse, text
from dbt_heap.project.nodes import DbtTest, Manifest, Model
from dbt_heap.project.statuses import (
    BUILDING,
    TestOutcome,
    listed,
    outcome_of_model,
    outcome_of_test,
    reason,
    unknown_statuses,
)

# Commands after which the rows in the warehouse are those of their target.
_BUILDING = frozenset({"build", "run", "seed", "snapshot", "retry", "clone"})


@dataclass(frozen=True)
class NamedTarget:
    """The target that dbt's last results name."""

    name: str | None = None
    by_default: bool = False  # neither a flag nor a variable named one, so dbt used the profile's default


class _Head(msgspec.Struct):
    """The file without its results, which may be many megabytes."""

    metadata: dict[str, Any] = {}
    args: dict[str, Any] = {}


def named_target(run_results: Path, invocation_id: str) -> NamedTarget:
    """Return the target of the results at a path; none if they are unrelated to the manifest of that invocation.

    What is wrong with the file is reported where its results are read.
    """
    try:
        head = msgspec.json.decode(run_results.read_bytes(), type=_Head)
    except (OSError, msgspec.DecodeError, RecursionError):
        return NamedTarget()
    content = {"args": head.args, "metadata": head.metadata}
    args = mapping(content, "args")
    same = text(head.metadata, "invocation_id") == invocation_id != ""
    if not same and text(args, "which") not in _BUILDING:
        return NamedTarget()
    # dbt 1 records all flags, and the target only if it was given; dbt 2 records fewer.
    of_dbt_1 = text(head.metadata, "dbt_version").startswith(("0.", "1."))
    name = text(args, "target") or None
    return NamedTarget(name, by_default=not name and of_dbt_1 and bool(args) and not text(args, "profile"))


FILE_NAME = "run_results.json"
_SPELLED = {"generate": "docs generate", "freshness": "source freshness"}  # `which` of commands that have two words
_BUILT_BY_DBT = frozenset({"model", "snapshot"})  # seeds are loaded once in a while, sources never
_REMEDY = "Run `dbt build`, or give the folder of its artifacts with --target-path"


@dataclass(frozen=True)
class Gates:
    """Why models may not be synced, by unique ID; `blocked_all` is why none may."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    blocked_all: str = ""
    stale: tuple[str, ...] = ()  # warnings: the manifest is of another invocation than the results
    missing: tuple[str, ...] = ()  # warnings: how builds and tests ended is not known
    notes: tuple[str, ...] = ()  # how some builds and tests ended is not known

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return both kinds of warnings."""
        return (*self.stale, *self.missing)

    def reason(self, unique_id: str) -> str:
        """Return why a model's rows are not sent; empty if they are."""
        return self.blocked_all or self.reasons.get(unique_id, "")


def read_gates(path: Path, manifest: Manifest, selected: Iterable[Model] = (), *, needed: bool = False) -> Gates:
    """Return what the run results at `path` say about the models.

    Args:
        path: Where dbt writes them.
        manifest: The manifest next to them.
        selected: The models to be synced, whose missing results are reported.
        needed: Block everything if there is no file.
    """
    expected = _expected(manifest, selected)
    try:
        content = parse(path.read_bytes())
    except FileNotFoundError:
        if needed:
            return Gates(blocked_all=f"{path} no longer exists, so it is unknown how the last build ended")
        return Gates(missing=tuple(_nothing_known(expected, f"{path} does not exist")))
    except (OSError, ValueError, RecursionError):
        return Gates(blocked_all=f"{path} cannot be read, so it is unknown how the last build ended")
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        return Gates(blocked_all=f"{path} contains no results, so it is unknown how the last build ended")
    which = text(mapping(content, "args"), "which")
    if which not in BUILDING:
        return Gates(missing=tuple(_nothing_known(expected, _overwritten(path, which))))
    outcomes = _Outcomes(_statuses(results), manifest)
    missing, notes = outcomes.gaps(expected, path, _command(content))
    return Gates(outcomes.reasons, "", tuple(_stale(path, content, manifest)), missing, notes)


@dataclass(frozen=True)
class _Expected:
    """A model whose results are expected: of its build and tests, or only of its tests."""

    model: Model
    is_built: bool
    tests: Sequence[DbtTest]  # those of its data: a scheduled build may leave out unit tests


def _expected(manifest: Manifest, selected: Iterable[Model]) -> list[_Expected]:
    tests: dict[str, list[DbtTest]] = defaultdict(list)
    for test in manifest.tests:
        for unique_id in test.models if test.is_of_data else ():
            tests[unique_id].append(test)
    models = {model.unique_id: model for model in selected}.values()
    expected = [_Expected(each, each.resource_type in _BUILT_BY_DBT, tests[each.unique_id]) for each in models]
    return [each for each in expected if each.is_built or each.tests]


def _statuses(results: Iterable[Any]) -> dict[str, str]:
    return {unique_id: text(each, "status") for each in results if (unique_id := text(each, "unique_id"))}


class _Outcomes:
    """The outcomes of one command for the models of a manifest."""

    def __init__(self, statuses: Mapping[str, str], manifest: Manifest) -> None:
        self._statuses = statuses
        self._failed: dict[str, list[str]] = defaultdict(list)
        self._unknown: dict[str, dict[str, str]] = defaultdict(dict)  # model -> test -> status
        for test in manifest.tests:
            self._add_test(test)
        reasons = {each.unique_id: self._reason(each.unique_id) for each in manifest.models}
        self.reasons = {unique_id: why for unique_id, why in reasons.items() if why}

    def _add_test(self, test: DbtTest) -> None:
        status = self._statuses.get(test.unique_id)
        outcome = None if status is None else outcome_of_test(status)
        for unique_id in test.models:
            if outcome is TestOutcome.FAILED:
                self._failed[unique_id].append(test.name)
            elif status is not None and outcome is None:
                self._unknown[unique_id][test.name] = status

    def _reason(self, unique_id: str) -> str:
        return reason(self._statuses.get(unique_id), self._failed[unique_id], list(self._unknown[unique_id]))

    def gaps(self, expected: Sequence[_Expected], path: Path, by: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return warnings and notes about expected results that are not known."""
        unknown = self._unknown_statuses(expected)
        warnings = [unknown_statuses(str(path), unknown)] if unknown else []
        if expected and not any(self._is_known(each) for each in expected):
            found = list(_nothing_known(expected, f"{path}, written by `{by}`, has no result of theirs"))
            # What `dbt retry` leaves out may have succeeded in the run that it repeats.
            return (tuple(warnings), tuple(found)) if " retry" in by else ((*warnings, *found), ())
        return tuple(warnings), tuple(self._partly_known(expected, path, by))

    def _is_known(self, expected: _Expected) -> bool:
        unique_id = expected.model.unique_id
        return unique_id in self._statuses or unique_id in self.reasons or any(map(self._has_run, expected.tests))

    def _has_run(self, test: DbtTest) -> bool:
        status = self._statuses.get(test.unique_id)
        return status is not None and outcome_of_test(status) is not TestOutcome.NOT_RUN

    def _partly_known(self, expected: Sequence[_Expected], path: Path, by: str) -> Iterator[str]:
        sent = [each for each in expected if each.model.unique_id not in self.reasons]
        unbuilt = [each.model.name for each in sent if each.is_built and each.model.unique_id not in self._statuses]
        untested = {each.model.name: [test for test in each.tests if not self._has_run(test)] for each in sent}
        parts = [f"the last build of {listed(unbuilt)}"] if unbuilt else []
        if names := [name for name, tests in untested.items() if tests]:
            count = len({test.unique_id for tests in untested.values() for test in tests})
            parts.append(f"{counted(count, 'test')} of {listed(names)}")
        if parts:
            yield f"{path}, written by `{by}`, has no result for {' and '.join(parts)}; this does not block them"

    def _unknown_statuses(self, expected: Sequence[_Expected]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for each in expected:
            status = self._statuses.get(each.model.unique_id)
            if status is not None and outcome_of_model(status) is None:
                found[status].add(each.model.name)
            for of_test in self._unknown[each.model.unique_id].values():
                found[of_test].add(each.model.name)
        return found


def _nothing_known(expected: Sequence[_Expected], what: str) -> Iterator[str]:
    """Yield one warning if no expected result is known."""
    if expected:
        names = listed([each.model.name for each in expected])
        unknown = f"whether the last builds and tests of {names} succeeded is unknown, and does not block them"
        yield f"{what}: {unknown}. {_REMEDY}"


def _overwritten(path: Path, which: str) -> str:
    if not which:
        return f"{path} does not say which dbt command wrote it"
    return f"{path} was written by `dbt {_SPELLED.get(which, printable(which))}`, not by a command that builds or tests"


def _command(content: Mapping[str, Any]) -> str:
    """Return the command that wrote the results; `dbt retry` records the command that it repeats as its own."""
    args = mapping(content, "args")
    return "dbt retry" if "retry" in text(args, "invocation_command").split() else f"dbt {text(args, 'which')}"


def _stale(path: Path, content: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    """Yield a warning if manifest and results are of different invocations."""
    metadata = mapping(content, "metadata")
    if text(metadata, "invocation_id") in ("", manifest.invocation_id) or not manifest.invocation_id:
        return
    built = text(metadata, "generated_at")
    if manifest.generated_at < built:
        yield f"{path}: manifest.json is older than the last build ({built}). Run `dbt parse`"
    else:
        newer = f"{path}: manifest.json is newer than the last build ({built})"
        yield f"{newer}, so some models may not be built yet. Run `dbt build`"
