from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.server import DbtCloud


@pytest.fixture
def cloud() -> Iterator[DbtCloud]:
    """A dbt Cloud that knows of no run yet."""
    with DbtCloud() as cloud:
        yield cloud
