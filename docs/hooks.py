"""What mkdocs is told besides mkdocs.yml: the README is the home page, and files that pages link to come along.

https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
HOME = "index.md"
LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|#)([^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the README, and every file beside docs/ that a page links to."""
    files.append(File.generated(config, HOME, content=(ROOT / "README.md").read_text()))
    for page in list(files.documentation_pages()):
        for _, link, _ in LINK.findall(page.content_string):
            path = _path(page.src_uri, link)
            if not path.startswith("docs/") and (ROOT / path).is_file() and path not in files.src_uris:
                files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Leads links to where the files are in the site; of a folder, which has no page, the name stays."""
    return LINK.sub(lambda link: _led(page.file.src_uri, *link.groups(default="")), markdown)


def _led(page: str, text: str, link: str, anchor: str) -> str:
    path = _path(page, link)
    if (ROOT / path).is_dir():
        return text
    return f"[{text}]({relpath(path.removeprefix('docs/'), dirname(page) or '.')}{anchor})"


def _path(page: str, link: str) -> str:
    """Where a page's link leads in the repository."""
    return normpath("/".join([dirname("README.md" if page == HOME else f"docs/{page}"), link]).lstrip("/"))
