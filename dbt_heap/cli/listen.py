"""`dbt-heap listen`."""

from __future__ import annotations

import os
import sys

import click

from dbt_heap.cli.options import settings_of
from dbt_heap.cli.sync import command as sync
from dbt_heap.cloud.access import access_of
from dbt_heap.errors import SettingsError
from dbt_heap.listen.options import SECRET, ListenOptions

try:
    from dbt_heap.listen.server import serve
except ImportError:
    raise SettingsError("the listener needs more packages: pip install 'dbt-heap[listen]'") from None

_CLOUD = ("manifest", "dbt_cloud_host", "dbt_cloud_account_id")


@click.command("listen")
@click.option("--host", default=ListenOptions.host, show_default=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=ListenOptions.port, show_default=True, help="0 takes a free one."
)
@click.option(
    "--job-id", "jobs", type=click.IntRange(min=1), multiple=True, help="Sync runs of this job alone; may be repeated."
)
@click.option("--only-success", is_flag=True, help="Leave failed runs alone. Without it, gates hold what they broke.")
@click.option("--catch-up", is_flag=True, help="Begin with the latest run of each --job-id.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS OF SYNC]")
def command(
    host: str, port: int, jobs: tuple[int, ...], only_success: bool, catch_up: bool, arguments: tuple[str, ...]
) -> None:
    """Receive dbt Cloud's webhooks, and sync each run that ends, one at a time.

    What stands behind `--` is handed to every sync. The webhook's secret is DBT_CLOUD_WEBHOOK_SECRET; host, account
    and token are as for `sync --dbt-cloud`. Prints its address, then serves until Ctrl-C or SIGTERM. GET /health tells
    how it is.
    """
    if catch_up and not jobs:
        raise click.UsageError("--catch-up needs --job-id, once for each job")
    handed_on = ["--dbt-cloud", *arguments]
    _must_run(handed_on)
    options = ListenOptions(
        secret=_secret(),
        command=[sys.executable, "-m", "dbt_heap", "sync", *handed_on],
        host=host,
        port=port,
        jobs=frozenset(jobs),
        only_success=only_success,
        catch_up=catch_up,
    )
    serve(options, ready=click.echo, say=lambda text: click.echo(text, err=True))


def _must_run(arguments: list[str]) -> None:
    """Has what every sync would stumble over stumble at once. Raises UsageError, SettingsError."""
    given = sync.make_context("sync", list(arguments)).params
    if given["dbt_cloud_run_id"] or given["dbt_cloud_job_id"]:
        raise SettingsError(
            "job and run come from the webhook: unset DBT_CLOUD_JOB_ID and DBT_CLOUD_RUN_ID, and say --job-id"
        )
    access_of(settings_of(**{name: given[name] for name in _CLOUD}, dbt_cloud_job_id="1"))


def _secret() -> str:
    if found := os.environ.get(SECRET):
        return found
    raise SettingsError(
        f"the webhook's secret is needed, in the environment variable {SECRET}: dbt Cloud shows it once"
    )
