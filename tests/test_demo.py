"""`make demo`: in a terminal it keeps the sandbox page up until Enter; elsewhere it ends on its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from tests.integration import HERE

DEMO = [sys.executable, str(HERE / "demo.py")]
PAGE = re.compile(r"sandbox page:\s+(http://[\w.:]+)")
SECONDS = 300.0  # far more than the demo needs on a busy machine


def test_demo_without_a_terminal_ends_and_prints_no_links(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*DEMO, str(tmp_path / "demo")], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert "8,138 records" in ran.stdout
    assert "http://" not in ran.stdout


def test_demo_in_a_terminal_keeps_its_page_up_until_enter(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    demo = subprocess.Popen(
        [*DEMO, str(tmp_path / "demo")], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "BROWSER": browser(tmp_path)}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        output = read_until(ours, "Press Enter")
        found = PAGE.search(output)
        assert found, output
        url = found.group(1)
        assert requests.get(url, timeout=SECONDS).ok
        assert opened(tmp_path) == url
        assert demo.poll() is None
        os.write(ours, b"\n")
        assert demo.wait(SECONDS) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=SECONDS)
    finally:
        demo.kill()
        demo.wait()
        os.close(ours)


def browser(folder: Path) -> str:
    """Return a browser command that writes the URL that it is to open to a file."""
    script = folder / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {folder}/opening && mv {folder}/opening {folder}/opened\n')
    script.chmod(0o755)
    return f"{script} %s"


def opened(folder: Path) -> str:
    """Return the URL that the browser was asked to open."""
    deadline = monotonic() + SECONDS
    while not (folder / "opened").exists():
        assert monotonic() < deadline, "no page was opened"
        sleep(0.1)
    return (folder / "opened").read_text().strip()


def read_until(terminal: int, text: str) -> str:
    """Return a terminal's output up to and including `text`."""
    output = ""
    while text not in output:
        try:
            output += os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # Linux: no process has the terminal open
            pytest.fail(output)
    return output
