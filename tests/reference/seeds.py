"""The integration project by hand: its seeds as the staging models cast them, its declarations as calls."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.reference.model import Reference, Sent

PROJECT = Path(__file__).parents[2] / "integration_tests"

CASTS: dict[str, Callable[[str], Any]] = {
    "is_admin": "true".__eq__,
    "is_customer": "true".__eq__,
    "is_gift": "true".__eq__,
    "seats": int,
    "trial_days": int,
    "employees": int,
    "items": int,
    "event_id": int,
    "ltv": Decimal,
    "arr": Decimal,
    "total": Decimal,
    "health": float,
    "renews_on": date.fromisoformat,
    "signed_up_at": datetime.fromisoformat,
    "ordered_at": datetime.fromisoformat,
    "occurred_at": datetime.fromisoformat,
}


def rows_of(table: str, day: int) -> list[dict[str, Any]]:
    """The rows of `users`, `accounts`, `orders` or `product_events`, typed."""
    with (PROJECT / "seeds" / f"day_{day}" / f"raw_{table}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {column: CASTS.get(column, str)(text) if text else None for column, text in row.items()}
            for row in csv.DictReader(file)
        ]


def trials(users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The model heap_trials."""
    return [
        user
        | {
            "trial_started_at": user["signed_up_at"],
            "trial_ends_on": (user["signed_up_at"] + timedelta(days=user["trial_days"])).date(),
        }
        for user in users
        if user["trial_days"] is not None
    ]


def sync_day(heap: Reference, day: int) -> dict[str, Sent]:
    """Syncs one day of the project into `heap`: what each sync must send, by its name."""
    users = rows_of("users", day)
    return {
        "heap_users": heap.sync_users(
            users,
            identity="user_id",
            properties={
                "seats": "seats", "Plan": "plan", "Lifetime Value": "ltv", "email": "email", "City": "city",
                "Account ID": "account_id", "is_admin": "is_admin", "Signed Up At": "signed_up_at",
            },
        ),
        "trial_properties": heap.sync_users(
            trials(users), identity="user_id", properties={"Trial Ends On": "trial_ends_on"}
        ),
        "heap_accounts": heap.sync_accounts(
            rows_of("accounts", day),
            account_id="account_id",
            properties={
                name: name for name in ("company", "tier", "arr", "employees", "is_customer", "health", "renews_on")
            },
        ),
        "heap_orders": heap.sync_events(
            rows_of("orders", day),
            sync="heap_orders",
            identity="user_id",
            unique_key=["order_id"],
            event_name="Order Completed",
            timestamp="ordered_at",
            properties={
                "Total": "total", "Currency": "currency", "Items": "items", "Coupon": "coupon", "Gift": "is_gift",
            },
        ),
        "heap_product_events": heap.sync_events(
            rows_of("product_events", day),
            sync="heap_product_events",
            identity="user_id",
            unique_key=["event_id"],
            event_name_column="action",
            timestamp="occurred_at",
            properties={"App Version": "app_version"},
            properties_column="properties",
        ),
        "trial_events": heap.sync_events(
            trials(users),
            sync="trial_events",
            identity="user_id",
            unique_key=["user_id"],
            event_name="Trial Started",
            timestamp="trial_started_at",
            properties={"Plan": "plan", "Trial Days": "trial_days"},
        ),
    }  # fmt: skip
