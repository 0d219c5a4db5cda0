"""Bad input: a clear message, the right exit code, the warehouse as it was, and not a byte to Heap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}


@dataclass(frozen=True)
class Bad:
    """What is done to a project that is well, how the sync is called then, and what has to be said."""

    spoil: Callable[[Project], Any]
    says: str
    exit_code: int = 2
    environment: tuple[tuple[str, str], ...] = ()


def manifest(text: str | None) -> Callable[[Project], None]:
    """Put something else in the manifest's place, or nothing."""

    def spoil(project: Project) -> None:
        project.manifest_text = text

    return spoil


def declared(**block: Any) -> Callable[[Project], None]:
    """Declare the users otherwise."""
    return lambda project: project.declare("heap_users", {**USERS, **block})


BAD = {
    "no manifest": Bad(manifest(None), "there is no manifest at"),
    "a manifest that is no JSON": Bad(manifest("<html>"), "is cut short or no JSON"),
    "a truncated manifest": Bad(manifest('{"metadata": {"dbt_version": "1.11.0"}, "nodes": {"mo'), "is cut short"),
    "another dbt file": Bad(
        manifest('{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}}'),
        "is dbt's run-results, not its manifest",
    ),
    "a model that was never built": Bad(
        lambda project: project.sql("drop table heap_users"), "dbt run --select heap_users"
    ),
    "a column dropped since": Bad(lambda project: project.sql("alter table heap_users drop plan"), "plan"),
    "a float identity": Bad(
        lambda project: project.table("heap_users", "select 1.5::double as user_id, 'team' as plan"), "user_id"
    ),
    "no app id": Bad(lambda project: project.vars.pop("app_id"), "Account > Manage > Projects"),
    "no app id for the target": Bad(
        lambda project: setattr(project, "vars", {"app_ids": {"prod": "1"}}),
        "no Environment ID for the dbt target 'dev'",
    ),
    "a wrong region": Bad(
        lambda project: None, "HEAP_REGION", environment=(("HEAP_REGION", "de"), ("HEAP_BASE_URL", "")),
    ),
    "plain http": Bad(lambda project: None, "must use https", environment=(("HEAP_BASE_URL", "http://heap.example"),)),
    "an identity that is SQL": Bad(declared(identity='user_id"; drop table heap_users; --'), "identity"),
    "a property's column that is SQL": Bad(
        declared(properties={"Plan": "plan\", (select 1) as \"x"}), "cannot be quoted safely"
    ),
    "a schema of others": Bad(
        lambda project: project.table("t", "select 1 as x", schema="main_dbt_heap"), "not dbt-heap's"
    ),
    "a profile that does not exist": Bad(
        lambda project: (project.folder / "profiles.yml").write_text("other: {}"), "shop"
    ),
    "a warehouse that may only be read": Bad(
        lambda project: read_only(project), "read-only"
    ),
}  # fmt: skip


def read_only(project: Project) -> None:
    """Open the DuckDB file for reading alone."""
    output = {**project.engine.output, "config_options": {"access_mode": "READ_ONLY"}}
    (project.folder / "profiles.yml").write_text(
        yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": output}}})
    )


def contents(project: Project) -> dict[str, list[Any]]:
    """Every table and its rows."""
    tables = project.sql(
        "select table_schema, table_name from information_schema.tables where table_catalog = 'warehouse' order by all"
    )
    return {f"{schema}.{name}": project.sql(f'select * from "{schema}"."{name}"') for schema, name in tables}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_reported_and_changes_nothing(project: Project, heap: Sandbox, bad: Bad) -> None:
    project.table("heap_users", "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)")
    project.declare("heap_users", USERS)
    bad.spoil(project)
    before = contents(project)
    outcome = project.sync(**dict(bad.environment))
    assert outcome.exit_code == bad.exit_code, outcome.stderr
    assert bad.says in outcome.stderr
    assert_plain(outcome)
    assert contents(project) == before
    assert heap.requests() == []


def test_manifest_of_an_unknown_version_is_read_anyway(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", "select 'ana' as user_id, 'team' as plan")
    project.declare("heap_users", USERS)
    project.schema = "https://schemas.getdbt.com/dbt/manifest/v99.json"
    outcome = project.sync()
    assert outcome.exit_code == 0
    assert "its schema is v99" in outcome.stderr
    assert len(heap.users()) == 1


def test_name_that_looks_like_sql_is_only_a_name(project: Project, heap: Sandbox) -> None:
    column = "plan'); drop table heap_users; --"
    project.table("heap_users", f"select 'ana' as user_id, 'team' as \"{column}\"")
    project.declare("heap_users", {**USERS, "properties": {"Plan'); drop table heap_users; --": column}})
    assert project.sync().exit_code == 0
    assert [user["properties"] for user in heap.users()] == [{"Plan'); drop table heap_users; --": "team"}]
    assert project.sql("select count(*) from heap_users") == [(1,)]
    assert project.sync().exit_code == 0
    assert len(heap.requests()) == 1


def test_problem_with_one_model_does_not_block_others(project: Project, heap: Sandbox) -> None:
    for name in ("heap_users", "heap_trials"):
        project.table(name, "select 'ana' as user_id, 'team' as plan")
    project.declare("heap_users", USERS)
    project.declare("heap_trials", {**USERS, "properties": {"Trial": "plan"}})
    project.sql("drop table heap_trials")
    outcome = project.sync()
    assert outcome.exit_code == 1
    assert {name: each["status"] for name, each in project.results().items()} == {
        "heap_users": "success",
        "heap_trials": "error",
    }
    assert len(heap.users()) == 1


def assert_plain(outcome: Outcome) -> None:
    """Check that the output has no traceback and no value."""
    said = outcome.stdout + outcome.stderr
    assert "Traceback" not in said
    assert "ana" not in said.split()
