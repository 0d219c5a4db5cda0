"""Build the documentation site, and break it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Copy what the site is built from, and return the folder."""
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


def test_no_link_of_a_docs_page_leaves_the_docs() -> None:
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).resolve().is_relative_to(docs), f"{page.name}: {link}"


def test_every_page_is_in_the_navigation_or_is_a_listed_decision() -> None:
    docs = ROOT / "docs"
    listed = (ROOT / "zensical.toml").read_text() + (docs / "decisions" / "README.md").read_text()
    for page in docs.rglob("*.md"):
        name = page.relative_to(docs).as_posix()
        assert f'"{name}"' in listed or f"({page.name})" in listed, name


def test_code_in_a_list_is_indented_by_four_blanks() -> None:
    """With fewer, Python-Markdown ends the list before the code."""
    for page in (ROOT / "docs").rglob("*.md"):
        assert not re.findall(r"^ {1,3}```", page.read_text(), re.MULTILINE), page.name
