"""Who may ask: programs, and the page of the sandbox itself; never another website by way of a browser.

A website can have its visitors' browsers post to this machine (https://owasp.org/www-community/attacks/csrf), and can
let a name of its own lead here, to read the answers too (https://en.wikipedia.org/wiki/DNS_rebinding). The first is
known by `Origin`, which browsers send with every POST, the second by `Host`.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/api/"
_HEADERS = {
    # Scripts and styles come from files alone, and no text becomes HTML
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """The sandbox, for those who may ask. Heap's own routes answer as Heap does, without a header more."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 403 to another website."""
        reason = refusal(scope["path"], Headers(scope=scope), self._host)
        answer = PlainTextResponse(reason, 403) if reason else self._app
        await answer(scope, receive, send if scope["path"].startswith(_API) else _guarded(send))


def refusal(path: str, headers: Headers, bound: str) -> str:
    """Why a request is another website's, or an empty text. `bound` is where the sandbox was told to listen."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return "Another website's page may not ask the sandbox."
    if (origin is not None or not path.startswith(_API)) and not _leads_here_alone(_name(host), bound):
        return "The sandbox is asked by an address, or by a name without dots: a website's own could lead here, too."
    return ""


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _leads_here_alone(name: str, bound: str) -> bool:
    # A name without dots, as a container's, is looked up in this network: https://www.rfc-editor.org/rfc/rfc7085
    return bool(name) and (name == bound or "." not in name or name.endswith(".localhost") or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _guarded(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sent
