"""The script that people keep: pandas reads the table, requests posts it, a thousand users at a time.

python script.py <duckdb file> <url>
"""

from __future__ import annotations

import sys

import duckdb
import requests

COLUMNS = (
    "user_id, plan, seats, cast(ltv as double) as ltv, city, cast(signed_up_at as varchar) as signed_up_at, is_admin"
)


def main(file: str, url: str) -> None:
    """Sends all users."""
    frame = duckdb.connect(file, read_only=True).execute(f"select {COLUMNS} from heap_users").df()
    session = requests.Session()
    for start in range(0, len(frame), 1_000):
        page = frame.iloc[start : start + 1_000]
        identities = page["user_id"].tolist()
        properties = page.drop(columns="user_id").to_dict("records")
        users = [{"identity": who, "properties": what} for who, what in zip(identities, properties, strict=True)]
        session.post(f"{url}/api/add_user_properties", json={"app_id": "1", "users": users}).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
