"""State knows its dbt project: several share a state schema, and none takes another's state for its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project
from tests.warehouse.users import ROWS, USERS
from tests.warehouses import Engine, on_every_engine

Make = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path, heap: Sandbox, engine: Engine) -> Make:
    """Create dbt projects that share a warehouse, a state schema and a Heap environment, each with one model."""

    def made(name: str, model: str, block: object = USERS, *, package: str = "", table: str = "") -> Project:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        project = Project(folder, heap.url, engine)
        called(project, name)
        project.table(table or model, ROWS)
        declare(project, package or name, model, block, alias=table or model)
        return project

    return made


def called(project: Project, name: str) -> None:
    project.settings["name"] = project.metadata["project_name"] = name


def declare(project: Project, package: str, model: str, block: object, alias: str = "") -> None:
    """Declare a model of a package: the project itself, or one that it installs."""
    project.declare(model, block, package_name=package)
    node = project.nodes.pop(f"model.shop.{model}")
    name = alias or model
    relation = project.engine.relation_name(project.engine.default_schema, name)
    unique_id = f"model.{package}.{model}"
    project.nodes[unique_id] = {**node, "unique_id": unique_id, "alias": name, "relation_name": relation}


def without_owners(project: Project) -> None:
    """Leave the log as a version did that did not write projects down."""
    project.state("drop view if exists state.runs")
    project.state("alter table state.sync_log drop column project")


def nothing_changed(project: Project, heap: Sandbox, command: Callable[[], Outcome]) -> Outcome:
    before = project.state("select count(*) from state.sync_log"), len(heap.requests())
    outcome = command()
    assert (project.state("select count(*) from state.sync_log"), len(heap.requests())) == before
    return outcome


@on_every_engine
@pytest.mark.parametrize("legacy", [False, True], ids=["today", "a log of an older version"])
def test_state_of_another_project_of_the_mesh_is_not_missing(make: Make, heap: Sandbox, *, legacy: bool) -> None:
    alpha = make("alpha", "users")
    assert alpha.sync().exit_code == 0
    if legacy:
        without_owners(alpha)
    beta = make("beta", "people", {**USERS, "properties": {"Level": "plan"}})
    for command in ("plan", "check", "sync"):
        outcome = beta.run(command)
        assert outcome.exit_code == 0 and "alpha" not in outcome.stderr + outcome.stdout, outcome
    assert len(heap.users()) == 3
    assert alpha.sync().exit_code == 0
    owners = dict(beta.state("select sync, max(project) from state.sync_log group by sync"))
    assert owners == {"users": "alpha", "people": "beta"}


def test_sync_of_the_same_name_in_another_project_stops(make: Make, heap: Sandbox) -> None:
    alpha, beta = make("alpha", "users"), make("beta", "users", table="beta_users")
    assert alpha.sync().exit_code == 0
    for arguments in (("sync",), ("sync", "--resync"), ("plan",)):
        outcome = nothing_changed(beta, heap, lambda typed=arguments: beta.run(*typed))  # type: ignore[misc]
        assert outcome.exit_code == 2
        assert "its state belongs to the dbt project alpha, and this project is beta" in outcome.stderr
        assert "vars.dbt_heap.schema" in outcome.stderr and "dbt-heap state rebind users" in outcome.stderr
    assert alpha.sync().exit_code == 0


def test_sync_of_the_same_name_on_the_same_relation_stops_too(make: Make, heap: Sandbox) -> None:
    assert make("alpha", "users").sync().exit_code == 0
    beta = make("beta", "source", {**USERS, "name": "users"}, table="users")
    assert nothing_changed(beta, heap, beta.sync).exit_code == 2


def test_package_that_two_projects_install_has_one_state(make: Make, heap: Sandbox) -> None:
    assert make("alpha", "users", package="kit").sync().exit_code == 0
    beta = make("beta", "users", package="kit")
    assert beta.sync().exit_code == 0
    assert len(heap.requests()) == 1
    assert beta.state("select distinct project from state.sync_log") == [("alpha",)]


@on_every_engine
def test_renamed_project_continues_after_a_rebind(make: Make, heap: Sandbox) -> None:
    assert make("alpha", "users").sync().exit_code == 0
    beta = make("beta", "users")
    assert beta.sync().exit_code == 2
    assert beta.run("state", "rebind", "users").exit_code == 0
    assert beta.sync().exit_code == 0
    assert len(heap.requests()) == 1
    shown = beta.run("state", "show").stdout
    assert "beta" in shown and "alpha" not in shown


def test_renamed_project_continues_with_state_of_an_older_version(make: Make, heap: Sandbox) -> None:
    alpha = make("alpha", "users")
    assert alpha.sync().exit_code == 0
    without_owners(alpha)
    beta = make("beta", "users")
    assert beta.sync().exit_code == 0
    assert len(heap.requests()) == 1


def test_rename_is_noticed_in_a_log_of_an_older_version(make: Make, heap: Sandbox) -> None:
    alpha = make("alpha", "users", package="kit")
    assert alpha.sync().exit_code == 0
    without_owners(alpha)
    renamed = make("alpha", "people", package="kit")
    outcome = nothing_changed(renamed, heap, renamed.sync)
    assert outcome.exit_code == 2 and "dbt-heap state rename users people" in outcome.stderr


def test_manifest_without_a_project_name_matches_any_project(make: Make, heap: Sandbox) -> None:
    assert make("alpha", "users").sync().exit_code == 0
    other = make("kit", "users", {**USERS, "name": "users"}, table="users")
    called(other, "")  # from before dbt 1.6; the package of its models is taken for the project
    other.settings["name"] = "alpha"
    other.write()
    (other.folder / "dbt_project.yml").unlink()
    outcome = other.bare(
        "sync", "--manifest", str(other.folder / "target" / "manifest.json"), "--profile", "shop",
        "--project-dir", str(other.folder), "--profiles-dir", str(other.folder), HEAP_APP_ID="1234567890",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.stderr
    assert len(heap.requests()) == 1


@pytest.mark.parametrize("events", [False, True], ids=["users", "events"])
def test_rows_that_another_project_sent_stop_only_events(make: Make, heap: Sandbox, *, events: bool) -> None:
    block = (
        {"type": "events", "identity": "user_id", "event_name": "Seen", "unique_key": "user_id"} if events else USERS
    )
    assert make("alpha", "users", block).sync().exit_code == 0
    beta = make("beta", "source", {**block, "name": "people"}, table="users")
    assert "dbt-heap state rename users people" in beta.run("plan").stdout
    outcome = beta.sync()
    assert outcome.exit_code == (2 if events else 0)
    assert "dbt-heap state rename users people" in outcome.stderr
