"""The coverage floor in pyproject.toml is the last one recorded, and recorded floors only rise."""

from __future__ import annotations

import re
import tomllib

from tests.integration import ROOT

RECORD = ROOT / "docs" / "decisions" / "0019-coverage.md"
ROW = re.compile(r"^\| \d{4}-\d\d-\d\d \| ([\d.]+) \|", re.MULTILINE)


def recorded_floors() -> list[float]:
    return [float(floor) for floor in ROW.findall(RECORD.read_text())]


def test_coverage_floor_is_the_last_one_recorded() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert config["tool"]["coverage"]["report"]["fail_under"] == recorded_floors()[-1]


def test_recorded_coverage_floors_only_rise() -> None:
    floors = recorded_floors()
    assert floors == sorted(floors)
