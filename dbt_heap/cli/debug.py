"""`dbt-heap debug`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from dbt_heap import __version__
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.start import begin_correct
from dbt_heap.errors import HeapError, counted
from dbt_heap.http.sessions import check_environment_for
from dbt_heap.project.dbt_project import FILE_NAME, ProjectFile, read_project
from dbt_heap.project.heap_vars import variable_of
from dbt_heap.project.settings import Settings
from dbt_heap.state.open import open_state
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.invocation import Invocation, target_path

Line = tuple[str, str, str]  # a setting, its value and its origin


@click.command("debug")
@all_options
@click.pass_context
def command(ctx: click.Context, /, **shared: Any) -> None:
    """Show every setting with its origin, then test the connections, like `dbt debug`. Sends nothing to Heap."""
    click.echo(f"dbt-heap {__version__}")
    settings = settings_of(**shared)
    found: list[Invocation] = []

    def files() -> str:
        project = read_project(settings.project_dir, settings.cli_vars, settings.environ)
        _print(_of_files(settings, project))
        return project.name or f"no {FILE_NAME}"

    def manifest() -> str:
        found.append(begin_correct(settings, opens=False))
        return f"{found[0].manifest_path}, {counted(len(found[0].declared), 'sync')} declared"

    well = _tried("project", files)
    well = well and _tried("manifest", manifest)
    well = well and _tried("warehouse and state schema", lambda: _warehouse(found[0]))
    well = well and _tried("target of the manifest", lambda: _target(found[0]))
    well = well and _tried("Heap environments", lambda: _destinations(found[0]))
    ctx.exit(0 if well else 2)


def _tried(what: str, attempt: Callable[[], str]) -> bool:
    try:
        click.echo(f"  {what}: OK ({attempt()})")
    except HeapError as error:
        click.echo(f"  {what}: ERROR: {error}")
        return False
    return True


def _print(lines: Iterator[Line]) -> None:
    for name, value, origin in lines:
        click.echo(f"  {name:<17} {value}  [{origin}]")


def _of_files(settings: Settings, project: ProjectFile) -> Iterator[Line]:
    """Yield the settings from flags, variables and files."""
    origins, here = settings.origins, "the current folder or its nearest parent"
    yield "project folder", str(settings.project_dir), origins.get("project_dir", here)
    if settings.env_file:
        count = len(settings.env_file.variables)
        yield ".env", str(settings.env_file.path), f"{counted(count, 'variable')} not set in the shell"
    profiles_dir, why = settings.profiles_choice
    yield "profiles.yml", str(profiles_dir / "profiles.yml"), why
    yield "profile", settings.profile or project.profile or "none", origins.get("profile", FILE_NAME)
    place = project.heap_vars_place
    rules = "never_send does not apply" if not place else "rules and Environment IDs"
    yield "vars: dbt_heap", place or "not found", rules
    yield "target path", str(target_path(settings, project)), _origin_of_target_path(settings, project)
    for name in ("state", "threads", "manifest", "log_format", "quiet", "warn_error"):
        if name in origins:
            yield name.replace("_", " "), str(getattr(settings, name)), origins[name]


def _origin_of_target_path(settings: Settings, project: ProjectFile) -> str:
    if "target_path" in settings.origins:
        return settings.origins["target_path"]
    return f"{FILE_NAME}: target-path" if "target-path" in project.raw else "dbt's default"


def _target(invocation: Invocation) -> str:
    with open_state(invocation) as store:
        return store.target


def _warehouse(invocation: Invocation) -> str:
    with open_state(invocation, reads_models=False) as store:
        _print(_of_warehouse(invocation, store))
        for line in (*store.notes(), *store.warnings()):
            click.echo(f"  {line}")
        store.prepare()
        return store.warehouse.adapter_type


def _of_warehouse(invocation: Invocation, store: StateStore) -> Iterator[Line]:
    settings, target = invocation.settings, store.target
    yield "target", target, settings.origins.get("target", "profiles.yml")
    place = invocation.project.heap_vars_place
    yield (
        "state schema",
        store.schema,
        f"{place}.schema, through generate_schema_name" if place else "generate_schema_name",
    )
    environments = invocation.project.heap_vars.environment_names
    for environment in environments:
        variables = [variable_of(environment), *(["HEAP_APP_ID"] if len(environments) == 1 else [])]
        variable = next((each for each in variables if settings.environ.get(each)), "")
        file = settings.env_file
        from_file = f" in {file.path}" if file and variable in file.variables else ""
        try:
            destination = invocation.destination_of(environment, target)
        except HeapError:
            yield f"Heap: {environment}", "no Environment ID", f"none for target {target}"
            continue
        yield f"Heap: {environment}", destination.label, f"{variable}{from_file}" if variable else place


def _destinations(invocation: Invocation) -> str:
    with open_state(invocation, reads_models=False) as store:
        target = store.target
    destinations = [invocation.destination(sync, target) for sync in invocation.declared]
    for base_url in sorted({each.base_url for each in destinations}):
        check_environment_for(base_url)
    labels = sorted({each.label for each in destinations})
    return f"{', '.join(labels)}; no API can verify an Environment ID" if labels else "none needed"
