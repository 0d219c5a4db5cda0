"""Worlds for tests of crashes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.chaos.chains import Figures
from tests.chaos.history import History
from tests.chaos.runner import Runner, nursery
from tests.chaos.world import World, create
from tests.warehouses import DuckDB, Engine

pytest.register_assert_rewrite("tests.chaos.company")  # so that what fails there is told in full

SIZES = {"users": 240, "accounts": 100, "events": 200}
SUMMARY = "chaos"

NewWorld = Callable[..., World]


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """What makes processes, for all tests."""
    with nursery(tmp_path_factory.mktemp("nursery")) as made:
        yield made


@pytest.fixture(scope="module")
def patient_heap() -> Iterator[Sandbox]:
    """A Heap that takes what it gets, after a moment in which a run can die."""
    with running(SandboxOptions(rate_limits=False, latency_ms=2)) as sandbox:
        yield sandbox


@pytest.fixture
def new_world(
    request: pytest.FixtureRequest, tmp_path: Path, runner: Runner, patient_heap: Sandbox
) -> Iterator[NewWorld]:
    """Create worlds: by the engine's name, with a seed. Nothing of one is known to the other."""
    opened: list[Engine] = []

    def make(engine: str, seed: int, sizes: dict[str, int] = SIZES) -> World:
        folder = tmp_path / f"world{len(opened)}"
        folder.mkdir()
        warehouse: Engine = DuckDB(folder) if engine == "duckdb" else request.getfixturevalue(engine)()
        opened.append(warehouse)
        patient_heap.reset()
        patient_heap.misbehave("")
        blank = ("users", "accounts")[seed % 2]
        return create(folder, warehouse, patient_heap, runner, History(seed, sizes), app_id=str(seed), blank=blank)

    yield make
    for warehouse in opened:
        warehouse.drop()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """What the test counts; told at the end of all."""
    counted = Figures()
    yield counted
    request.node.user_properties.append((SUMMARY, str(counted)))


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What else a test counts, by name; told likewise."""
    counted: Counter[str] = Counter()
    began = time.monotonic()
    yield counted
    told = [f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items()]
    request.node.user_properties.append((SUMMARY, ", ".join([*told, f"{time.monotonic() - began:.0f} s"])))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report the figures of each test."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, text in getattr(report, "user_properties", [])
        if name == SUMMARY and report.when == "teardown"
    ]
    if told:
        terminalreporter.section("crashes and faults")
        terminalreporter.write_line("\n".join(told))
