"""Every command and every snippet of the README and docs/ is run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

from dbt_heap import run
from dbt_heap.cli.group import COMMANDS
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from tests.cloud.server import JOB, DbtCloud, Step
from tests.integration import ROOT, Integration

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# What is not run here: a server that runs until it is stopped, and the commands of the Makefile.
MAKE = "make (demo|test|check|help|chaos|warehouses|matrix|orchestrators|bench|docs)"
ELSEWHERE = re.compile(rf"dbt-heap (sandbox|listen)|{MAKE}|.*HEAP_BASE_URL=.*|pip install .*")


def snippets(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language, unindented."""
    return [textwrap.dedent(text) for found, text in FENCE.findall(page.read_text()) if found == language]


def commands(page: Path) -> list[str]:
    """The commands of a page, a line each."""
    return [line.strip() for text in snippets(page, "") for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Integration]:
    """The integration project after day one."""
    with running(SandboxOptions()) as heap, DbtCloud() as cloud:
        project = Integration(tmp_path_factory.mktemp("docs"), heap.url)
        project.run("dbt", "deps", "--quiet")
        project.build(1)
        project.run("dbt-heap", "sync")
        left = {name: (project.folder / "target" / name).read_bytes() for name in ("manifest.json", "run_results.json")}
        cloud.add(70417, Step("Invoke dbt with `dbt build`", left))
        project.environment |= {**cloud.environment, "DBT_CLOUD_JOB_ID": str(JOB)}
        yield project


@pytest.fixture(scope="module")
def ran() -> set[str]:
    """The commands that an earlier page had, too."""
    return set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_works_as_it_stands(page: Path, project: Integration, ran: set[str]) -> None:
    for line in commands(page):
        if line in ran:
            continue
        ran.add(line)
        if ELSEWHERE.fullmatch(line.partition(" --")[0]) or ELSEWHERE.fullmatch(line):
            continue
        for typed, stdin in shell(line):
            assert typed[0] in ("dbt", "dbt-heap"), f"{page.name}: nobody runs {line!r}"
            if "state reset" in line:
                typed.append("--yes")
            if "state adopt" in line:  # a sync that has no state yet, as one that another tool has sent until now
                project.run("dbt-heap", "state", "reset", typed[3], "--yes", ends_with=None)
            if "state rename" in line:
                renamed(project, *typed[-2:])
            project.run(*typed, stdin=stdin)


def shell(line: str) -> Iterator[tuple[list[str], str]]:
    """The commands of `a && b` or `echo x | a`, each with what it reads."""
    for part in line.split(" && "):
        echo, _, command = part.rpartition(" | ")
        yield shlex.split(command), echo.removeprefix("echo ") + "\n"


def renamed(project: Integration, older: str, newer: str) -> None:
    """Renames a model's sync in its YAML, as one does before `state rename`."""
    file = project.folder / "models" / "_models.yml"
    head, name, tail = file.read_text().partition(f"- name: {older}\n")
    file.write_text(head + name + tail.replace("heap:\n", f"heap:\n          name: {newer}\n", 1))
    project.run("dbt", "parse", "--quiet")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_snippet_of_a_page_works_as_it_stands(page: Path, project: Integration) -> None:
    for text in snippets(page, "python"):
        project.run(sys.executable, "-c", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_snippet_that_is_not_run_can_be_read(page: Path) -> None:
    for text in snippets(page, "py"):
        compile(text, page.name, "exec")
    for text in snippets(page, "yaml"):
        yaml.safe_load(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_site_is_built_of_all_pages_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(
    tmp_path: Path,
) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    built = subprocess.run(
        [mkdocs, "build", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(PAGES)  # CONTRIBUTING.md is not among them, and a page for what is not found is
    for page in pages:
        assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?https?://""", page.read_text()), page.name


def test_every_command_has_its_place_in_the_docs() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    assert [name for name in COMMANDS if f"dbt-heap {name}" not in page] == []


def test_every_flag_of_a_command_is_documented() -> None:
    pages = ("commands.md", "sandbox.md", "state.md", "moving-in.md", "report.md", "deletion.md")
    text = "".join((ROOT / "docs" / name).read_text() for name in pages)
    named = set(re.findall(r"--[a-z][a-z-]+", text))
    for name in COMMANDS:
        found = set(flags(import_module(f"dbt_heap.cli.{name}").command))
        assert found, name
        assert found - named == set(), name


def test_every_name_and_field_that_programs_see_is_documented() -> None:
    page = (ROOT / "docs" / "python-api.md").read_text()
    named = set(re.findall(r"`([\w.]+)", page))
    assert {*run.__all__} - named == set()
    assert {each.name for kind in (run.Results, run.SyncResult) for each in fields(kind)} - named == set()


def flags(command: click.Command) -> Iterator[str]:
    """The long flags of a command and of those below it."""
    for parameter in command.params:
        yield from (flag for flag in (*parameter.opts, *parameter.secondary_opts) if flag.startswith("--"))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from flags(below)


def test_the_extras_that_the_readme_names_exist() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    readme = (ROOT / "README.md").read_text()
    named = {each for found in re.findall(r'"dbt-heap\[([a-z,]+)\]"', readme) for each in found.split(",")} | set(
        re.findall(r"`(postgres|snowflake|bigquery|redshift|databricks|spark)`", readme)
    )
    assert len(named) == 8
    for extra in named:
        assert re.search(rf"^{extra} = \[", declared, re.MULTILINE), extra
