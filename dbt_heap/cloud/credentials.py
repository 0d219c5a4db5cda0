"""How dbt Cloud is reached and which run is asked for, by flags and environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dbt_heap.errors import SettingsError
from dbt_heap.project.settings import Settings, address

# As https://github.com/data-mie/dbt-cloud-cli#environment-variables names it; never a flag, which others could read.
TOKEN = "DBT_CLOUD_API_TOKEN"  # noqa: S105 - a name  # nosec B105
EXAMPLE_HOST = "ab123.us1.dbt.com"


@dataclass(frozen=True)
class Access:
    """One account of dbt Cloud's, and the job or the run that is asked for."""

    base_url: str
    account_id: int
    token: str = field(repr=False)
    job_id: int | None
    run_id: int | None  # exactly this one; None: the job's latest


def access_of(settings: Settings) -> Access:
    """What the settings say. Raises SettingsError, which tells all that is missing and repeats no token."""
    if settings.manifest:
        raise SettingsError("--manifest (DBT_HEAP_MANIFEST) and --dbt-cloud each name a manifest: give one of them")
    missing = list(_missing(settings))
    if missing:
        raise SettingsError("--dbt-cloud needs more:\n" + "\n".join(f"  {each}" for each in missing))
    return Access(
        base_url=_base_url(settings.dbt_cloud_host or ""),
        account_id=_id("account", settings.dbt_cloud_account_id) or 0,
        token=_token(settings.environ[TOKEN]),
        job_id=_id("job", settings.dbt_cloud_job_id),
        run_id=_id("run", settings.dbt_cloud_run_id),
    )


def _missing(settings: Settings) -> Iterator[str]:
    if not settings.dbt_cloud_host:
        yield f"the account's host: --dbt-cloud-host or DBT_CLOUD_HOST, such as {EXAMPLE_HOST}; it is that of its pages"
    if not settings.dbt_cloud_account_id:
        yield "the account: --dbt-cloud-account-id or DBT_CLOUD_ACCOUNT_ID"
    if not (settings.dbt_cloud_job_id or settings.dbt_cloud_run_id):
        yield "a job or a run: --dbt-cloud-job-id or DBT_CLOUD_JOB_ID, --dbt-cloud-run-id or DBT_CLOUD_RUN_ID"
    if not settings.environ.get(TOKEN):
        yield f"a token that may read jobs and runs: the environment variable {TOKEN}"


def _base_url(host: str) -> str:
    """The address of a host, which dbt's tools write without `https://`."""
    given = host.strip()
    try:
        return address(given if "://" in given else f"https://{given}", f"https://{EXAMPLE_HOST}")
    except ValueError as refusal:
        raise SettingsError(f"--dbt-cloud-host (DBT_CLOUD_HOST): {refusal}") from None


def _id(what: str, given: str | None) -> int | None:
    if not given:
        return None
    if re.fullmatch(r"[0-9]{1,18}", given.strip()) and int(given):
        return int(given)
    raise SettingsError(
        f"--dbt-cloud-{what}-id (DBT_CLOUD_{what.upper()}_ID): a number is needed, as in the address of its page"
    )


def _token(given: str) -> str:
    # A letter that no header takes would have requests tell the whole header in its error.
    if re.fullmatch(r"[!-~]+", given.strip()):
        return given.strip()
    raise SettingsError(f"{TOKEN}: this is no token: letters, digits and signs are needed, without blanks")
