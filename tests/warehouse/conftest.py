"""What several tests of users and of events begin with."""

from __future__ import annotations

import pytest

from tests.project import Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouse.users import ROWS, USERS


@pytest.fixture
def users(project: Project) -> Project:
    """Three users, never synced."""
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    return project


@pytest.fixture
def orders(project: Project) -> Project:
    """Three orders, never synced."""
    project.table("heap_orders", ORDER_ROWS)
    project.declare("heap_orders", ORDERS)
    return project
