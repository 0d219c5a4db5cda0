"""The integration project's two days are what the story of the demo and the tests rely on."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.reference.model import Reference
from tests.reference.seeds import PROJECT, rows_of, sync_day


def test_committed_seeds_are_what_the_generator_writes(tmp_path: Path) -> None:
    runpy.run_path(str(PROJECT / "seed_days.py"))["main"](tmp_path)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.csv")}
    committed = {path.relative_to(PROJECT / "seeds"): path.read_bytes() for path in PROJECT.glob("seeds/*/*.csv")}
    assert len(written) == 8
    assert written == committed


def test_two_days_of_the_project_put_all_rows_but_the_bad_one_in_heap() -> None:
    heap = Reference()
    sync_day(heap, 1)
    sent = sync_day(heap, 2)
    assert (len(heap.users), len(heap.accounts)) == (1560, 156)
    assert sum(key[0] == "heap_orders" for key in heap.events) == 2180
    assert sum(key[0] == "heap_product_events" for key in heap.events) == 3400
    assert {name: each.rejected for name, each in sent.items() if each.rejected} == {
        "heap_users": {"placeholder_identity": 1}
    }
    assert "undefined" not in heap.users


def test_second_day_sends_changes_and_a_repetition_sends_nothing() -> None:
    heap = Reference()
    first = {name: sent.rows for name, sent in sync_day(heap, 1).items()}
    second = {name: sent.rows for name, sent in sync_day(heap, 2).items()}
    third = {name: sent.rows for name, sent in sync_day(heap, 2).items()}
    assert sum(first.values()) > 5_000
    assert (second["heap_users"], second["heap_accounts"]) == (60 + 120, 6 + 25)
    assert (second["heap_orders"], second["heap_product_events"]) == (180, 400)
    assert set(third.values()) == {0}


def test_both_days_differ_in_every_kind_of_change() -> None:
    before, after = ({row["user_id"]: row for row in rows_of("users", day)} for day in (1, 2))
    stayed = before.keys() & after.keys()
    assert len(after.keys() - before.keys()) == 61
    assert len(before.keys() - after.keys()) == 20
    assert sum(before[who]["city"] is not None and after[who]["city"] is None for who in stayed) == 15
    assert sum(before[who]["seats"] != after[who]["seats"] for who in stayed) == 120
