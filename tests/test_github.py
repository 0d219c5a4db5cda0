"""Workflows, issue forms and hooks parse, call make targets that exist, and cover every Python version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration import ROOT

GITHUB = ROOT / ".github"
FILES = sorted(GITHUB.rglob("*.yml"))
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read(file: Path) -> dict[str, Any]:
    """Return the content of a YAML file."""
    content = yaml.safe_load(file.read_text())
    assert isinstance(content, dict)
    return content


def jobs(file: Path) -> list[dict[str, Any]]:
    """Return the jobs of a workflow."""
    return list(read(file)["jobs"].values())


def make_targets(file: Path) -> Iterator[str]:
    """Yield the make targets that a workflow calls, with each value of a matrix."""
    for job in jobs(file):
        for step in job["steps"]:
            for target in re.findall(r"\bmake (\S+|\$\{\{.*?\}\})$", step.get("run", ""), re.MULTILINE):
                yield from job["strategy"]["matrix"]["target"] if target.startswith("${{") else [target]


def python_versions() -> list[str]:
    """Return the Python versions that pyproject.toml names."""
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each) for each in PROJECT["classifiers"])
    return [match[1] for match in found if match]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_yaml_file_parses(file: Path) -> None:
    assert read(file)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflow_calls_only_make_targets_that_exist(file: Path) -> None:
    called = set(make_targets(file))
    assert called
    assert called <= set(TARGET.findall((ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflow_pins_actions_by_commit_and_names_the_version(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflow_may_only_read_unless_a_job_says_so(file: Path) -> None:
    assert read(file)["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] for job in jobs(file))


def test_ci_tests_every_python_version_of_the_classifiers() -> None:
    assert read(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python-version"] == (
        python_versions()
    )


def test_oldest_python_version_is_the_same_everywhere() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = python_versions()[0]
    assert PROJECT["requires-python"] == f">={oldest}"
    assert config["tool"]["mypy"]["python_version"] == oldest
    assert config["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f"Python {oldest} or newer" in (ROOT / "Makefile").read_text()
    assert f"Python {oldest} or newer" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.name)
def test_issue_form_has_what_github_requires(file: Path) -> None:
    form = read(file)
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    file = ROOT / ".pre-commit-config.yaml"
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", file], check=True)
    entries = [hook["entry"].removeprefix(".venv/bin/").split()[0] for hook in read(file)["repos"][0]["hooks"]]
    checked = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert checked
    assert set(entries) == set(re.findall(r"\$\(BIN\)/(\w+)", checked[1]))


def test_dependabot_updates_python_packages_and_actions() -> None:
    content = read(GITHUB / "dependabot.yml")
    assert content["version"] == 2
    assert {update["package-ecosystem"] for update in content["updates"]} == {"pip", "github-actions"}
