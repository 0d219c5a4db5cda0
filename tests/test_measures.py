"""The package stays as small and as layered as docs/decisions/0021-layout.md says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.measures import LIMITS, ROOT

PRINT = "import json; from tests.measures import every_measure; print(json.dumps(every_measure()))"


@pytest.fixture(scope="module")
def figures() -> dict[str, int]:
    """Return all measures, taken in a process that runs nothing else."""
    ran = subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, int] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("measure", LIMITS)
def test_layout_stays_within_its_limits(figures: dict[str, int], measure: str) -> None:
    assert figures[measure] <= LIMITS[measure]


def test_every_measure_has_a_limit(figures: dict[str, int]) -> None:
    assert figures.keys() == LIMITS.keys()
