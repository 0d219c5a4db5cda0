"""Rows go only to the given address over a trusted connection: held by real servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.unit.heap_server import HeapServer, Reply

# Made by: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
#     -subj "/CN=a server of the tests" -addext subjectAltName=IP:0.0.0.0
SELF_SIGNED = Path(__file__).parent / "self_signed.pem"


class TlsServer(HeapServer):
    """A server behind a certificate that no authority has signed."""

    def __init__(self) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SELF_SIGNED)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        # This address leads here, too, and counts as any other: the environment is looked at.
        self.url = self.url.replace("http://127.0.0.1", "https://0.0.0.0")


@pytest.fixture
def untrusted() -> Iterator[TlsServer]:
    with TlsServer() as server:
        yield server


@pytest.fixture
def users(project: Project) -> Project:
    """One user to send."""
    project.table("heap_users", "select 'ana' as user_id, 'team' as plan")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["plan"]})
    return project


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""},
        {"PYTHONHTTPSVERIFY": "0"},
        {"SSL_CERT_FILE": str(SELF_SIGNED), "SSL_CERT_DIR": str(SELF_SIGNED.parent)},
    ],
    ids=["as it is", "no bundle", "Python's own switch", "OpenSSL's own variables"],
)
def test_certificate_without_a_known_authority_ends_the_sync(
    users: Project, untrusted: TlsServer, environment: dict[str, str]
) -> None:
    outcome = users.sync(HEAP_BASE_URL=untrusted.url, **environment)
    assert outcome.exit_code == 1
    assert "no trusted TLS connection" in outcome.stderr
    assert untrusted.received == []


def test_certificate_that_the_environment_trusts_is_trusted(users: Project, untrusted: TlsServer) -> None:
    assert users.sync(HEAP_BASE_URL=untrusted.url, REQUESTS_CA_BUNDLE=str(SELF_SIGNED)).exit_code == 0
    assert len(untrusted.received) == 1


def test_trusted_certificate_for_another_name_ends_the_sync(users: Project, untrusted: TlsServer) -> None:
    other = untrusted.url.replace("0.0.0.0", "127.1")
    outcome = users.sync(HEAP_BASE_URL=other, REQUESTS_CA_BUNDLE=str(SELF_SIGNED))
    assert outcome.exit_code == 1
    assert "no trusted TLS connection" in outcome.stderr
    assert untrusted.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_rows_do_not_follow_a_redirect(users: Project, heap: Sandbox, status: int) -> None:
    elsewhere = heap.url.replace("127.0.0.1", "localhost")
    with HeapServer(lambda _: Reply(status, headers={"Location": f"{elsewhere}/api/add_user_properties"})) as server:
        outcome = users.sync(HEAP_BASE_URL=server.url)
    assert outcome.exit_code == 1
    assert "redirects are not followed" in outcome.stderr
    assert len(server.received) == 1
    assert heap.requests() == []


def test_trusted_server_does_not_send_rows_on_to_plain_http(
    users: Project, untrusted: TlsServer, heap: Sandbox
) -> None:
    untrusted.reply = lambda _: Reply(308, headers={"Location": f"{heap.url}/api/add_user_properties"})
    outcome = users.sync(HEAP_BASE_URL=untrusted.url, REQUESTS_CA_BUNDLE=str(SELF_SIGNED))
    assert outcome.exit_code == 1
    assert (len(untrusted.received), heap.requests()) == (1, [])
