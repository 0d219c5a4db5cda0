"""The grants that docs/reference/warehouses.md names are enough, and no more is taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import Postgres

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "warehouses.md"


@pytest.fixture
def analytics(project: Project) -> Project:
    """Return a project with models of another owner, whose role has the grants that the page lists."""
    assert isinstance(project.engine, Postgres)
    project.engine.default_schema = "analytics"
    project.state_schema = "analytics_dbt_heap"
    project.table("heap_users", "select 'ana' as user_id, 'free' as plan")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["plan"]})
    ((grants,),) = [re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)]
    role = f"heap_{project.engine.database}"  # roles are the server's, not the database's
    project.sql(re.sub(r"\bdbt_heap\b(?=[ ;])", role, grants))
    project.profile(user=role, schema="analytics")
    return project


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_role_that_reads_models_and_owns_the_state_schema_suffices(analytics: Project, heap: Sandbox) -> None:
    assert analytics.sync().exit_code == 0
    analytics.sql("update analytics.heap_users set plan = 'pro'")
    assert analytics.sync().exit_code == 0
    assert analytics.run("state", "reset", "heap_users", "--yes").exit_code == 0
    ((user,),) = [heap.users()]
    assert user["properties"] == {"plan": "pro"}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_missing_grant_on_a_model_is_reported_and_nothing_is_sent(analytics: Project, heap: Sandbox) -> None:
    analytics.sql(f"revoke select on analytics.heap_users from {analytics.engine.output['user']}")
    outcome = analytics.sync()
    assert outcome.exit_code == 2
    assert "heap_users" in outcome.stderr
    assert heap.requests() == []
