"""Variables that requests reads, checked before anything is sent: a wrong one looks like a server that is down."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

import requests
from requests.exceptions import InvalidSchema
from requests.utils import select_proxy
from urllib3.exceptions import HTTPError

from dbt_heap.errors import SettingsError
from dbt_heap.http.faults import CA_VARIABLES, proxy_variable

_CA_ADVICE = "Set it to a PEM file of the CA certificates to trust, or unset it"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # https://docs.openssl.org/3.0/man1/openssl-rehash/


def must_be_usable(session: requests.Session, url: str) -> None:
    """Check the proxy and the CA certificates that the environment names for requests to `url`.

    Raises:
        SettingsError: They cannot be used. The text names the variables, and no proxy's address.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    problems = [_proxy_problem(session, url, dict(found["proxies"]))]
    if isinstance(found["verify"], str) and url.startswith("https:"):
        problems.append(_of_certificates(found["verify"]))
    if told := [each for each in problems if each]:
        raise SettingsError("\n".join(told))


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


def _of_certificates(bundle: str) -> str:
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
