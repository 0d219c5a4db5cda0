"""Another website in a user's browser can't read or change anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import HANGS_SECONDS

USER = {"app_id": "11", "identity": "ana"}
CHANGES = ["/sandbox/reset", "/sandbox/faults", "/api/add_user_properties"]
READS = ["/", "/static/main.js", "/sandbox/users", "/sandbox/now", "/sandbox/requests/1/body"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.reset()
    requests.post(f"{shared.url}/api/add_user_properties", json=USER, timeout=HANGS_SECONDS)
    return shared


def status(sandbox: Sandbox, path: str, method: str = "GET", **headers: str) -> int:
    body = None if method == "GET" else "500:1"
    return requests.request(method, sandbox.url + path, headers=headers, data=body, timeout=HANGS_SECONDS).status_code


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("origin", ["https://example.org", "null", "http://127.0.0.1:1", "http://localhost", ""])
def test_page_of_another_origin_changes_nothing(sandbox: Sandbox, path: str, origin: str) -> None:
    assert status(sandbox, path, "POST", Origin=origin, **{"Content-Type": "text/plain"}) == 403
    assert sandbox.counts() == {"users": 1, "accounts": 0, "events": 0, "requests": 1}
    assert requests.get(f"{sandbox.url}/sandbox/now", timeout=HANGS_SECONDS).json()["faults"] == ""


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("host", ["example.org", "example.org:8765", "127.0.0.1.example.org", "localhost.", "", "[::1"])
def test_foreign_host_name_that_resolves_here_reads_nothing(sandbox: Sandbox, path: str, host: str) -> None:
    assert status(sandbox, path, Host=host) == 403


@pytest.mark.parametrize("path", CHANGES)
def test_page_under_a_foreign_host_name_changes_nothing(sandbox: Sandbox, path: str) -> None:
    assert status(sandbox, path, "POST", Host="example.org", Origin="http://example.org") == 403
    assert sandbox.counts()["requests"] == 1


@pytest.mark.parametrize(
    "host", ["localhost:8765", "127.0.0.1", "[::1]:8765", "192.0.2.7:80", "sandbox", "heap.localhost"]
)
def test_local_host_names_are_answered(sandbox: Sandbox, host: str) -> None:
    assert [status(sandbox, path, Host=host) for path in READS] == [200] * len(READS)
    assert status(sandbox, "/sandbox/reset", "POST", Host=host, Origin=f"http://{host}") == 200


def test_host_name_given_with_host_is_answered() -> None:
    with running(SandboxOptions(host="127.0.0.1")) as sandbox:
        assert status(sandbox, "/sandbox/users", Host="127.0.0.1") == 200


def test_programs_reach_heaps_own_routes_by_any_name(sandbox: Sandbox) -> None:
    headers = {"Host": "heap.example.org", "Content-Type": "application/json"}
    assert status(sandbox, "/api/add_user_properties", "POST", **headers) == 400  # by Heap's rules, not by the guard
    answer = requests.post(f"{sandbox.url}/api/add_user_properties", json=USER, headers=headers, timeout=HANGS_SECONDS)
    assert (answer.status_code, "content-security-policy" in answer.headers) == (200, False)


@pytest.mark.parametrize("path", [*READS, "/nowhere", "/static/nowhere.js", "/static/..%2fserver.py"])
def test_all_responses_forbid_the_browser_what_the_page_does_not_need(sandbox: Sandbox, path: str) -> None:
    headers = requests.get(sandbox.url + path, timeout=HANGS_SECONDS).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["cross-origin-resource-policy"]) == ("nosniff", "same-origin")


def test_file_outside_the_page_is_404(sandbox: Sandbox) -> None:
    assert {
        status(sandbox, f"/static/{name}") for name in ("nowhere.js", "..%2fserver.py", "..%2f..%2fcli%2fsync.py")
    } == {404}
