"""`dbt-heap exposures`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin_correct
from dbt_heap.errors import SettingsError
from dbt_heap.project.files import write_whole
from dbt_heap.project.source_files import restricts_access
from dbt_heap.syncs.dbt_exposures import MARK, exposures, unreferable_reason


@click.command("exposures")
@click.option(
    "--owner-name",
    help="Owner. Default: vars.dbt_heap.exposures, then the owner of the model's group, then Heap.",
)
@click.option("--owner-email", help="Email address of the owner.")
@click.option("--url", help="URL of the exposure.")
@click.option("--output-file", "-o", type=click.Path(path_type=Path), help="File to write.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 if the file is outdated.")
@all_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    owner_name: str | None,
    owner_email: str | None,
    url: str | None,
    output_file: Path | None,
    check: bool,
    **shared: Any,
) -> None:
    """Write syncs as dbt exposures, for the lineage graph and dbt docs. Needs only the manifest."""
    settings = settings_of(**shared)
    invocation = begin_correct(settings, opens=False)
    console = console_of(settings)
    given = {"owner_name": owner_name, "owner_email": owner_email, "url": url}
    configured = invocation.project.heap_vars.exposures.model_copy(
        update={key: each for key, each in given.items() if each}
    )
    project = invocation.manifest.project_name or invocation.project.name
    restricted = partial(restricts_access, settings.project_dir, invocation.project.raw)
    reasons = {sync.name: unreferable_reason(sync.model, project, restricted) for sync in invocation.selected}
    skipped = [f"{name}: skipped, because {reason}" for name, reason in reasons.items() if reason]
    invocation.messages.add(skipped)
    referable = [sync for sync in invocation.selected if not reasons[sync.name]]
    text = exposures(referable, configured, project, invocation.manifest.groups)
    if output_file is None:
        if check:
            raise SettingsError("--check needs --output-file: the file to compare with the declared syncs")
        click.echo(text, nl=False)
    elif (current := _read(output_file)) == text:
        console.note(f"{output_file} is up to date")
    elif check:
        console.problem(f"{output_file} is outdated. Run this command without --check to update it.")
        ctx.exit(3)
    else:
        _write(output_file, current, text)


def _read(path: Path) -> str | None:
    """Return the content of the file; None if it does not exist. Raises SettingsError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be read: {refusal.strerror}") from None
    except ValueError:
        raise SettingsError(_not_ours(path)) from None


def _write(path: Path, current: str | None, text: str) -> None:
    """Write the text, unless the current content was not written by dbt-heap. Raises SettingsError."""
    if current and not current.startswith(MARK):
        raise SettingsError(_not_ours(path))
    try:
        write_whole(path, text.encode())
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be written: {refusal.strerror}") from None


def _not_ours(path: Path) -> str:
    return f"{path} was not written by dbt-heap and would be overwritten. Choose another file, or remove it."
