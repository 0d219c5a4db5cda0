from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is on this machine, whatever proxy the machine has."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
