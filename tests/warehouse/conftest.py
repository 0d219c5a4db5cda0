"""What several tests of users begin with."""

from __future__ import annotations

import pytest

from tests.project import Project
from tests.warehouse.users import ROWS, USERS


@pytest.fixture
def users(project: Project) -> Project:
    """Three users, never synced."""
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    return project
