"""dlt with a custom destination: https://dlthub.com/docs/dlt-ecosystem/destinations/destination.

python dlt_destination.py <duckdb file> <url>
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
import duckdb
import requests


def main(file: str, url: str) -> None:
    """Sends all users in batches of a thousand."""
    session = requests.Session()

    @dlt.destination(batch_size=1_000, name="heap", naming_convention="direct", skip_dlt_columns_and_tables=True)
    def heap(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
        users = [{"identity": item.pop("user_id"), "properties": item} for item in items]
        body = dlt.common.json.dumpb({"app_id": "1", "users": users})
        session.post(f"{url}/api/add_user_properties", data=body).raise_for_status()

    def rows() -> Iterator[list[dict[str, Any]]]:
        found = duckdb.connect(file, read_only=True).execute("select * from heap_users")
        names = [each[0] for each in found.description or ()]
        while page := found.fetchmany(10_000):
            yield [dict(zip(names, row, strict=True)) for row in page]

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("users", pipelines_dir=folder, destination=heap)
        pipeline.run(rows(), table_name="users").raise_on_failed_jobs()


if __name__ == "__main__":
    main(*sys.argv[1:])
