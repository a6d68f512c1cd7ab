"""Where a redirect goes, and what may go with it (RFC 9110 15.4): pure.

Credentials and the caller's headers stay with scheme, host and port; https never becomes http; a body goes nowhere but
to its origin; no redirect leads to another protocol.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from nettools.errors import RedirectError, UsageError
from nettools.frozen import Frozen
from nettools.protocols.http.form import Body
from nettools.protocols.http.message import Fields, address
from nettools.target import SCHEMES, Target, parse_url

__all__ = ["REDIRECTS", "Request", "redirected"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANYWHERE = re.compile(r"(?i)accept(-.*)?|user-agent|range")  # the caller's headers that follow to other origins


class Request(Frozen):
    """What is to be sent, of which a redirect makes another."""

    method: str
    target: Target
    headers: Fields
    body: Body
    unix_socket: str | None = None

    @property
    def url(self) -> str:
        """The address as it is asked for: no user, no fragment, percent-encoded."""
        return self.target.origin + address(self.target)


def redirected(request: Request, status: int, location: str) -> Request:
    """The request that a redirect asks for.

    Raises:
        RedirectError: it must not be followed.
    """
    before = request.target
    target = _target(request.url, status, location)
    if before.scheme.name == "https" and target.scheme.name == "http":
        raise RedirectError(
            f"a redirect from https to http is not followed: {target.origin}",
            code=status,
            hint="fetch the new URL if you trust it",
        )
    same = target.shares_origin(before)
    method, body = request.method, request.body
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", Body()
    elif body.data is not None and not same:
        raise RedirectError(f"a body is not sent on to another origin: {target.origin}", code=status)
    elif not body.repeatable:
        raise RedirectError(
            "the body cannot be sent again", code=status, hint="give bytes or a file that can be read again"
        )
    headers = [
        (name, value)
        for name, value in request.headers
        if (same or value is None or _ANYWHERE.fullmatch(name))
        and (body.data is not None or not name.lower().startswith(("content-", "transfer-")))
        and (same or name.lower() != "host")
    ]
    return Request(method, target, headers, body, request.unix_socket if same else None)


def _target(base: str, status: int, location: str) -> Target:
    try:
        text = location.encode("latin-1").decode("utf-8")  # some servers send it raw
    except UnicodeError:
        text = location
    try:
        target = parse_url(urljoin(base, text.strip()).partition("#")[0])
    except (UsageError, ValueError) as error:
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
        what = "another protocol" if scheme is not None and scheme[1].lower() not in SCHEMES else "what is no URL"
        shown = re.sub(r"//[^/?#]*@", "//***@", text)[:200]
        raise RedirectError(f"a redirect to {what} is not followed: {shown!r}", code=status) from error
    if target.protocol != "http":
        raise RedirectError(f"a redirect to another protocol ({target.scheme.name}) is not followed", code=status)
    return target
