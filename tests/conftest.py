"""Fixtures for most tests: a small dbt project in a real warehouse, and a sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from dbt_common.behavior_flags import BehaviorFlagRendered

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from dbt_heap.warehouse import adapter
from dbt_heap.warehouse.connection import Warehouse
from tests.macros import Macros
from tests.offline_adapters import open_offline_warehouse
from tests.project import Project
from tests.warehouses import IN_FULL, SLOW, DuckDB, Engine, Postgres, postgres_server

# The slowest files start first, so no worker is left with one at the end.
FIRST = [
    "test_docs", "test_two_days", "test_kill_at_each_step", "test_two_runs", "test_run_sh", "test_histories",
    "test_hooks", "test_rate_limits", "test_kill_at_random_moments", "test_hostile_heap", "test_selection",
]  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave most tests on slow warehouses to `make warehouses`."""
    left = {item for item in items if _is_slow(item) and not (IN_FULL or item.get_closest_marker("on_each"))}
    config.hook.pytest_deselected(items=list(left))
    items[:] = sorted((item for item in items if item not in left), key=_start_order)


def _start_order(item: pytest.Item) -> int:
    return FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST)


def _is_slow(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)  # only parametrized tests have one
    return called is not None and called.params.get("engine") in SLOW


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """Run one server for all tests that only need a Heap without faults."""
    with running(SandboxOptions(rate_limits=False)) as sandbox:
        yield sandbox


@pytest.fixture
def heap(shared_sandbox: Sandbox) -> Sandbox:
    """Return an empty Heap."""
    shared_sandbox.reset()
    shared_sandbox.misbehave("")
    shared_sandbox.refuse()
    shared_sandbox.release()
    return shared_sandbox


@pytest.fixture
def own_heap() -> Iterator[Sandbox]:
    """Run a Heap for processes that a test pauses or kills, so their late requests reach no other test."""
    with running(SandboxOptions(rate_limits=False)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], Postgres]]:
    """Return a function that creates databases on a Postgres server."""
    with postgres_server() as host:
        yield partial(Postgres, host)


@pytest.fixture(scope="session")
def spark() -> Iterator[Callable[[], Engine]]:
    """Return a function that creates databases in the Spark session of this process."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("NO SPARK TESTS: Spark needs Java, and this machine has none")
    module = import_module("tests.spark")
    with module.spark_session() as session:
        yield partial(module.Spark, session)


@pytest.fixture(scope="session")
def snowflake() -> Iterator[Callable[[], Engine]]:
    """Return a function that creates databases on a server with Snowflake's protocol."""
    module = import_module("tests.snowflake")
    with module.snowflake_server() as server:
        yield partial(module.Snowflake, server)


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Return the warehouse of a test: DuckDB, or as `@on_every_engine` says."""
    name = getattr(request, "param", "duckdb")
    made: Engine = DuckDB(tmp_path) if name == "duckdb" else request.getfixturevalue(name)()
    yield made
    made.drop()


@pytest.fixture
def offline_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """Return a warehouse that is never connected, as `@on_every_adapter` says."""
    return open_offline_warehouse(request.param, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def unasked_flags() -> Iterator[None]:
    """Skip dbt's search of all loaded modules for the caller that reads a behavior flag.

    In a single command it takes 50 ms. With five adapters loaded, it took most of the time of the tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "tests"))
        yield


@pytest.fixture(scope="session")
def macros() -> Macros:
    """Return the macros of dbt and dbt-heap, loaded once per process."""
    return Macros()


@pytest.fixture
def known_macros(macros: Macros, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load macros once, which takes most of the time of a small run. Runs in new processes load them again."""
    monkeypatch.setattr(adapter, "load_macros", macros.load)


@pytest.fixture
def project(tmp_path: Path, heap: Sandbox, engine: Engine, known_macros: None) -> Project:
    """Return an empty project whose destination is `heap`."""
    return Project(tmp_path, heap.url, engine)
