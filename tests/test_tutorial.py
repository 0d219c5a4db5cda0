"""Follow the tutorial in an empty folder."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from tests.integration import Commands
from tests.test_docs import ELSEWHERE, FENCE, TUTORIAL

# The paragraph before a file's content names the file, and ends with a colon.
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
