"""Take the screenshots in docs/images again: `python integration_tests/screenshots.py [folder]`. Needs Chromium."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import requests
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dbt_heap.project.heap_vars import HeapVars  # noqa: E402
from dbt_heap.reports.facts import Reject, Report, Run, SyncFacts  # noqa: E402
from dbt_heap.reports.page import page  # noqa: E402
from dbt_heap.sandbox.options import SandboxOptions  # noqa: E402
from dbt_heap.sandbox.server import Sandbox, running  # noqa: E402
from dbt_heap.syncs.declare import declare  # noqa: E402
from dbt_heap.syncs.sync import Sync  # noqa: E402
from tests.browser import NoBrowserError, chromium  # noqa: E402
from tests.unit.declaring import models  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MODELS = """
models:
  - name: heap_users
    config: {meta: {heap: {type: user_properties, identity: user_id, properties: {Plan: plan, Seats: seats}}}}
  - name: heap_accounts
    config: {meta: {heap: {type: account_properties, account_id: account_id, properties: {MRR: mrr}}}}
  - name: heap_orders
    config: {meta: {heap: {type: events, identity: user_id, event_name: Order Completed, unique_key: order_id}}}
"""
AT = 1_772_352_900.0  # Sunday, 1 March 2026, 08:15 UTC
PLANS = ("team", "free", "business")


def main(folder: Path) -> None:
    """Take all screenshots."""
    folder.mkdir(exist_ok=True)
    with chromium() as browser:
        of_the_sandbox(browser, folder)
        of_the_report(browser, folder)


def of_the_sandbox(browser: Browser, folder: Path) -> None:
    """Take the users that the sandbox holds, and a request that it refused."""
    with running(SandboxOptions(clock=moments().__next__)) as sandbox:
        fill(sandbox)
        page = opened(browser, f"{sandbox.url}/#users")
        page.locator("#list li").first.wait_for()
        page.screenshot(path=folder / "sandbox.png")
        page.goto(f"{sandbox.url}/#requests")
        page.locator("details.refused summary").first.click()
        page.locator("details pre").wait_for()
        page.screenshot(path=folder / "sandbox-requests.png")


def of_the_report(browser: Browser, folder: Path) -> None:
    """Take the report on two weeks of a company with three syncs, one of which has rejects."""
    at = datetime.fromtimestamp(AT, UTC)
    syncs = declare(models(MODELS), HeapVars()).syncs
    rejects = {"heap_users": (Reject("placeholder_identity", None, 12),)}
    facts = tuple(
        SyncFacts(sync, "1234567890@heapanalytics.com", None, tuple(runs(sync, at)), rejects.get(sync.name, ()))
        for sync in syncs
    )
    with TemporaryDirectory() as made:
        file = Path(made, "heap_report.html")
        file.write_text(page(Report("shop", "prod", at, facts)))
        opened(browser, file.as_uri()).screenshot(path=folder / "report.png")


def runs(sync: Sync, now: datetime) -> Iterator[Run]:
    """Yield two runs per day; the last run of the users has rejects."""
    size = {"heap_users": 4_000, "heap_accounts": 300}.get(sync.name, 9_000)
    for number in range(28):
        rows = size + size * (number * 7 % 11) // 20
        rejected = 12 if sync.name == "heap_users" and number == 27 else 0
        status = "rejected" if rejected else "success"
        yield Run(str(number), status, now - timedelta(hours=12 * (28 - number)), rows, rows - rejected, rejected)


def opened(browser: Browser, url: str, scheme: Literal["light", "dark"] = "light", width: int = 1280) -> Page:
    """Open the page at an address, without animations."""
    context = browser.new_context(
        viewport={"width": width, "height": 720},
        color_scheme=scheme,
        reduced_motion="reduce",
        timezone_id="UTC",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(url)
    return page


def moments() -> Iterator[float]:
    """Yield the times of a clock that advances by a few seconds whenever it is read."""
    at = AT
    while True:
        yield at
        at += 3.7


def fill(sandbox: Sandbox) -> None:
    """Send what a small company sends on a morning, including failures."""
    people = [f"usr_{1000 + number}" for number in range(40)]
    users = [
        {
            "identity": who,
            "properties": {"Plan": PLANS[number % 3], "Seats": 3 + number * 7 % 40, "Lifetime Value": 12.5 * number},
        }
        for number, who in enumerate(people)
    ]
    accounts = [
        {"account_id": f"acc_{number}", "properties": {"Name": name, "MRR": 480 + 120 * number}}
        for number, name in enumerate(("Northwind", "Contoso", "Initech", "Umbrella"))
    ]
    orders = [
        {"identity": who, "event": "Order Completed", "timestamp": f"2026-03-01T07:{number:02}:00Z",
         "idempotency_key": f"k1:{number:04x}", "properties": {"Total": 19.9 + number, "Currency": "EUR"}}
        for number, who in enumerate(people)
    ]  # fmt: skip
    sandbox.misbehave("429x1", seed=7)
    for _ in range(2):
        send(sandbox, "add_user_properties", users=users)
    send(sandbox, "add_account_properties", accounts=accounts)
    send(sandbox, "track", events=[*orders, {**orders[0], "properties": []}])
    send(sandbox, "track", events=orders)
    send(
        sandbox,
        "add_user_properties",
        users=[{"identity": "usr_1007", "properties": {"Plan": "business", "Seats": 25}}],
    )
    sandbox.misbehave("500:0.1,timeout:0.05", seed=7)


def send(sandbox: Sandbox, endpoint: str, **records: object) -> None:
    """Send one request, and ignore the answer."""
    requests.post(f"{sandbox.url}/api/{endpoint}", json={"app_id": "11", **records}, timeout=10)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
    except NoBrowserError as error:
        print(f"The screenshots were not taken: {error}", file=sys.stderr)
