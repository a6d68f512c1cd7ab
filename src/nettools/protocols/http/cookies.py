"""Cookies (RFC 6265): the jar of a session, which is requests', with the rules that http.cookiejar leaves out.

A cookie without TLS cannot set or replace a Secure one, the prefixes `__Secure-` and `__Host-` mean what they say
(RFC 6265bis 4.1.3), a domain that is a public suffix is refused as far as http.cookiejar knows them, and a server
cannot fill the memory. Imported only when there is a cookie, or somebody asks for the jar.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import re
import urllib.request

from requests.cookies import RequestsCookieJar

from nettools.results import Headers

__all__ = ["Jar", "header", "new_jar", "store"]

LONGEST = 8 * 1024  # octets of a cookie
MOST = 3000  # cookies of a jar; RFC 6265 6.1 asks for 50 a domain and 3000 in all
MOST_OF_DOMAIN = 180

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LIFETIME = re.compile(r";\s*(?:expires|max-age|version)\b[^;]*", re.IGNORECASE)

Jar = RequestsCookieJar


class _Policy(http.cookiejar.DefaultCookiePolicy):
    """What may be set, besides what http.cookiejar refuses."""

    def set_ok(self, cookie: http.cookiejar.Cookie, request: urllib.request.Request) -> bool:
        if not super().set_ok(cookie, request):
            return False
        if _CONTROL.search(f"{cookie.name}{cookie.value or ''}"):  # RFC 6265bis 5.6: it is ignored
            return False
        secure = request.type == "https"
        if len(cookie.name) + len(cookie.value or "") > LONGEST or (cookie.secure and not secure):
            return False
        if cookie.name.startswith("__Secure-") and not cookie.secure:
            return False
        return not cookie.name.startswith("__Host-") or (
            cookie.secure and not cookie.domain_specified and cookie.path == "/"
        )


def new_jar() -> Jar:
    """An empty jar."""
    policy = _Policy(strict_domain=True, strict_ns_domain=http.cookiejar.DefaultCookiePolicy.DomainStrictNonDomain)
    return RequestsCookieJar(policy=policy)


def _readable(value: str) -> str | None:
    """A field as http.cookiejar can read it: a lifetime that is none makes it warn, and forget every cookie."""
    jar = http.cookiejar.CookieJar()
    jar._now = 0  # type: ignore[attr-defined]  # what it counts Max-Age from, set when it is asked in earnest
    for each in (value, _LIFETIME.sub("", value)):
        try:
            attributes = http.cookiejar.parse_ns_headers([each])  # type: ignore[attr-defined]
            jar._normalized_cookie_tuples(attributes)  # type: ignore[attr-defined]
        except Exception:  # noqa: S112  # whatever it stumbles over
            continue
        return each
    return None


class _Answer:
    """What http.cookiejar asks of a response."""

    def __init__(self, headers: Headers) -> None:
        self._message = http.client.HTTPMessage()
        for value in headers.get_all("Set-Cookie")[:MOST_OF_DOMAIN]:
            if (readable := _readable(value)) is not None:
                self._message["Set-Cookie"] = readable

    def info(self) -> http.client.HTTPMessage:
        return self._message


def store(jar: Jar, url: str, headers: Headers) -> None:
    """Keep what a response sets."""
    before = _secured(jar)
    jar.extract_cookies(_Answer(headers), _asked(url))  # type: ignore[arg-type]
    if not url.startswith("https:"):  # RFC 6265bis 5.7: a Secure cookie is not replaced by one that came in clear
        for cookie in before:
            jar.set_cookie(cookie)
    _shorten(jar)


def _asked(url: str) -> urllib.request.Request:
    """What http.cookiejar takes for a request; nothing is opened."""
    return urllib.request.Request(url)  # noqa: S310


def _secured(jar: Jar) -> list[http.cookiejar.Cookie]:
    return [cookie for cookie in jar if cookie.secure]


def _shorten(jar: Jar) -> None:
    """Forget the oldest of a jar that has grown too long."""
    count: dict[str, int] = {}
    everything = [cookie for cookie in jar]  # noqa: C416  # its stub has it a mapping of names
    for place, cookie in enumerate(reversed(everything)):
        count[cookie.domain] = count.get(cookie.domain, 0) + 1
        if place >= MOST or count[cookie.domain] > MOST_OF_DOMAIN:
            jar.clear(cookie.domain, cookie.path, cookie.name)


def header(jar: Jar, url: str) -> str | None:
    """The Cookie field for a request, None where no cookie fits."""
    request = _asked(url)
    jar.add_cookie_header(request)
    value: str | None = request.get_header("Cookie")
    return value
