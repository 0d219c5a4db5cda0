"""Two days of the integration project, built by dbt: Heap holds what the reference model says, to the last digit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import Integration
from tests.reference.model import Reference, Sent, exact
from tests.reference.seeds import sync_day
from tests.warehouses import ENGINES, IN_FULL, WAREHOUSES, Engine


@dataclass(frozen=True)
class Day:
    """What was seen of one sync of the whole project."""

    results: dict[str, Any]
    expected: dict[str, Sent]
    requests: list[dict[str, Any]]  # with their bodies
    held: dict[str, Any]  # what Heap holds afterwards
    must_hold: dict[str, Any]
    fetched: int  # rows that left the warehouse


@pytest.fixture(scope="module", params=WAREHOUSES if IN_FULL else ENGINES)
def output(request: pytest.FixtureRequest) -> dict[str, Any] | None:
    """A warehouse for profiles.yml; none where the project's own will do."""
    if request.param == "duckdb":
        return None
    if request.param == "spark":  # each command begins a session of its own, as dbt-spark has it
        return {"type": "spark", "method": "session", "host": "local"}
    made: Engine = request.getfixturevalue(request.param)()
    return made.output


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory, output: dict[str, Any] | None) -> Iterator[list[Day]]:
    """Day one, day two, and day two once more."""
    with running(SandboxOptions()) as heap:
        project = Integration(tmp_path_factory.mktemp("two_days"), heap.url, output)
        project.run("dbt", "deps", "--quiet")
        reference = Reference()
        seen: list[Day] = []
        for day, built, exit_code in ((1, True, 0), (2, True, 1), (2, False, 1)):
            if built:
                project.build(day)
            seen.append(synced(project, heap, reference, day, exit_code, sum(len(each.requests) for each in seen)))
        yield seen


def synced(project: Integration, heap: Sandbox, reference: Reference, day: int, exit_code: int, before: int) -> Day:
    """Syncs once, in the warehouse and in the reference model."""
    log = project.folder / "fetched.txt"
    log.unlink(missing_ok=True)
    project.run("python", "-c", COUNTING, str(log), ends_with=exit_code)
    expected = sync_day(reference, day)
    return Day(
        results=project.results(),
        expected=expected,
        requests=heap.requests(bodies=True)[before:],
        held={
            "users": {user["identity"]: exact(user["properties"]) for user in heap.users()},
            "accounts": {account["account_id"]: exact(account["properties"]) for account in heap.accounts()},
            "events": counted(heap.events()),
        },
        must_hold={
            "users": {who: exact(properties) for who, properties in reference.users.items()},
            "accounts": {who: exact(properties) for who, properties in reference.accounts.items()},
            "events": counted(reference.events.values()),
        },
        fetched=int(log.read_text()),
    )


# `dbt-heap sync`, with every row counted that leaves the warehouse: alone, or among the records of a batch.
COUNTING = """
import sys
from pathlib import Path
from dbt_heap.warehouse.connection import Warehouse
fetch, rows = Warehouse.fetch, 0
def counting(self, macro, **arguments):
    global rows
    found = fetch(self, macro, **arguments)
    if macro == "outbox_page":
        rows += len(found)
    if macro == "outbox_records":
        rows += sum(records for _, _, records, _, _ in found)
    return found
Warehouse.fetch = counting
from dbt_heap.__main__ import main
log = Path(sys.argv.pop(1))
sys.argv.append("sync")
try:
    main()
finally:
    log.write_text(str(rows))
"""


def counted(events: Any) -> Counter[str]:
    """Events as comparable texts; how often each occurs."""
    return Counter(
        json.dumps(
            [event["identity"], event["event"], moment(event["timestamp"]), exact(event["properties"])], sort_keys=True
        )
        for event in events
    )


def moment(text: str) -> float:
    """An instant, however it is written."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("number", range(3), ids=["day one", "day two", "once more"])
@pytest.mark.parametrize("plural", ["users", "accounts", "events"])
def test_heap_holds_what_the_reference_model_says(days: list[Day], number: int, plural: str) -> None:
    assert days[number].held[plural] == days[number].must_hold[plural]


@pytest.mark.parametrize("number", range(3), ids=["day one", "day two", "once more"])
def test_each_sync_sends_only_rows_and_properties_that_changed(days: list[Day], number: int) -> None:
    day = days[number]
    for name, expected in day.expected.items():
        result = day.results[name]
        rejected = sum(expected.rejected.values())
        assert (result["accepted"], result["rejected"] + result["still_rejected"]) == (expected.rows, rejected), name
    bodies = [json.loads(request["body"]) for request in day.requests]
    records = [record for body in bodies for key in ("users", "accounts", "events") for record in body.get(key, [])]
    assert len(records) == sum(sent.rows for sent in day.expected.values())
    properties = sum(len(record.get("properties", {})) for record in records)
    assert properties == sum(sent.properties for sent in day.expected.values())


def test_only_rows_to_send_leave_the_warehouse(days: list[Day]) -> None:
    assert [day.fetched for day in days] == [sum(sent.rows for sent in day.expected.values()) for day in days]


def test_third_sync_makes_no_request_and_still_reports_the_reject(days: list[Day]) -> None:
    assert days[2].requests == []
    still_rejected = {name for name, result in days[2].results.items() if result["still_rejected"]}
    assert still_rejected == {name for name, sent in days[2].expected.items() if sent.rejected}


def test_every_row_is_accounted_for(days: list[Day]) -> None:
    for result in (result for day in days for result in day.results.values()):
        assert result["planned"] == result["accepted"] + result["rejected"] + result["undelivered"]
        assert result["undelivered"] == 0


def test_users_come_before_accounts_and_accounts_before_events(days: list[Day]) -> None:
    order = [request["path"] for request in days[0].requests]
    ranks = [["/api/add_user_properties", "/api/add_account_properties", "/api/track"].index(path) for path in order]
    assert ranks == sorted(ranks)


def test_day_one_brings_at_least_five_thousand_rows_of_three_types(days: list[Day], tmp_path: Path) -> None:
    assert sum(result["accepted"] for result in days[0].results.values()) >= 5000
    assert {result["type"] for result in days[0].results.values()} == {
        "user_properties", "account_properties", "events",
    }  # fmt: skip
