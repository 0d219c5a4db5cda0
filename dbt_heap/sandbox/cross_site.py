"""Refuse requests that another website makes through a browser; serve programs and the sandbox's own page.

A website can make its visitors' browsers post to this machine (https://owasp.org/www-community/attacks/csrf). It can
also point a host name of its own at this machine to read the answers (https://en.wikipedia.org/wiki/DNS_rebinding).
The first is recognized by `Origin`, which browsers send with every POST; the second by `Host`.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/api/"
_HEADERS = {
    # Scripts and styles come from files only, and no text becomes HTML
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class CrossSiteGuard:
    """Middleware that answers 403 to other websites. Answers of Heap's own routes get no extra headers."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        reason = refusal(scope["path"], Headers(scope=scope), self._host)
        answer = PlainTextResponse(reason, 403) if reason else self._app
        await answer(scope, receive, send if scope["path"].startswith(_API) else _with_headers(send))


def refusal(path: str, headers: Headers, bound_host: str) -> str:
    """Return why a request is refused, or an empty text. `bound_host` is the host that the sandbox listens on."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return "The sandbox refuses requests from other websites."
    if (origin is not None or not path.startswith(_API)) and not _is_local(_name(host), bound_host):
        return (
            "The sandbox does not serve this host name, because a website could own it. "
            "Use an IP address or a name without dots."
        )
    return ""


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_local(name: str, bound_host: str) -> bool:
    # A name without dots, such as a container's, is resolved in this network: https://www.rfc-editor.org/rfc/rfc7085
    return bool(name) and (name == bound_host or "." not in name or name.endswith(".localhost") or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return send_with_headers
