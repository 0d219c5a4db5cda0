"""A sandbox in its own process is stopped, killed, and started again on the same file."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import requests

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from tests.project import HANGS_SECONDS

SERVE = """
import sys
from pathlib import Path
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import serve
options = SandboxOptions(data=Path(sys.argv[1]), faults=sys.argv[2], rate_limits=False)
serve(options, ready=lambda url: print(url, flush=True))
"""


@contextmanager
def served(file: Path, faults: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", SERVE, str(file), faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def send(url: str, key: str) -> int:
    event = {"app_id": "11", "identity": "ana", "event": "Invoice Paid", "idempotency_key": key}
    return requests.post(url + "/api/track", json=event, timeout=HANGS_SECONDS).status_code


def track_in_bulk(url: str, events: list[dict[str, str]]) -> int:
    return requests.post(url + "/api/track", json={"app_id": "11", "events": events}, timeout=HANGS_SECONDS).status_code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sandbox_stops_silently_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path / "heap.db") as (process, url):
        assert send(url, "k1") == 200
        process.send_signal(number)
        assert process.wait(timeout=HANGS_SECONDS) == 0
        assert process.stderr and process.stderr.read() == ""


def test_answered_records_and_idempotency_keys_survive_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "heap.db"
    with served(file) as (process, url):
        assert [send(url, f"k{number}") for number in range(20)] == [200] * 20
        process.kill()
        process.wait()
    with running(SandboxOptions(data=file)) as sandbox:
        assert sandbox.counts() == {"users": 1, "accounts": 0, "events": 20, "requests": 20}
        assert send(sandbox.url, "k7") == 200
        assert len(sandbox.events()) == 20


def test_records_accepted_without_an_answer_survive_a_kill_too(tmp_path: Path) -> None:
    file = tmp_path / "heap.db"
    with served(file, "timeout-after:1") as (process, url), ThreadPoolExecutor(1) as pool:
        user = {"app_id": "11", "identity": "ana"}
        hanging = pool.submit(requests.post, url + "/api/add_user_properties", json=user, timeout=HANGS_SECONDS)
        while not requests.get(url + "/sandbox/requests", timeout=HANGS_SECONDS).json():
            time.sleep(0.01)
        assert not hanging.done()
        process.kill()
        process.wait()
        assert isinstance(hanging.exception(), requests.ConnectionError)
    with running(SandboxOptions(data=file)) as sandbox:
        assert [each["identity"] for each in sandbox.users()] == ["ana"]


def test_kill_during_full_bodies_leaves_each_complete_or_absent(tmp_path: Path) -> None:
    file = tmp_path / "heap.db"
    answered: list[int] = []

    def keep_sending(url: str) -> None:
        while True:
            start = 1000 * len(answered)
            events = [
                {"identity": "ana", "event": "Seat Added", "idempotency_key": str(number)}
                for number in range(start, start + 1000)
            ]
            try:
                answered.append(track_in_bulk(url, events))
            except requests.ConnectionError:
                return

    with served(file) as (process, url):
        client = Thread(target=keep_sending, args=(url,))
        client.start()
        while len(answered) < 5:
            time.sleep(0.001)
        process.kill()
        client.join()
    with running(SandboxOptions(data=file)) as sandbox:
        counts = sandbox.counts()
    assert set(answered[:5]) == {200}
    assert counts["requests"] - len(answered) in (0, 1)
    assert counts["events"] == 1000 * counts["requests"]
