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
