"""A real browser: Playwright's own Chromium if it was downloaded, or the machine's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60.0  # that a page may take for anything


class NoBrowserError(Exception):
    """No Chromium is available."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium for as long as the block lasts; no other event loop runs in this thread meanwhile.

    Raises:
        NoBrowserError: this machine has none that starts.
    """
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        yield launched(playwright)


def launched(playwright: Playwright) -> Browser:
    """Return the first Chromium that starts."""
    for executable in (None, *filter(None, map(shutil.which, NAMES))):
        try:
            return playwright.chromium.launch(executable_path=executable, args=["--no-proxy-server"])
        except Error:
            continue
    raise NoBrowserError(
        "no Chromium starts on this machine: playwright install chromium, or a package of its system's"
    )
