"""A small dbt project in a real warehouse, and a sandbox: what most tests sync between."""

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
from tests.nowhere import warehouse_nowhere
from tests.project import Project
from tests.warehouses import IN_FULL, SLOW, DuckDB, Engine, Postgres, postgres_server

# The files that take longest are begun first, so that no worker is left with one in the end.
FIRST = [
    "test_docs", "test_two_days", "test_boundaries", "test_two_runs", "test_run_sh", "test_histories", "test_hooks",
    "test_rate_limits", "test_moments", "test_hostile_heap", "test_selection",
]  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave most tests on slow warehouses to `make warehouses`."""
    left = {item for item in items if _is_slow(item) and not (IN_FULL or item.get_closest_marker("on_each"))}
    config.hook.pytest_deselected(items=list(left))
    items[:] = sorted((item for item in items if item not in left), key=_turn)


def _turn(item: pytest.Item) -> int:
    return FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST)


def _is_slow(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)  # only what is parametrized has one
    return called is not None and called.params.get("engine") in SLOW


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """One server for all tests that only want Heap to take what it should."""
    with running(SandboxOptions(rate_limits=False)) as sandbox:
        yield sandbox


@pytest.fixture
def heap(shared_sandbox: Sandbox) -> Sandbox:
    """A Heap that holds nothing yet."""
    shared_sandbox.reset()
    shared_sandbox.misbehave("")
    shared_sandbox.refuse()
    shared_sandbox.release()
    return shared_sandbox


@pytest.fixture
def own_heap() -> Iterator[Sandbox]:
    """A Heap for processes that a test holds, pauses or kills: whatever they still send disturbs no other test."""
    with running(SandboxOptions(rate_limits=False)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], Postgres]]:
    """Create databases on a Postgres server."""
    with postgres_server() as host:
        yield partial(Postgres, host)


@pytest.fixture(scope="session")
def spark() -> Iterator[Callable[[], Engine]]:
    """Create databases in a Spark session, the only one of its process; loaded only where a test wants it."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("NO SPARK TESTS: there is no Java on this machine, and Spark needs it")
    module = import_module("tests.spark")
    with module.spark_session() as session:
        yield partial(module.Spark, session)


@pytest.fixture(scope="session")
def snowflake() -> Iterator[Callable[[], Engine]]:
    """Create databases on a server that speaks as Snowflake does; loaded only where a test wants it."""
    module = import_module("tests.snowflake")
    with module.snowflake_server() as server:
        yield partial(module.Snowflake, server)


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The warehouse of a test: DuckDB, or what `@on_every_engine` says."""
    name = getattr(request, "param", "duckdb")
    made: Engine = DuckDB(tmp_path) if name == "duckdb" else request.getfixturevalue(name)()
    yield made
    made.drop()


@pytest.fixture
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """A warehouse that is never connected to, as `@on_every_adapter` says."""
    return warehouse_nowhere(request.param, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def unasked_flags() -> Iterator[None]:
    """Spare every adapter a search of all loaded modules, once a flag and frame, for who asks about dbt's flags.

    A command of its own spends 50 ms on it; in here, where five adapters are loaded, it was most of the time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "tests"))
        yield


@pytest.fixture(scope="session")
def macros() -> Macros:
    """Those of dbt and ours, for all tests of a process."""
    return Macros()


@pytest.fixture
def known_macros(macros: Macros, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the runs of a test most of their time; those in processes of their own load all."""
    monkeypatch.setattr(adapter, "load_macros", macros.load)


@pytest.fixture
def project(tmp_path: Path, heap: Sandbox, engine: Engine, known_macros: None) -> Project:
    """An empty project whose destination is `heap`."""
    return Project(tmp_path, heap.url, engine)
