from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.server import DbtCloud


@pytest.fixture
def cloud() -> Iterator[DbtCloud]:
    """Yield a dbt platform without runs."""
    with DbtCloud() as cloud:
        yield cloud
