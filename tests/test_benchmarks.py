"""The benchmarks run to their end on few rows; their figures are for the machines that measure."""

from __future__ import annotations

import subprocess
import sys

from tests.integration import ROOT


def test_millions_of_rows_are_measured_as_hundreds_are() -> None:
    command = [sys.executable, "-m", "benchmarks.scale", "duckdb", "--rows", "400"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    measured = [line for line in ran.stdout.splitlines() if line.startswith(("| a sync", "| a plan", "| a first"))]
    assert len(measured) == 5


def test_a_first_sync_is_measured_beside_the_floor() -> None:
    command = [sys.executable, "-m", "benchmarks.first_sync", "--rows", "400", "--runs", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [line.split(" | ")[0] for line in ran.stdout.splitlines()[-2:]] == ["| dbt-heap", "| the floor"]
