"""Run every command and snippet of the README and docs/, and check links, flags and names."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
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
from tests.integration import ROOT, Commands, Integration

TUTORIAL = ROOT / "docs" / "tutorial.md"
STATE = ROOT / "docs" / "explanation" / "state.md"  # the last: it renames a sync, and starts one over
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda page: (page == STATE, page),
)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# What is not run here: a server that runs until it is stopped, and the commands of the Makefile.
MAKE = "make (demo|test|check|fix|help|coverage|chaos|warehouses|matrix|orchestrators|bench|docs|build|venv)"
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


@pytest.mark.parametrize("page", [page for page in PAGES if page != TUTORIAL], ids=lambda page: page.name)
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


# A file that the tutorial has the reader write: its name at the head of a paragraph, or at the end of one.
FILE = re.compile(r"`([\w/]+\.\w+)`[^`]*:$")


def test_tutorial_from_an_empty_folder_to_rows_in_the_sandbox(tmp_path: Path) -> None:
    with running(SandboxOptions()) as heap:
        terminal = Commands(tmp_path, heap.url)
        printed = ""
        for before, language, text in steps(TUTORIAL):
            if language == "":
                printed = "".join(run_lines(terminal, text))
            elif language == "text":
                assert [line for line in text.splitlines() if line not in printed] == []
            elif language == "json":
                assert json.loads(text) == heap.users()
            elif named := FILE.search(before):
                file = tmp_path / named[1]
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
        assert {user["identity"]: user["properties"]["Plan"] for user in heap.users()} == {
            "ana": "team", "ben": "team", "cleo": "free",
        }  # fmt: skip
        assert len(heap.events()) == 2


def steps(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each fenced block of a page with the paragraph before it and its language."""
    before = ""
    for part in re.split(r"^(```\w*\n.*?^```)$", page.read_text(), flags=re.MULTILINE | re.DOTALL):
        if fence := FENCE.fullmatch(part):
            yield before, fence[1], fence[2]
        elif part.strip():
            before = part.strip().rpartition("\n\n")[2]


def run_lines(terminal: Commands, text: str) -> Iterator[str]:
    """Run the commands of a block, except those of another terminal, and yield what they print."""
    for line in text.splitlines():
        if not ELSEWHERE.fullmatch(line):
            ran = terminal.run(*shlex.split(line))
            yield ran.stdout + ran.stderr


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
    for link, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if "://" not in link:
            linked = page.parent / link if link else page
            assert linked.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(linked), f"{page.name}: {link}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_link_of_a_docs_page_leaves_the_docs() -> None:
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).resolve().is_relative_to(docs), f"{page.name}: {link}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of what the site is built from."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    return tmp_path


def built(site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does."""
    zensical = Path(sys.executable).with_name("zensical")
    return subprocess.run([zensical, "build"], cwd=site, capture_output=True, text=True, check=False)


def test_site_has_all_pages_and_loads_nothing_from_other_hosts(site: Path) -> None:
    assert built(site).returncode == 0, built(site).stderr
    pages = list((site / "build" / "site").rglob("*.html"))
    assert len(pages) == len(list((ROOT / "docs").rglob("*.md"))) + 1  # and the page for what is not found
    for page in pages:
        assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?https?://""", page.read_text()), page.name
    for style in (site / "build" / "site").rglob("*.css"):
        assert not re.search(r"""(?:@import|url\()\s*["']?https?://""", style.read_text()), style.name


@pytest.mark.parametrize("link", ["nowhere.md", "reference/commands.md#nowhere"])
def test_broken_link_fails_the_site(site: Path, link: str) -> None:
    index = site / "docs" / "index.md"
    index.write_text(f"{index.read_text()}\n[broken]({link})\n")
    assert built(site).returncode == 1


def test_every_page_is_in_the_navigation_or_is_a_listed_decision() -> None:
    docs = ROOT / "docs"
    listed = (ROOT / "zensical.toml").read_text() + (docs / "decisions" / "README.md").read_text()
    for page in docs.rglob("*.md"):
        name = page.relative_to(docs).as_posix()
        assert f'"{name}"' in listed or f"({page.name})" in listed, name


def test_every_message_of_the_troubleshooting_page_is_in_the_program() -> None:
    page = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
    program = "\n".join(text for module in (ROOT / "dbt_heap").rglob("*.py") for text in literals(module))
    quoted = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(quoted) > 50
    for message in quoted:
        pattern = ".{0,80}?".join(re.escape(part.strip()) for part in message.split("…"))
        assert re.search(pattern, program), message


def literals(module: Path) -> Iterator[str]:
    """Yield the texts of a module, with … in place of what is filled in."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_command_has_its_place_in_the_docs() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    assert [name for name in COMMANDS if f"dbt-heap {name}" not in page] == []


def test_every_flag_of_a_command_is_documented() -> None:
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"--[a-z][a-z-]+", text))
    for name in COMMANDS:
        found = set(flags(import_module(f"dbt_heap.cli.{name}").command))
        assert found, name
        assert found - named == set(), name


def test_every_name_and_field_that_programs_see_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "python-api.md").read_text()
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
