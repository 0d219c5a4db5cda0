"""Proxies and CA certificates that the environment names: a wrong one is reported by its variable, at once."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import certifi
import pytest
from urllib3.connection import HTTPSConnection

from dbt_heap.heap.client import Heap, Outcome
from dbt_heap.heap.records import Payload, Records
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.http.sessions import with_deadline
from dbt_heap.sandbox.server import Sandbox
from dbt_heap.syncs.sync import SyncType
from tests.cloud.server import ACCOUNT, TOKEN
from tests.local_server import LocalServer, Requests
from tests.project import Project
from tests.security.test_transport import SELF_SIGNED, TlsServer

PASSWORD = "s3cret-of-the-proxy"
HEAP = "https://heap.example"  # is never resolved: every proxy and bundle below fails before
VARIABLES = [name for each in ("https_proxy", "all_proxy", "no_proxy") for name in (each, each.upper())]
VARIABLES += ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]
CLOUD = {
    "DBT_CLOUD_HOST": "ab123.us1.dbt.com", "DBT_CLOUD_ACCOUNT_ID": str(ACCOUNT), "DBT_CLOUD_API_TOKEN": TOKEN,
    "DBT_CLOUD_JOB_ID": "7",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def users(project: Project) -> Project:
    """One user to send."""
    project.table("heap_users", "select 'ana' as user_id, 'team' as plan")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["plan"]})
    return project


def free_port() -> int:
    """A port on which no one listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def bundles(folder: Path) -> dict[str, tuple[str, str]]:
    """Values of REQUESTS_CA_BUNDLE with what is said of each."""
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("not a certificate")
    (folder / "cut.pem").write_text(SELF_SIGNED.read_text()[:300])
    return {
        "/nowhere.pem": ("'/nowhere.pem', which does not exist", "Set it to a PEM file"),
        str(folder / "notes.txt"): ("notes.txt', which holds no certificate in PEM form", "Set it to a PEM file"),
        str(folder / "cut.pem"): ("cut.pem', which holds no certificate in PEM form", "Set it to a PEM file"),
        str(folder / "empty"): ("empty', a folder without hashed certificates", "openssl rehash"),
        str(folder / "notes.txt" / "ca.pem"): ("which cannot be read (Not a directory)", "Set it to a PEM file"),
        "/proc/self/mem": ("which", "Set it to a PEM file"),  # opens, and gives an error when it is read
    }


def test_ca_bundle_that_cannot_be_used_ends_each_command_that_sends(users: Project, tmp_path: Path) -> None:
    for value, said in bundles(tmp_path).items():
        outcome = users.sync(HEAP_BASE_URL=HEAP, REQUESTS_CA_BUNDLE=value)
        assert outcome.exit_code == 2, value
        *_, last = outcome.stderr.splitlines()
        assert last.startswith(f"Error: REQUESTS_CA_BUNDLE names '{value}'"), outcome.stderr
        assert all(part in last for part in said)
    assert not any(table.startswith("outbox") for table in users.state_tables())  # nothing was planned
    assert "CURL_CA_BUNDLE names '/b.pem'" in users.sync(HEAP_BASE_URL=HEAP, CURL_CA_BUNDLE="/b.pem").stderr
    tried = users.run("debug", HEAP_BASE_URL=HEAP, REQUESTS_CA_BUNDLE="/nowhere.pem")
    error = "Heap environments: ERROR: REQUESTS_CA_BUNDLE names '/nowhere.pem', which does not exist"
    assert (tried.exit_code, error in tried.stdout) == (2, True), tried.stdout
    cloud = users.sync("--dbt-cloud", REQUESTS_CA_BUNDLE="/nowhere.pem", **CLOUD)
    assert (cloud.exit_code, "REQUESTS_CA_BUNDLE names '/nowhere.pem'" in cloud.stderr) == (2, True)


def test_variables_that_do_not_matter_are_no_error(users: Project, heap: Sandbox) -> None:
    unused = {"REQUESTS_CA_BUNDLE": "/nowhere.pem", "HTTPS_PROXY": "socks5://127.0.0.1:1", "SSL_CERT_FILE": "/no.pem"}
    assert users.sync(**unused).exit_code == 0  # to this machine
    assert len(heap.users()) == 1
    with TlsServer() as server:
        users.environment["HEAP_BASE_URL"] = server.url
        around = {"NO_PROXY": "0.0.0.0", "HTTPS_PROXY": "socks5://127.0.0.1:1"}
        assert users.sync(REQUESTS_CA_BUNDLE=str(SELF_SIGNED), **around).exit_code == 0
        assert len(server.received) == 1


PROXIES = {
    f"http://u:{PASSWORD}@127.0.0.1:port": "is not the address of a proxy. Write it as http://user:password@host:port",
    f"http://u:{PASSWORD}@": "is not the address of a proxy",
    f"ftp://u:{PASSWORD}@127.0.0.1:1": "is not the address of a proxy",
    f"http://u:{PASSWORD}@my proxy:80": "is not the address of a proxy",
    f"http://u:{PASSWORD}@[::1": "is not the address of a proxy",
}
SOCKS = "names a SOCKS proxy, and the package for it is missing. Install it where dbt-heap is installed: pip install"


def test_unusable_proxy_ends_the_command_and_names_its_variable(users: Project) -> None:
    reported = dict(PROXIES)
    if not importlib.util.find_spec("socks"):
        reported |= {
            f"{scheme}://u:{PASSWORD}@127.0.0.1:1": SOCKS for scheme in ("socks5", "socks5h", "socks4", "SOCKS5")
        }
    for variable in ("HTTPS_PROXY", "all_proxy"):
        for value, said in reported.items():
            outcome = users.sync(HEAP_BASE_URL=HEAP, **{variable: value})
            assert outcome.exit_code == 2, value
            assert f"\nError: {variable} {said}" in outcome.stderr, outcome.stderr
            assert PASSWORD not in outcome.stderr
    cloud = users.sync("--dbt-cloud", HTTPS_PROXY=f"http://u:{PASSWORD}@", **CLOUD)
    assert (cloud.exit_code, "HTTPS_PROXY is not the address" in cloud.stderr) == (2, True)
    assert not any(table.startswith("outbox") for table in users.state_tables())


def test_connections_through_a_socks_proxy_stay_on_the_proxy() -> None:
    class Through(HTTPSConnection):  # as urllib3.contrib.socks makes them
        pass

    keep: Callable[[type], type] = with_deadline
    assert issubclass(keep(Through), Through)
    assert keep(keep(Through)) is keep(Through)


class Proxy(LocalServer):
    """A proxy that answers every CONNECT with one status."""

    def __init__(self, status: int) -> None:
        self.asked = 0
        proxy = self

        class Refusing(Requests):
            def do_CONNECT(self) -> None:
                proxy.asked += 1
                self.send_response_only(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Refusing)

    @property
    def address(self) -> str:
        return self.url.replace("http://", f"http://u:{PASSWORD}@")


@pytest.mark.parametrize(
    ("status", "said", "requests"),
    [
        (407, "the proxy in HTTPS_PROXY asks for a login (status 407). Write it there as http://user:", 1),
        (403, "the proxy in HTTPS_PROXY does not allow connections to heap.example (status 403)", 1),
        (503, "the proxy in HTTPS_PROXY cannot reach heap.example (status 503)", 2),
    ],
)
def test_refusing_proxy_is_named_instead_of_heap(users: Project, status: int, said: str, requests: int) -> None:
    with Proxy(status) as proxy:
        outcome = users.sync("--max-wait", "0.5", HEAP_BASE_URL=HEAP, HTTPS_PROXY=proxy.address)
    assert outcome.exit_code == 1
    assert f"heap_users: Heap did not take 1 row: {said}" in outcome.stderr
    assert PASSWORD not in outcome.stderr + outcome.stdout
    assert (proxy.asked == 1) if requests == 1 else (proxy.asked >= requests)


def plain_port() -> Iterator[str]:
    """A host that takes connections and speaks no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        Thread(target=answer, daemon=True).start()
        yield f"0.0.0.0:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_refused_first_connection_is_reported_soon(users: Project) -> None:
    refusing = f"0.0.0.0:{free_port()}"
    start_sync = time.monotonic()
    outcome = users.sync(HEAP_BASE_URL=f"https://{refusing}")
    assert outcome.exit_code == 1
    assert f"Heap did not take 1 row: {refusing} refused the connection. Check HEAP_BASE_URL" in outcome.stderr
    assert time.monotonic() - start_sync < 60  # not the two minutes for which other failures are tried again


def test_connections_that_fail_are_reported_by_what_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with TlsServer() as server, contextmanager(plain_port)() as plain:
        untrusted = server.url.removeprefix("https://")
        cases: dict[str, tuple[str, dict[str, str], Outcome, str]] = {
            "proxy refused": (
                HEAP, {"ALL_PROXY": f"http://u:{PASSWORD}@127.0.0.1:{free_port()}"}, Outcome.UNAVAILABLE,
                "the proxy in ALL_PROXY refused the connection. Check ALL_PROXY",
            ),
            "unknown name": (
                "https://heap.invalid", {}, Outcome.UNAVAILABLE,
                "the name of heap.invalid cannot be resolved. Check HEAP_BASE_URL and this machine's DNS",
            ),
            "a proxy that speaks no TLS": (
                HEAP, {"HTTPS_PROXY": f"https://u:{PASSWORD}@{plain}"}, Outcome.FATAL,
                "the proxy in HTTPS_PROXY does not speak TLS. Write its address there with http://, not https://",
            ),
            "no TLS": (
                f"https://{plain}", {}, Outcome.FATAL,
                f"no trusted TLS connection to {plain} (what answers there does not speak TLS). Check HEAP_BASE_URL",
            ),
            "an unknown CA": (
                server.url, {"SSL_CERT_FILE": str(SELF_SIGNED)}, Outcome.FATAL,
                f"no trusted TLS connection to {untrusted} (self-signed certificate). If your network inspects TLS, "
                "set REQUESTS_CA_BUNDLE to a PEM file with its CA certificate; SSL_CERT_FILE is not read",
            ),
            "a bundle without it": (
                server.url, {"REQUESTS_CA_BUNDLE": certifi.where()}, Outcome.FATAL,
                f"no trusted TLS connection to {untrusted} (self-signed certificate). "
                "REQUESTS_CA_BUNDLE has to name a PEM file that holds the CA certificate of this server",
            ),
        }  # fmt: skip
        for name, (url, environment, outcome, said) in cases.items():
            retry = BoundedRetry.of(60.0, sleep=lambda _: None, clock=lambda: 0.0)
            with monkeypatch.context() as patch, Heap(url, "11", retry=retry) as heap:
                for variable, value in environment.items():
                    patch.setenv(variable, value)
                answer = heap.send(SyncType.USER_PROPERTIES, Records.of([Payload(1, b"{}", 0)]))
            assert (answer.outcome, answer.reason) == (outcome, said), name
    assert server.received == []
