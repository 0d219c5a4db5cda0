"""Run every command and snippet of the README and docs/, and check links, flags and names."""

from __future__ import annotations

import ast
import re
import shlex
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
from tests.integration import ROOT, Commands, Integration

TUTORIAL = ROOT / "docs" / "tutorial.md"
STATE = ROOT / "docs" / "explanation" / "state.md"  # comes last: it renames a sync, and starts one over
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda page: (page == STATE, page),
)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# Not run here: servers, which run until they are stopped, and the commands of the Makefile.
MAKE = "make (demo|test|check|fix|help|coverage|chaos|warehouses|matrix|orchestrators|bench|docs|build|venv)"
ELSEWHERE = re.compile(rf"dbt-heap (sandbox|listen)|{MAKE}|.*HEAP_BASE_URL=.*|pip install .*")


def snippets(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language, unindented."""
    return [textwrap.dedent(text) for found, text in FENCE.findall(page.read_text()) if found == language]


def commands(page: Path) -> list[str]:
    """Return the commands of a page, one per line."""
    return [line.strip() for text in snippets(page, "") for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Integration]:
    """Yield the integration project after day one."""
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
    """Return the set that collects the commands that were run for an earlier page."""
    return set()


@pytest.mark.parametrize("page", [page for page in PAGES if page != TUTORIAL], ids=lambda page: page.name)
def test_every_command_of_a_page_works(page: Path, project: Integration, ran: set[str]) -> None:
    for line in commands(page):
        if line in ran:
            continue
        ran.add(line)
        if ELSEWHERE.fullmatch(line.partition(" --")[0]) or ELSEWHERE.fullmatch(line):
            continue
        for typed, stdin in shell(line):
            assert typed[0] in ("dbt", "dbt-heap"), f"{page.name}: no test runs {line!r}"
            if "state reset" in line:
                typed.append("--yes")
            if "state adopt" in line:  # a sync without state, as if another tool had sent its rows until now
                project.run("dbt-heap", "state", "reset", typed[3], "--yes", ends_with=None)
            if "state rename" in line:
                renamed(project, *typed[-2:])
            project.run(*typed, stdin=stdin)


def shell(line: str) -> Iterator[tuple[list[str], str]]:
    """Yield the commands of `a && b` or `echo x | a`, each with its stdin."""
    for part in line.split(" && "):
        echo, _, command = part.rpartition(" | ")
        yield shlex.split(command), echo.removeprefix("echo ") + "\n"


def renamed(project: Integration, older: str, newer: str) -> None:
    """Rename a model's sync in its YAML, as you do before `state rename`."""
    file = project.folder / "models" / "_models.yml"
    head, name, tail = file.read_text().partition(f"- name: {older}\n")
    file.write_text(head + name + tail.replace("heap:\n", f"heap:\n          name: {newer}\n", 1))
    project.run("dbt", "parse", "--quiet")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_snippet_of_a_page_works(page: Path, project: Integration) -> None:
    for text in snippets(page, "python"):
        project.run(sys.executable, "-c", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_snippet_that_is_not_run_is_valid(page: Path) -> None:
    for text in snippets(page, "py"):
        compile(text, page.name, "exec")
    for text in snippets(page, "yaml"):
        yaml.safe_load(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_of_a_page_has_a_target(page: Path) -> None:
    for link, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if "://" not in link:
            linked = page.parent / link if link else page
            assert linked.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(linked), f"{page.name}: {link}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_message_of_the_troubleshooting_page_is_in_the_program() -> None:
    page = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
    program = "\n".join(text for module in (ROOT / "dbt_heap").rglob("*.py") for text in literals(module))
    quoted = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(quoted) > 50
    for message in quoted:
        pattern = ".{0,80}?".join(re.escape(part.strip()) for part in message.split("…"))
        assert re.search(pattern, program), message


MESSAGES = [
    (page, message)
    for page in PAGES
    if page.name in ("state.md", "delivery.md", "dbt-platform.md", "switch-from-another-tool.md")
    for block in snippets(page, "text")
    for message in re.split(r"\n(?=heap_|\d{4}-)", block.strip())
    if " " in message and not re.match(r"(DBT_|while |15 )", message)
]


@pytest.mark.parametrize(("page", "message"), MESSAGES, ids=[message[:40] for _, message in MESSAGES])
def test_every_message_that_a_page_shows_is_in_the_program(page: Path, message: str) -> None:
    program = [text for module in (ROOT / "dbt_heap").rglob("*.py") for text in literals(module)]
    fixed = {part.strip() for text in program for part in re.split(r"…|%[sd]", text)}
    assert any(len(part) > 15 and part in " ".join(message.split()) for part in fixed), f"{page.name}: {message}"


def literals(module: Path) -> Iterator[str]:
    """Yield the strings of a module, with … for the fields of f-strings."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_draft_on_the_page_is_what_generate_prints(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("{name: shop, profile: shop}")
    (tmp_path / "profiles.yml").write_text("shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}")
    (tmp_path / "models" / "fct_orders.sql").write_text(
        "select 1 as order_id, 'ana' as user_id, timestamp '2026-03-01 08:15:00' as ordered_at, 19.9 as total,"
        " '1 High St' as shipping_address"
    )
    (tmp_path / "models" / "models.yml").write_text(
        "models: [{name: fct_orders, columns: [{name: order_id, data_tests: [unique]}]}]"
    )
    terminal = Commands(tmp_path, "http://127.0.0.1:1")
    terminal.run("dbt", "--quiet", "run")
    printed = terminal.run("dbt-heap", "generate", "fct_orders").stdout
    (shown,) = [text for text in snippets(ROOT / "docs" / "reference" / "commands.md", "yaml") if "fct_orders" in text]
    assert printed.partition("models:")[2] == shown.partition("models:")[2]


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    assert [name for name in COMMANDS if f"dbt-heap {name}" not in page] == []


def test_every_flag_of_a_command_is_documented() -> None:
    pages = (
        "reference/commands.md", "reference/sandbox.md", "explanation/state.md", "how-to/switch-from-another-tool.md",
        "how-to/share-a-report.md", "how-to/delete-users.md",
    )  # fmt: skip
    text = "".join((ROOT / "docs" / page).read_text() for page in pages)
    named = set(re.findall(r"--[a-z][a-z-]+", text))
    for name in COMMANDS:
        found = set(flags(import_module(f"dbt_heap.cli.{name}").command))
        assert found, name
        assert found - named == set(), name


def test_every_public_name_and_field_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "python-api.md").read_text()
    named = set(re.findall(r"`([\w.]+)", page))
    assert {*run.__all__} - named == set()
    assert {each.name for kind in (run.Results, run.SyncResult) for each in fields(kind)} - named == set()


def flags(command: click.Command) -> Iterator[str]:
    """Yield the long flags of a command and its subcommands."""
    for parameter in command.params:
        yield from (flag for flag in (*parameter.opts, *parameter.secondary_opts) if flag.startswith("--"))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from flags(below)


def test_extras_in_the_readme_exist() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    readme = (ROOT / "README.md").read_text()
    named = {each for found in re.findall(r'"dbt-heap\[([a-z,]+)\]"', readme) for each in found.split(",")} | set(
        re.findall(r"`(postgres|snowflake|bigquery|redshift|databricks|spark)`", readme)
    )
    assert len(named) == 8
    for extra in named:
        assert re.search(rf"^{extra} = \[", declared, re.MULTILINE), extra
