"""`dbt-heap report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin, tell
from dbt_heap.errors import SettingsError
from dbt_heap.project.files import write_whole
from dbt_heap.reports.facts import FILE_NAME, gather
from dbt_heap.reports.page import page
from dbt_heap.syncs.invocation import raise_if_warn_error


@click.command("report")
@click.option(
    "--output-file", "-o", type=click.Path(path_type=Path), help=f"Write it there. Default: {FILE_NAME} in target."
)
@click.option(
    "--runs", type=click.IntRange(min=1), default=200, show_default=True, help="How many runs of each sync to look at."
)
@all_options
def command(output_file: Path | None, runs: int, **shared: Any) -> None:
    """Write one HTML page about the selected syncs, and print its path.

    It needs no network, and holds no row's value and no key. Where the warehouse or target/heap_results.json is
    missing, it is made from the rest and says so.
    """
    settings = settings_of(**shared)
    invocation = begin(settings)
    report = gather(invocation, runs=runs, now=datetime.now(UTC))
    tell(console_of(settings), report.gaps)
    raise_if_warn_error(report.gaps, settings)
    path = output_file or invocation.target_path / FILE_NAME
    try:
        write_whole(path, page(report).encode(errors="replace"))
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be written: {refusal.strerror}. Name another file: --output-file") from None
    click.echo(path)
