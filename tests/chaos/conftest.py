"""Worlds for tests of crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.chaos.chains import Figures
from tests.chaos.history import History
from tests.chaos.runner import Runner, nursery
from tests.chaos.world import World, create
from tests.warehouses import DuckDB, Engine, Postgres

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
    """Makes worlds: by the engine's name, with a seed. Nothing of one is known to the other."""
    opened: list[Engine] = []

    def make(engine: str, seed: int, sizes: dict[str, int] = SIZES) -> World:
        folder = tmp_path / f"world{len(opened)}"
        folder.mkdir()
        warehouse = DuckDB(folder) if engine == "duckdb" else Postgres(request.getfixturevalue("postgres"))
        opened.append(warehouse)
        patient_heap.reset()
        patient_heap.misbehave("")
        blank = ("users", "accounts")[seed % 2]
        return create(folder, warehouse, patient_heap, runner, History(seed, sizes), app_id=str(seed), blank=blank)

    yield make
    for warehouse in opened:
        if isinstance(warehouse, Postgres):
            warehouse.drop()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """What the test counts; told at the end of all."""
    counted = Figures()
    yield counted
    request.node.user_properties.append((SUMMARY, str(counted)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the figures of each test."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, text in getattr(report, "user_properties", [])
        if name == SUMMARY and report.when == "teardown"
    ]
    if told:
        terminalreporter.section("crashes")
        terminalreporter.write_line("\n".join(told))
