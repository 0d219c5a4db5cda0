"""A company whose models change and sync day by day, compared with the expected outcome."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dbt_heap.sandbox.server import Sandbox
from tests.chaos.days import COLUMN_NAMES, IDS, KINDS, PROPERTIES, SUBJECTS, Day, Rows, select
from tests.chaos.expectation import EventExpectation, Expectation, RowCounts
from tests.chaos.wire import Wire, wire
from tests.project import Project
from tests.warehouses import DuckDB

SYNCS = {kind: f"heap_{kind}" for kind in KINDS}
TYPES = {"users": "user_properties", "accounts": "account_properties", "events": "events"}
# One request at a time, so the same seed draws the same faults for the same requests.
ONE_BY_ONE = ("--in-flight", "1")


class Company:
    """Three models in DuckDB with their expected outcome. `heap` has nothing else."""

    def __init__(self, folder: Path, heap: Sandbox, blank: frozenset[str]) -> None:
        self.heap = heap
        self.project = Project(folder, heap.url, DuckDB(folder))
        self.models: list[dict[str, Rows]] = [{kind: {} for kind in KINDS}]  # one per day
        self.expected = {
            kind: (EventExpectation if kind == "events" else Expectation)(SUBJECTS[kind], blank=kind in blank)
            for kind in KINDS
        }
        self.faults: Counter[str] = Counter()
        self.compared = 0
        self._properties = dict(PROPERTIES)
        for kind in KINDS:
            self._declare(kind)
        self.project.write()

    def live(self, day: Day) -> None:
        """Change the models, set Heap's faults, and sync."""
        self._map({name: column for name, column in PROPERTIES["users"].items() if name in day.mapped})
        models = day.models(self.models)
        for kind in KINDS:
            if models[kind] != self.models[-1][kind] or len(self.models) == 1:
                self.project.table(SYNCS[kind], select(kind, models[kind]))
        self.models.append(models)
        self.heap.refuse(*day.refused)
        self.heap.misbehave(day.faults, day.seed)
        self.sync(*day.flags)

    def recover(self, *flags: str) -> None:
        """Sync without faults."""
        self.heap.refuse()
        self.heap.misbehave("")
        self.sync(*flags)

    def sync(self, *flags: str) -> Wire:
        """Sync, and compare results, requests and views with the expectation."""
        since = self.heap.counts()["requests"]
        outcome = self.project.sync(*ONE_BY_ONE, *flags)
        assert outcome.exit_code < 2, outcome.stderr
        reported, received = self.project.results(), wire(self.heap, since)
        self.faults += received.faults
        worst = 0
        for kind in KINDS:
            if worst and "--fail-fast" in flags:
                assert reported[SYNCS[kind]]["status"] == "skipped"
                assert not received[kind].sent
                continue
            counts = self._row_counts(kind, received, flags)
            assert {name: reported[SYNCS[kind]][name] for name in asdict(counts)} == asdict(counts), (
                kind,
                outcome.stderr,
            )
            assert reported[SYNCS[kind]]["status"] == counts.status, kind
            worst = max(worst, counts.status != "success")
        assert outcome.exit_code == worst, outcome.stderr
        self._compare()
        return received

    def _row_counts(self, kind: str, received: Wire, flags: tuple[str, ...]) -> RowCounts:
        """Return the counts that the results must have, from the expected plan and the requests."""
        expected = self.expected[kind]
        planned = expected.plan(
            self.models[-1][kind], self._properties[kind],
            resync="--resync" in flags, retry_rejected="--retry-rejected" in flags,
        )  # fmt: skip
        sent = received[kind]
        assert {key: planned.records.get(key) for key in sent.sent} == sent.sent, kind
        return expected.learn(planned, taken=sent.taken, accepted=sent.accepted, refused=sent.refused)

    def _compare(self) -> None:
        """Compare every value in Heap, in the views of the state, and in the view of rejects."""
        shown = self._shown()
        for kind, expected in self.expected.items():
            assert self._held(kind) == expected.heap, kind
            names = PROPERTIES[kind] if kind != "events" else ()
            views = {key: {name: row.get(name) for name in names} for key, row in shown[f"{SYNCS[kind]}__synced"]}
            assert views == {key: {name: row.get(name) for name in names} for key, row in expected.held.items()}, kind
            self.compared += sum(map(len, expected.heap.values())) + len(views)
        still_rejected = [
            (SYNCS[kind], key) for kind, expected in self.expected.items() for key in expected.still_rejected
        ]
        assert sorted((row["sync"], key) for key, row in shown["rejects"]) == sorted(still_rejected)

    def must_mirror_the_models(self) -> None:
        """Check that Heap has every value of every row that is not rejected, and every event once."""
        for kind, expected in self.expected.items():
            held = self._held(kind)
            for key, row in self.models[-1][kind].items():
                if key not in expected.still_rejected and kind == "events":
                    assert key in held  # as it was when Heap accepted it
                elif key not in expected.still_rejected:
                    self._must_hold(held.get(key, {}), row, kind)

    def _must_hold(self, held: dict[str, Any], row: dict[str, Any], kind: str) -> None:
        for name, column in self._properties[kind].items():
            if row[column] is not None:
                assert held[name] == row[column], (kind, row)
            elif self.expected[kind].blank:
                assert held.get(name) in (None, ""), (kind, row)

    def _held(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return what Heap has by key. Fail if it has an event twice."""
        if kind == "events":
            events = self.heap.events()
            held = {event["properties"]["Order"]: event["properties"] for event in events}
            assert len(held) == len(events), "an event is there twice"
            return held
        items = self.heap.users() if kind == "users" else self.heap.accounts()
        identity = "identity" if kind == "users" else "account_id"
        # An event with an unknown identity creates a user without properties.
        return {each[identity]: each["properties"] for each in items if each["properties"]}

    def _shown(self) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """Return the rows of each view by its name, as key and columns."""
        schema = self.project.state_schema
        names = self.project.sql(f"select view_name from duckdb_views() where schema_name = '{schema}'")
        rows = self.project.state(
            " union all ".join(
                f"select '{view}', v.key, to_json(v) from state.{view} as v" for (view,) in names if view != "runs"
            )
        )
        shown: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for view, key, columns in rows:
            shown[view].append((key, json.loads(columns)))
        return shown

    def _map(self, users: dict[str, str]) -> None:
        self._properties["users"] = users
        self._declare("users")

    def _declare(self, kind: str) -> None:
        block: dict[str, Any] = {"type": TYPES[kind], "properties": self._properties[kind]}
        if kind == "events":
            block |= {"identity": "user_id", "event_name": "Order", "unique_key": "order_id"}
        else:
            block |= {"identity" if kind == "users" else "account_id": IDS[kind]}
            block |= {"nulls": "blank"} if self.expected[kind].blank else {}
        self.project.declare(SYNCS[kind], block, columns=[IDS[kind], *COLUMN_NAMES[kind]])
