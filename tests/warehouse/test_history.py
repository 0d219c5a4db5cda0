"""`runs` and `rejects`: what people look for in the past, narrowed by sync, time, status and reason."""

from __future__ import annotations

import pytest

from tests.project import Project
from tests.warehouses import on_every_warehouse

ACCOUNTS = {"type": "account_properties", "account_id": "account_id", "properties": {"Tier": "tier"}, "name": "tiers"}
LIMITS = {**ACCOUNTS, "name": "limits", "properties": {"Limit": "tier"}, "too_long": "reject"}


@pytest.fixture
def shop(project: Project) -> Project:
    """A model that feeds two syncs, with rejects of two reasons, synced now."""
    rows = "select * from (values ('acme', 'gold'), ('', 'x'), ('hooli', repeat('x', 2000))) as t(account_id, tier)"
    project.table("heap_accounts", rows)
    project.declare("heap_accounts", [ACCOUNTS, LIMITS])
    project.sync()
    return project


def test_runs_and_rejects_are_filtered_by_one_sync_of_a_model(shop: Project) -> None:
    runs = shop.run("runs", "--sync", "limits", "--output", "json").json()
    assert [(each["sync"], each["status"], each["rejected"]) for each in runs] == [("limits", "rejected", 2)]
    rejects = shop.run("rejects", "--sync", "tiers", "--output", "json").json()
    assert [(each["sync"], each["reason"]) for each in rejects] == [("tiers", "blank_identity")]
    outcome = shop.run("runs", "--sync", "limit")
    assert outcome.exit_code == 2
    assert "--sync limit: no selected sync has this name; did you mean `limits`?" in outcome.stderr


def test_rejects_are_filtered_by_reason_and_explained(shop: Project) -> None:
    outcome = shop.run("rejects", "--reason", "too_long", "--with-values")
    assert "hooli" in outcome.stdout and "blank_identity" not in outcome.stdout + outcome.stderr
    assert "too_long: The value has over 1023 characters" in outcome.stderr
    both = shop.run("rejects", "--reason", "too_long", "--reason", "blank_identity", "--output", "json").json()
    assert len(both) == 3
    assert shop.run("rejects", "--reason", "too long").exit_code == 2


@on_every_warehouse
def test_runs_and_rejects_are_filtered_by_time(shop: Project) -> None:
    shop.state("update state.sync_log set \"at\" = timestamp '2026-01-02 03:04:05' where sync = 'tiers'")
    shop.state("update state.reject_log set first_at = timestamp '2026-01-02 03:04:05' where sync = 'tiers'")
    for command in ("runs", "rejects"):
        for since, syncs in (
            ("2026-01-02T03:04:05Z", {"tiers", "limits"}),
            ("2026-01-02T03:04:05+01:00", {"tiers", "limits"}),
            ("2026-01-03", {"limits"}),
            ("90m", {"limits"}),
            ("2w", {"limits"}),
            ("99999w", {"limits", "tiers"}),
        ):
            found = shop.run(command, "--since", since, "--output", "json").json()
            assert {each["sync"] for each in found} == syncs, (command, since)


def test_invalid_time_is_reported_with_a_valid_example(shop: Project) -> None:
    for wrong in ("yesterday", "7", "7y", "2026-13-01"):
        outcome = shop.run("runs", "--since", wrong)
        assert outcome.exit_code == 2
        assert "2026-11-01, 2026-11-01T12:00:00Z, 90m, 24h, 7d, 2w" in " ".join(outcome.stderr.split())


def test_runs_are_filtered_by_status(shop: Project) -> None:
    shop.sql("delete from heap_accounts where account_id <> 'acme'")
    shop.sync()
    assert len(shop.run("runs", "--status", "success", "--output", "json").json()) == 2
    assert shop.run("runs", "--status", "unfinished", "--output", "json").json() == []


def test_tables_show_times_without_fractions_and_keys_unchanged(shop: Project) -> None:
    shop.sql("insert into heap_accounts values ('2026-01-01 00:00:00.125', repeat('y', 2000))")
    shop.sync()
    shown = shop.run("rejects", "--with-values").stdout
    assert shown.count(".") == 1 and "00:00:00.125" in shown
    assert "." not in shop.run("runs").stdout.replace("127.0.0.1", "")


def test_numbers_align_with_their_headings(shop: Project) -> None:
    heading, line = shop.run("runs", "--sync", "limits").stdout.splitlines()[:2]
    assert line[heading.index("planned") :].split() == ["3", "1", "2", "0", "2"]
    for number in ("planned", "accepted", "rejected", "undelivered", "still_rejected"):
        end = heading.index(number) + len(number)
        assert line[end - 1].isdigit() and line[end - 2] == " ", number


def test_keys_cannot_control_the_terminal(shop: Project) -> None:
    shop.sql("insert into heap_accounts values ('a' || chr(27) || '[2Jb', repeat('y', 2000))")
    shop.sync()
    shown = shop.run("rejects", "--with-values").stdout
    assert "\x1b" not in shown and r"a\x1b[2Jb" in shown
