"""Write the seeds of both days: `python seed_days.py`. The output is the same each time.

Day 1 is an export of a small software company. Day 2 is the next export: rows were added, changed, emptied and
deleted, and the tracking code of one signup wrote "undefined" instead of an identity.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

Row = dict[str, object]
Rows = list[Row]
Change = Callable[[Row], Row]

SEEDS = Path(__file__).parent / "seeds"
NOON = datetime(2026, 11, 2, 12)  # on day 1; day 2 is the day after

FIRST = [
    "Ana", "Björn", "Chloé", "Đorđe", "Fatima", "Haruki", "İpek", "João", "Łukasz",
    "Nguyễn", "Ольга", "Søren", "美咲", "Zoë",
]  # fmt: skip
LAST = [
    "Andersson", "Çelik", "Dvořák", "García", "Ionescu", "Kowalska", "López",
    "Müller", "O'Brien", "Петрова", "Şahin", "田中",
]  # fmt: skip
CITIES = ["Zürich", "São Paulo", "Kraków", "東京", "New York", "Reykjavík", "Malmö", "Łódź", "Αθήνα", "Montréal", None]
COMPANIES = [
    "Ångström Labs", "Brüder & Söhne", "Crème, Inc.", 'The "Quoted" Company', "東京データ",
    "Globex", "Niño y Cía", "Пример",
]  # fmt: skip
PLANS = ["free", "free", "free", "team", "team", "business", "enterprise"]
CURRENCIES = ["EUR", "EUR", "USD", "USD", "GBP", "JPY", "PLN", "CHF"]
ACTIONS = ["Report Viewed", "Report Shared", "Filter Saved", "Invite Sent", "Export Finished"]


def main(folder: Path = SEEDS) -> None:
    """Write day_1 and day_2 into `folder`."""
    chance = random.Random(20261102)
    accounts = [account(chance, number) for number in range(1, 151)]
    users = [user(chance, number, accounts, NOON) for number in range(1, 1501)]
    orders = [order(chance, number, users, NOON) for number in range(1, 2001)]
    events = [product_event(chance, number, users, NOON) for number in range(1, 3001)]
    write(folder / "day_1", raw_accounts=accounts, raw_users=users, raw_orders=orders, raw_product_events=events)
    write(folder / "day_2", **next_day(chance, accounts, users, orders, events))


def account(chance: random.Random, number: int) -> Row:
    """Return a company, paying or not."""
    tier = chance.choice(PLANS)
    return {
        "account_id": f"acc_{number:04}",
        "company": f"{chance.choice(COMPANIES)} {number}",
        "tier": tier,
        "arr": cents(chance, 250_000) if tier != "free" else None,
        "employees": chance.randint(1, 20_000),
        "is_customer": tier != "free",
        "health": chance.randint(0, 64) / 64,  # exact in 32-bit floats too
        "renews_on": date(2027, 1, 1) + timedelta(days=chance.randrange(365)) if tier != "free" else None,
        "internal_note": "call before the renewal" if chance.random() < 0.2 else None,
    }


def user(chance: random.Random, number: int, accounts: Rows, until: datetime) -> Row:
    """Return a person who signed up."""
    plan = chance.choice(PLANS)
    return {
        "user_id": f"usr_{number:05}",
        "account_id": chance.choice(accounts)["account_id"] if chance.random() < 0.9 else None,
        "full_name": f"{chance.choice(FIRST)} {chance.choice(LAST)}",
        "email": f"person{number}@example.org" if chance.random() < 0.97 else None,
        "phone": f"+1 555 {number:07}",
        "city": chance.choice(CITIES),
        "plan": plan,
        "seats": chance.randint(1, 400) if plan != "free" else None,
        "ltv": cents(chance, 90_000) if plan != "free" else "0.00",
        "is_admin": chance.random() < 0.2,
        "signed_up_at": moment(chance, until, days=1 if until > NOON else 700),
        "trial_days": chance.choice([None, None, 14, 30]),
    }


def order(chance: random.Random, number: int, users: Rows, until: datetime) -> Row:
    """Return an order of a user."""
    return {
        "order_id": f"ord_{number:06}",
        "user_id": chance.choice(users)["user_id"],
        "ordered_at": moment(chance, until, days=1 if until > NOON else 90),
        "total": cents(chance, 5_000),
        "currency": chance.choice(CURRENCIES),
        "items": chance.randint(1, 12),
        "coupon": chance.choice([None, None, None, "HERBST26", "20% off", "été"]),
        "is_gift": chance.random() < 0.1,
    }


def product_event(chance: random.Random, number: int, users: Rows, until: datetime) -> Row:
    """Return an action of a user, with its properties as JSON."""
    properties = {
        "duration_ms": chance.randint(5, 90_000),
        "ratio": chance.randint(0, 4_000) / 4_000,
        "first_time": chance.random() < 0.3,
        "title": f"{chance.choice(CITIES) or 'Untitled'} / {chance.choice(ACTIONS)}",
        "labels": chance.sample(["growth", "q4", "münchen", "beta"], chance.randint(1, 3)),
        "screen": {"width": chance.choice([1280, 1920]), "dark": chance.random() < 0.4},
        "referrer": None,
    }
    kept = {name: value for name, value in properties.items() if chance.random() < 0.4}
    return {
        "event_id": 9_000_000_000 + number,
        "user_id": chance.choice(users)["user_id"],
        "action": chance.choice(ACTIONS),
        "occurred_at": moment(chance, until, days=1 if until > NOON else 30),
        "app_version": f"4.{chance.randint(0, 12)}",
        "properties": json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if chance.random() < 0.95 else None,
    }


def next_day(chance: random.Random, accounts: Rows, users: Rows, orders: Rows, events: Rows) -> dict[str, Rows]:
    """Return each table on day 2."""
    until = NOON + timedelta(days=1)
    more_accounts = [account(chance, number) for number in range(151, 157)]
    kept_accounts = edited(chance, accounts, deleted=3, changed=25, change=upsell, emptied=4, column="arr")
    kept_users = edited(chance, users, deleted=20, changed=120, change=upgrade, emptied=15, column="city")
    more_users = [user(chance, number, accounts + more_accounts, until) for number in range(1501, 1561)]
    buyers = kept_users + more_users
    return {
        "raw_accounts": kept_accounts + more_accounts,
        "raw_users": [*buyers, broken(more_users[-1])],
        # with corrected totals and deleted orders: Heap keeps the events that it has
        "raw_orders": edited(chance, orders, deleted=8, changed=5, change=reprice, emptied=5, column="coupon")
        + [order(chance, number, buyers, until) for number in range(2001, 2181)],
        # the source drops old events
        "raw_product_events": events[600:]
        + [product_event(chance, number, buyers, until) for number in range(3001, 3401)],
    }


def edited(
    chance: random.Random, rows: Rows, *, deleted: int, changed: int, change: Change, emptied: int, column: str
) -> Rows:
    """Return the rows of the next day: some are deleted, some changed, and some lose their value in one column."""
    filled = [place for place, row in enumerate(rows) if row[column] is not None]
    blanks = set(chance.sample(filled, emptied))
    others = chance.sample([place for place in range(len(rows)) if place not in blanks], deleted + changed)
    gone, moved = set(others[:deleted]), set(others[deleted:])
    return [
        row | {column: None} if place in blanks else change(row) if place in moved else row
        for place, row in enumerate(rows)
        if place not in gone
    ]


def upsell(row: Row) -> Row:
    """Return an account as an enterprise customer with one more employee."""
    return row | {"tier": "enterprise", "is_customer": True, "employees": int(str(row["employees"])) + 1}


def upgrade(row: Row) -> Row:
    """Return a user with another plan and more seats: two properties to send."""
    return row | {"plan": "business", "seats": int(str(row["seats"] or 0)) + 5}


def reprice(row: Row) -> Row:
    """Return an order with a corrected total."""
    return row | {"total": "1.00"}


def broken(row: Row) -> Row:
    """Return a signup whose tracking code had no identity yet: JavaScript's undefined, as text."""
    return row | {"user_id": "undefined", "email": "lost@example.org", "trial_days": None}


def cents(chance: random.Random, most: int) -> str:
    """Return an amount below `most` with two decimals; one in fifty is a refund."""
    sign = "-" if chance.random() < 0.02 else ""
    return f"{sign}{chance.randrange(most)}.{chance.randrange(100):02}"


def moment(chance: random.Random, until: datetime, *, days: int) -> datetime:
    """Return a time in the `days` before `until`, to the second."""
    return until - timedelta(seconds=chance.randrange(1, days * 86_400))


def write(folder: Path, **tables: Rows) -> None:
    """Write one CSV file per table; null is an empty cell."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(rows[0])
            out.writerows([cell(value) for value in row.values()] for row in rows)


def cell(value: object) -> object:
    """Return a value as the export spells it."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else value


if __name__ == "__main__":
    main()
