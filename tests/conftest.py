"""A small dbt project in a real warehouse, and a sandbox: what most tests sync between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import Project
from tests.warehouses import DuckDB, Engine, Postgres, postgres_server


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
    return shared_sandbox


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres server: the folder of its socket."""
    with postgres_server() as host:
        yield host


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The warehouse of a test: DuckDB, or what `@on_every_engine` says."""
    if getattr(request, "param", "duckdb") == "duckdb":
        yield DuckDB(tmp_path)
        return
    database = Postgres(request.getfixturevalue("postgres"))
    yield database
    database.drop()


@pytest.fixture
def project(tmp_path: Path, heap: Sandbox, engine: Engine) -> Project:
    """An empty project whose destination is `heap`."""
    return Project(tmp_path, heap.url, engine)
