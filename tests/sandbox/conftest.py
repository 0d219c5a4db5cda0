from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import NoBrowserError, chromium


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is on this machine, whatever proxy the machine has."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real one, for one module: while it lives, no other event loop runs in this thread."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as error:
        pytest.skip(f"NO TESTS OF THE SANDBOX'S PAGE: {error}")
