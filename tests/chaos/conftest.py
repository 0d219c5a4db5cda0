"""Fixtures for tests of crashes."""

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
from tests.chaos.runner import Runner, fork_server
from tests.chaos.world import World, create
from tests.warehouses import DuckDB, Engine

pytest.register_assert_rewrite("tests.chaos.company")  # so failed assertions there show their values

SIZES = {"users": 240, "accounts": 100, "events": 200}
SUMMARY = "chaos"

NewWorld = Callable[..., World]


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Return the runner that starts processes for all tests."""
    with fork_server(tmp_path_factory.mktemp("fork_server")) as made:
        yield made


@pytest.fixture(scope="module")
def slow_heap() -> Iterator[Sandbox]:
    """Return a Heap that answers after 2 ms, in which a run can be killed."""
    with running(SandboxOptions(rate_limits=False, latency_ms=2)) as sandbox:
        yield sandbox


@pytest.fixture
def new_world(request: pytest.FixtureRequest, tmp_path: Path, runner: Runner, slow_heap: Sandbox) -> Iterator[NewWorld]:
    """Return a function that creates independent worlds by engine and seed."""
    opened: list[Engine] = []

    def make(engine: str, seed: int, sizes: dict[str, int] = SIZES) -> World:
        folder = tmp_path / f"world{len(opened)}"
        folder.mkdir()
        warehouse: Engine = DuckDB(folder) if engine == "duckdb" else request.getfixturevalue(engine)()
        opened.append(warehouse)
        slow_heap.reset()
        slow_heap.misbehave("")
        blank = ("users", "accounts")[seed % 2]
        return create(folder, warehouse, slow_heap, runner, History(seed, sizes), app_id=str(seed), blank=blank)

    yield make
    for warehouse in opened:
        warehouse.drop()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """Return counts that the summary prints after all tests."""
    counted = Figures()
    yield counted
    request.node.user_properties.append((SUMMARY, str(counted)))


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Return a counter that the summary prints after all tests."""
    counted: Counter[str] = Counter()
    began = time.monotonic()
    yield counted
    texts = [f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items()]
    request.node.user_properties.append((SUMMARY, ", ".join([*texts, f"{time.monotonic() - began:.0f} s"])))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of each test."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, text in getattr(report, "user_properties", [])
        if name == SUMMARY and report.when == "teardown"
    ]
    if lines:
        terminalreporter.section("crashes and faults")
        terminalreporter.write_line("\n".join(lines))
