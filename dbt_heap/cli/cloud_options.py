"""The options that say which run of dbt Cloud's to read, beside those of the project."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource


def _goes_with_dbt_cloud(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """A flag that would be without effect is a mistake; a variable may be set for other tools."""
    if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE and not ctx.params.get("dbt_cloud"):
        raise click.UsageError(f"{param.opts[0]} goes with --dbt-cloud", ctx)
    return value


def _option(flag: str, variable: str, text: str) -> Any:
    # Texts, as a variable that is set for another tool must not be an error before it is needed.
    return click.option(flag, envvar=variable, callback=_goes_with_dbt_cloud, help=text)


CLOUD = [
    click.option("--dbt-cloud", is_flag=True, is_eager=True,
                 help="Read the artifacts of a run of dbt Cloud's. No checkout of the project is needed then."),
    _option("--dbt-cloud-host", "DBT_CLOUD_HOST", "The account's host."),
    _option("--dbt-cloud-account-id", "DBT_CLOUD_ACCOUNT_ID", "The account."),
    _option("--dbt-cloud-job-id", "DBT_CLOUD_JOB_ID", "The job, of which the latest run is read."),
    _option("--dbt-cloud-run-id", "DBT_CLOUD_RUN_ID", "Exactly this run."),
]  # fmt: skip
