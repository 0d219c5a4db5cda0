"""`dbt-heap exposures`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin_correct, tell
from dbt_heap.errors import SettingsError
from dbt_heap.project.files import write_whole
from dbt_heap.project.source_files import restricts_access
from dbt_heap.syncs.dbt_exposures import MARK, exposures, why_not
from dbt_heap.syncs.invocation import raise_if_warn_error


@click.command("exposures")
@click.option(
    "--owner-name",
    help="Whose it is. Default: vars.dbt_heap.exposures, else the owner of the model's group, else Heap.",
)
@click.option("--owner-email", help="The owner's address.")
@click.option("--url", help="Where people look at it.")
@click.option("--output-file", "-o", type=click.Path(path_type=Path), help="Write it there, whole or not at all.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 where the file is not what would be written.")
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
    """Write the declared syncs as exposures, so that Heap stands in dbt's graph and docs. Needs the manifest alone."""
    settings = settings_of(**shared)
    invocation = begin_correct(settings, opens=False)
    console = console_of(settings)
    given = {"owner_name": owner_name, "owner_email": owner_email, "url": url}
    said = invocation.project.heap_vars.exposures.model_copy(update={key: each for key, each in given.items() if each})
    project = invocation.manifest.project_name or invocation.project.name
    restricted = partial(restricts_access, settings.project_dir, invocation.project.raw)
    reasons = {sync.name: why_not(sync.model, project, restricted) for sync in invocation.selected}
    left_out = [f"{name}: left out, since {reason}" for name, reason in reasons.items() if reason]
    tell(console, left_out)
    raise_if_warn_error(left_out, settings)
    referable = [sync for sync in invocation.selected if not reasons[sync.name]]
    text = exposures(referable, said, project, invocation.manifest.groups)
    if output_file is None:
        if check:
            raise SettingsError("--check: say with --output-file which file is to be held against the declared syncs")
        click.echo(text, nl=False)
    elif (there := _read(output_file)) == text:
        console.note(f"{output_file} is up to date")
    elif check:
        console.problem(f"{output_file} is not what the declared syncs make: run this command without --check")
        ctx.exit(3)
    else:
        _write(output_file, there, text)


def _read(path: Path) -> str | None:
    """What the file holds, with plain line ends; None where there is none. Raises SettingsError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be read: {refusal.strerror}") from None
    except ValueError:
        raise SettingsError(_not_ours(path)) from None


def _write(path: Path, there: str | None, text: str) -> None:
    """Puts the text in the place of what is there. Raises SettingsError, also where that is somebody else's."""
    if there and not there.startswith(MARK):
        raise SettingsError(_not_ours(path))
    try:
        write_whole(path, text.encode())
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be written: {refusal.strerror}") from None


def _not_ours(path: Path) -> str:
    return f"{path} was not written by dbt-heap, and would be lost: name another file, or remove it"
