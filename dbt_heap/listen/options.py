"""What a listener can be told; importable without the server's dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SECRET = "DBT_CLOUD_WEBHOOK_SECRET"  # noqa: S105 - a name  # nosec B105


@dataclass(frozen=True)
class ListenOptions:
    """One listener."""

    secret: str = field(repr=False)  # of the webhook, as dbt Cloud showed it once
    command: Sequence[str]  # that syncs; the job's id is put behind it
    jobs: frozenset[int]  # that are synced, and no others
    host: str = "127.0.0.1"
    port: int = 8766  # 0: a free one
    catch_up: bool = False  # begins with each of the jobs
