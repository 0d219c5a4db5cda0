"""A small dbt project on DuckDB and a sandbox: what most tests sync between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import Project


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


@pytest.fixture
def project(tmp_path: Path, heap: Sandbox) -> Project:
    """An empty project whose destination is `heap`."""
    return Project(tmp_path, heap.url)
