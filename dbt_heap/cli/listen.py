"""`dbt-heap listen`."""

from __future__ import annotations

import os
import sys

import click

from dbt_heap.cli.options import settings_of
from dbt_heap.cli.sync import command as sync
from dbt_heap.cloud.api import DbtCloud
from dbt_heap.cloud.credentials import credentials_of
from dbt_heap.cloud.listener.queue import SECRET, ListenOptions
from dbt_heap.errors import SettingsError

try:
    from dbt_heap.cloud.listener.server import log_to, serve
except ImportError:
    raise SettingsError("the listener needs more packages: pip install 'dbt-heap[listen]'") from None

_CLOUD = ("manifest", "dbt_cloud_host", "dbt_cloud_account_id")


@click.command("listen")
@click.option("--host", default=ListenOptions.host, show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=ListenOptions.port,
    show_default=True,
    help="0 chooses a free port.",
)
@click.option(
    "--job-id",
    "jobs",
    type=click.IntRange(min=1),
    multiple=True,
    required=True,
    help="Job to sync. Repeat it for several jobs; others are ignored.",
)
@click.option("--catch-up", is_flag=True, help="Start with a sync of each --job-id.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS OF SYNC]")
def command(host: str, port: int, jobs: tuple[int, ...], catch_up: bool, arguments: tuple[str, ...]) -> None:
    """Receive webhooks of the dbt platform, and sync a job when a run of it ends, one at a time.

    Options after `--` are passed to every sync. Set DBT_CLOUD_WEBHOOK_SECRET to the webhook's secret; host, account and
    token are as for `sync --dbt-cloud`. Prints its address, then serves until Ctrl-C or SIGTERM. GET /health reports
    its status.
    """
    passed_on = ["--dbt-cloud", *arguments]
    _must_run(passed_on)
    options = ListenOptions(
        secret=_secret(),
        command=[sys.executable, "-m", "dbt_heap", "sync", *passed_on],
        host=host,
        port=port,
        jobs=frozenset(jobs),
        catch_up=catch_up,
    )
    log_to()
    serve(options, ready=click.echo)


def _must_run(arguments: list[str]) -> None:
    """Raise UsageError or SettingsError now if every sync would raise it."""
    given = sync.make_context("sync", list(arguments)).params
    if given["dbt_cloud_run_id"] or given["dbt_cloud_job_id"]:
        raise SettingsError(
            "listen syncs the latest run of a job: unset DBT_CLOUD_JOB_ID and DBT_CLOUD_RUN_ID, and use --job-id"
        )
    DbtCloud(credentials_of(settings_of(**{name: given[name] for name in _CLOUD}, dbt_cloud_job_id="1")))


def _secret() -> str:
    if found := os.environ.get(SECRET, "").strip():  # a mounted file ends with a line feed
        return found
    raise SettingsError(f"set {SECRET} to the webhook's secret, which the dbt platform shows only once")
