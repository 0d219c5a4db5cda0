"""The floor: rows fetched, written as JSON, posted by one connection. Nothing is compared, nothing remembered.

python floor.py <duckdb file> <url>
"""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit

import duckdb
import orjson

NAMES = ("plan", "seats", "ltv", "city", "signed_up_at", "is_admin")
SELECT = f"select user_id, {', '.join(NAMES)} from heap_users"
HEADERS = {"Content-Type": "application/json"}


def main(file: str, url: str) -> None:
    """Sends all users in requests of a thousand."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    rows = duckdb.connect(file, read_only=True).execute(SELECT)
    while page := rows.fetchmany(1_000):
        users = [{"identity": row[0], "properties": dict(zip(NAMES, row[1:], strict=True))} for row in page]
        body = orjson.dumps({"app_id": "1", "users": users}, default=str)
        connection.request("POST", "/api/add_user_properties", body, HEADERS)
        connection.getresponse().read()


if __name__ == "__main__":
    main(*sys.argv[1:])
