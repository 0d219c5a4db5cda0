from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import NoBrowserError, chromium


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use no proxy, because the sandbox is on this machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a real browser for one module. No other event loop may run in this thread meanwhile."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as error:
        pytest.skip(f"NO TESTS OF THE SANDBOX'S PAGE: {error}")
