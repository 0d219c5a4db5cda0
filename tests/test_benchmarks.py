"""Benchmarks run to their end on few rows: `make bench` measures, on the machine that it is called on."""

from __future__ import annotations

import pytest

from benchmarks import latency
from benchmarks.diff import measure_on
from benchmarks.sink import sink
from benchmarks.users import on_duckdb


def test_first_sync_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    latency.measure(rows=400)
    assert [line.split(" | ")[0] for line in capsys.readouterr().out.splitlines()[2:4]] == [
        "| the whole process", "| the delivery",
    ]  # fmt: skip


def test_diff_is_measured_against_handwritten_sql(capsys: pytest.CaptureFixture[str]) -> None:
    with sink() as url, on_duckdb(url) as project:
        measure_on(project, rows=400, runs=1)
    assert capsys.readouterr().out.count("| dbt-heap's diff |") == 2
