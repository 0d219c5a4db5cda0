"""`dbt-heap report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin
from dbt_heap.errors import SettingsError
from dbt_heap.project.files import write_whole
from dbt_heap.reports.facts import FILE_NAME, gather
from dbt_heap.reports.page import page


@click.command("report")
@click.option(
    "--output-file",
    "-o",
    type=click.Path(path_type=Path),
    help=f"File to write. Default: target/{FILE_NAME}.",
)
@click.option("--runs", type=click.IntRange(min=1), default=200, show_default=True, help="Number of runs per sync.")
@all_options
def command(output_file: Path | None, runs: int, **shared: Any) -> None:
    """Write an HTML report about the selected syncs, and print its path.

    The page loads nothing and contains no row values or keys. If the warehouse or target/heap_results.json is not
    available, the page is written from the rest and says what is missing.
    """
    settings = settings_of(**shared)
    invocation = begin(settings)
    report = gather(invocation, runs=runs, now=datetime.now(UTC))
    console = console_of(settings)
    invocation.messages.report_to(console.warn, console.note)  # the warehouse may not have been opened
    invocation.messages.add(report.gaps)
    path = output_file or invocation.target_path / FILE_NAME
    try:
        write_whole(path, page(report).encode(errors="replace"))
    except OSError as refusal:
        raise SettingsError(
            f"{path} cannot be written: {refusal.strerror}. Choose another file with --output-file."
        ) from None
    click.echo(path)
