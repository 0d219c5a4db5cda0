"""The benchmarks run to their end on few rows; their figures are for the machines that measure."""

from __future__ import annotations

import pytest

from benchmarks import beside, diff, event_limit, growth, latency, memory, start


def test_a_first_sync_is_measured_beside_the_floor(capsys: pytest.CaptureFixture[str]) -> None:
    beside.measure(rows=400, runs=1)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in printed if line.startswith("| dbt-heap")] == ["| dbt-heap"] * 3


def test_the_diff_is_measured_on_both_warehouses(capsys: pytest.CaptureFixture[str]) -> None:
    diff.measure(rows=400, runs=1)
    assert capsys.readouterr().out.count("| our diff |") == 4


def test_the_others_are_measured_on_few_rows(capsys: pytest.CaptureFixture[str]) -> None:
    latency.measure(rows=400)
    event_limit.measure(events=300)
    memory.measure(sizes=[100, 200])
    growth.measure(rows=400, changed=[40, 400])
    start.measure(models=3, runs=1)
    printed = capsys.readouterr().out
    assert "The exponent is" in printed
    assert "times the file" in printed
