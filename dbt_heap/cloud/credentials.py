"""Read from flags and environment variables how to reach the dbt platform, and which job or run to use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dbt_heap.errors import SettingsError
from dbt_heap.project.settings import Settings, address

# Named as in https://github.com/data-mie/dbt-cloud-cli#environment-variables. Not a flag: other users could read it.
TOKEN = "DBT_CLOUD_API_TOKEN"  # noqa: S105 - a name  # nosec B105
EXAMPLE_HOST = "ab123.us1.dbt.com"


@dataclass(frozen=True)
class Credentials:
    """An account of the dbt platform, and the job or the run to use."""

    base_url: str
    account_id: int
    token: str = field(repr=False)
    job_id: int | None
    run_id: int | None  # None: the job's latest run


def credentials_of(settings: Settings) -> Credentials:
    """Return the credentials in the settings. Raises SettingsError, which lists everything that is missing."""
    if settings.manifest:
        raise SettingsError("use either --manifest (DBT_HEAP_MANIFEST) or --dbt-cloud, not both")
    missing = list(_missing(settings))
    if missing:
        raise SettingsError("--dbt-cloud needs more settings:\n" + "\n".join(f"  {each}" for each in missing))
    return Credentials(
        base_url=_base_url(settings.dbt_cloud_host or ""),
        account_id=_id("account", settings.dbt_cloud_account_id) or 0,
        token=_token(settings.environ[TOKEN]),
        job_id=_id("job", settings.dbt_cloud_job_id),
        run_id=_id("run", settings.dbt_cloud_run_id),
    )


def _missing(settings: Settings) -> Iterator[str]:
    if not settings.dbt_cloud_host:
        yield (
            f"your account's host, such as {EXAMPLE_HOST}, as in the browser's address bar: "
            "--dbt-cloud-host or DBT_CLOUD_HOST"
        )
    if not settings.dbt_cloud_account_id:
        yield "your account: --dbt-cloud-account-id or DBT_CLOUD_ACCOUNT_ID"
    if not (settings.dbt_cloud_job_id or settings.dbt_cloud_run_id):
        yield "a job or a run: --dbt-cloud-job-id or DBT_CLOUD_JOB_ID, --dbt-cloud-run-id or DBT_CLOUD_RUN_ID"
    if not settings.environ.get(TOKEN):
        yield f"a token that can read jobs and runs: the environment variable {TOKEN}"


def _base_url(host: str) -> str:
    """Return the URL of a host, which dbt's own tools write without `https://`."""
    host = host.strip()
    try:
        return address(host if "://" in host else f"https://{host}", f"https://{EXAMPLE_HOST}")
    except ValueError as error:
        raise SettingsError(f"--dbt-cloud-host (DBT_CLOUD_HOST) {error}") from None


def _id(noun: str, value: str | None) -> int | None:
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,18}", value.strip()) and int(value):
        return int(value)
    raise SettingsError(
        f"--dbt-cloud-{noun}-id (DBT_CLOUD_{noun.upper()}_ID) must be a number, as in the address of the {noun}'s page"
    )


def _token(value: str) -> str:
    # On a character that is invalid in a header, requests would repeat the whole header in its error.
    if re.fullmatch(r"[!-~]+", value.strip()):
        return value.strip()
    raise SettingsError(f"{TOKEN} is not a valid token: it contains spaces, line breaks or non-ASCII characters")
