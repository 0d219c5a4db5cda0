"""Why a request got no answer, and what to change. No text names a proxy's address, which may hold a password."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidSchema
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from dbt_heap.errors import SettingsError

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # requests reads the first that is not empty
NO_ANSWER = "no answer in time"
DROPPED = "the connection failed"
_UNREAD = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # OpenSSL's, which requests does not read
_SYSTEM = "this system's settings"
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")  # http.client's text: it has no field for the status
_LOCAL = ("127.", "localhost", "::1", "0.0.0.0")  # noqa: S104 - compared with


E = TypeVar("E", bound=BaseException)


@dataclass(frozen=True)
class Fault:
    """Why there is no answer.

    `lasting` faults stay until someone changes a setting, so another attempt is no use.
    """

    text: str
    lasting: bool = False


def fault_of(error: BaseException, url: str, setting: str) -> Fault:
    """Return why a request to `url` failed; `setting` is the name of the flag or variable that holds the URL."""
    causes = tuple(_causes(error))
    host = host_of(url)
    if any(isinstance(each, ProxyError) for each in causes):
        return _of_proxy(causes, proxy_variable(url), host)
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate:
        return Fault(f"no trusted TLS connection to {host} ({certificate.verify_message}). {_ca_advice()}", True)
    tls = _first(causes, ssl.SSLError)
    if tls and not dropped(tls):
        return Fault(f"no trusted TLS connection to {host} ({_tls_reason(tls)}). Check {setting}", True)
    if _first(causes, ReadTimeoutError):
        return Fault(NO_ANSWER)
    variable = proxy_variable(url, "socks")  # urllib3 wraps no error of such a proxy as ProxyError
    if variable and never_reached(error):
        return Fault(_unreached(causes, f"the proxy in {variable}", variable))
    return Fault(_unreached(causes, host, setting) or DROPPED)


def never_reached(error: BaseException) -> bool:
    """Return whether a request failed before the host, or a proxy in between, accepted a connection for it."""
    causes = tuple(_causes(error))
    kinds = (NewConnectionError, ConnectTimeoutError, ProxyError)
    return any(isinstance(each, kinds) for each in causes)


def tunnel_status(error: BaseException) -> int | None:
    """Return the status by which a proxy refused to connect to a host; None for every other error."""
    found = (_TUNNEL.search(str(each)) for each in _causes(error) if isinstance(each, OSError))
    return next((int(each[1]) for each in found if each), None)


def dropped(error: BaseException) -> bool:
    """Return whether a TLS connection only broke; all other TLS errors are lasting."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError))


def host_of(url: str) -> str:
    """Return the host of a URL, with the port if the URL has one."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def proxy_variable(url: str, scheme: str = "") -> str | None:
    """Return what sets the proxy for a URL: the name of a variable, or the system's settings.

    None if no proxy is set, or none whose own URL begins with `scheme`.
    """
    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy or not proxy.lower().startswith(scheme):
        return None
    lower = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    names = [name for each in lower for name in (each, each.upper())]
    return next((name for name in names if os.environ.get(name) == proxy), _SYSTEM)


def _of_proxy(causes: tuple[BaseException, ...], variable: str | None, host: str) -> Fault:
    proxy = f"the proxy in {variable or _SYSTEM}"
    status = next((each for each in map(tunnel_status, causes) if each), None)
    if status == 407:
        return Fault(f"{proxy} asks for a login (status 407). Write it there as http://user:password@host:port", True)
    if status and status < 500:
        return Fault(f"{proxy} does not allow connections to {host} (status {status}). Have it allowed", True)
    if status:
        return Fault(f"{proxy} cannot reach {host} (status {status})")
    if any(isinstance(each, ssl.SSLError) and "WRONG_VERSION" in str(each) for each in causes):
        return Fault(f"{proxy} does not speak TLS. Write its address there with http://, not https://", True)
    if certificate := _first(causes, ssl.SSLCertVerificationError):
        return Fault(f"no trusted TLS connection to {proxy} ({certificate.verify_message}). {_ca_advice()}", True)
    return Fault(_unreached(causes, proxy, variable or _SYSTEM) or f"{proxy} broke off the connection")


def _unreached(causes: tuple[BaseException, ...], place: str, setting: str) -> str:
    """Return why there is no connection; empty if there was one and it broke."""
    if _first(causes, NameResolutionError):
        return f"the name of {place} cannot be resolved. Check {setting} and this machine's DNS"
    if _first(causes, ConnectionRefusedError):
        sandbox = ", and start the sandbox if it is meant: dbt-heap sandbox" if setting == "HEAP_BASE_URL" else ""
        return f"{place} refused the connection. Check {setting}{sandbox if place.startswith(_LOCAL) else ''}"
    if _first(causes, ConnectTimeoutError) and not _first(causes, NewConnectionError):
        return f"{place} did not take the connection in time. A firewall may block it; check {setting}"
    if _first(causes, NewConnectionError):
        why = next((each.strerror for each in causes if isinstance(each, OSError) and each.strerror), "")
        return f"{place} cannot be reached{f' ({why})' if why else ''}. Check {setting}"
    return ""


def _tls_reason(error: ssl.SSLError) -> str:
    if "WRONG_VERSION" in str(error):
        return "what answers there does not speak TLS"
    return str(error.reason or "TLS failed").replace("_", " ").lower()


def _ca_advice() -> str:
    """Return what to do about a certificate that is not trusted."""
    used = next((name for name in CA_VARIABLES if os.environ.get(name)), None)
    if used:
        return f"{used} has to name a PEM file that holds the CA certificate of this server"
    unread = next((f"; {name} is not read" for name in _UNREAD if os.environ.get(name)), "")
    return f"If your network inspects TLS, set REQUESTS_CA_BUNDLE to a PEM file with its CA certificate{unread}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything it wraps: requests and urllib3 nest them in arguments, reasons and causes."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(seen) < 50:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or any(each is other for other in seen):
            continue
        seen.append(each)
        waiting += [*each.args, getattr(each, "reason", None), getattr(each, "original_error", None), each.__cause__]
        yield each


def _first(causes: tuple[BaseException, ...], kind: type[E]) -> E | None:
    return next((each for each in causes if isinstance(each, kind)), None)


_CA_ADVICE = "Set it to a PEM file of the CA certificates to trust, or unset it"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # https://docs.openssl.org/3.0/man1/openssl-rehash/


def check_environment(session: requests.Session, url: str) -> None:
    """Check the proxy and the CA certificates that the environment names for requests to `url`.

    Raises:
        SettingsError: They cannot be used. The text names the variables, and no proxy's address.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    problems = [_proxy_problem(session, url, dict(found["proxies"]))]
    if isinstance(found["verify"], str) and url.startswith("https:"):
        problems.append(_certificate_problem(found["verify"]))
    if problems := [each for each in problems if each]:
        raise SettingsError("\n".join(problems))


def _proxy_problem(session: requests.Session, url: str, proxies: dict[str, str]) -> str:
    """Return what is wrong with the proxy; empty if nothing is. requests itself decides, and connects to nothing."""
    proxy = select_proxy(url, proxies)
    if not proxy:
        return ""
    variable = proxy_variable(url)
    request = requests.Request("POST", url).prepare()
    adapter = session.get_adapter(url)
    try:
        adapter.get_connection_with_tls_context(request, True, proxies=proxies)  # type: ignore[attr-defined]
    except InvalidSchema:
        return (
            f"{variable} names a SOCKS proxy, and the package for it is missing. Install it where dbt-heap is "
            "installed: pip install 'requests[socks]'"
        )
    except (requests.exceptions.RequestException, HTTPError, ValueError, TypeError):  # TypeError: `http://user@`
        return f"{variable} is not the address of a proxy. Write it as http://user:password@host:port, or unset it"
    return ""


def _certificate_problem(bundle: str) -> str:
    """Return what is wrong with a file or folder of CA certificates; empty if nothing is."""
    variable = next(name for name in CA_VARIABLES if os.environ.get(name))
    named, path = f"{variable} names '{bundle}'", Path(bundle)
    try:
        if path.is_dir():
            if any(_HASHED.fullmatch(each.name) for each in path.iterdir()):
                return ""
            return f"{named}, a folder without hashed certificates. Run `openssl rehash` on it, or name a PEM file"
        path.open("rb").close()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=bundle)
    except FileNotFoundError:
        return f"{named}, which does not exist. {_CA_ADVICE}"
    except ssl.SSLError:
        return f"{named}, which holds no certificate in PEM form. {_CA_ADVICE}"
    except (OSError, ValueError) as refusal:
        return f"{named}, which cannot be read ({getattr(refusal, 'strerror', None) or 'no path'}). {_CA_ADVICE}"
    return ""
