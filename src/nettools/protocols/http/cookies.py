"""Cookies (RFC 6265): the jar of a session, which is requests', with the rules that http.cookiejar leaves out.

A field is read as the RFC has it, for http.cookiejar reads the one of RFC 2109: the last of an attribute counts, one
that makes no sense is passed over, dates have their parts in any order. A cookie without TLS cannot set or replace a
Secure one, the prefixes `__Secure-` and `__Host-` mean what they say (RFC 6265bis 4.1.3), a domain that is a public
suffix is refused as far as http.cookiejar knows them, and a server cannot fill the memory. Imported only when there is
a cookie, or somebody asks for the jar.
"""

from __future__ import annotations

import datetime as dt
import http.cookiejar
import re
import time
import urllib.request
from urllib.parse import urlsplit

from requests.cookies import RequestsCookieJar

from nettools.results import Headers

__all__ = ["Jar", "cookie_date", "header", "new_jar", "set_cookie", "store"]

LONGEST = 8 * 1024  # octets of a cookie
MOST = 3000  # cookies of a jar; RFC 6265 6.1 asks for 50 a domain and 3000 in all
MOST_OF_DOMAIN = 180

LATEST = 400 * 24 * 3600  # seconds that a cookie lives at most (RFC 6265bis 5.5)

_BLANKS = " \t"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LIFETIME = re.compile(r"(-?)0*([0-9]+)")
_TOKEN = re.compile(r"[^\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: n for n, name in enumerate(_NAMES, 1)}
_PARTS = {  # each is looked for in this order, in each token
    "clock": re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])"),
    "day": re.compile(r"([0-9]{1,2})(?![0-9])"),
    "month": re.compile("(?i:" + "|".join(_MONTHS) + ")"),
    "year": re.compile(r"([0-9]{2,4})(?![0-9])"),
}

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
        if cookie.domain_specified and _is_address(_host(urlsplit(request.get_full_url()).hostname)):
            return False  # RFC 6265 5.1.3: the end of an address is nobody's domain
        prefix = cookie.name.lower()
        if prefix.startswith("__secure-") and not cookie.secure:
            return False
        return not prefix.startswith("__host-") or (
            cookie.secure and not cookie.domain_specified and cookie.path_specified and cookie.path == "/"
        )


def new_jar() -> Jar:
    """An empty jar."""
    policy = _Policy(strict_domain=True, strict_ns_domain=http.cookiejar.DefaultCookiePolicy.DomainStrictNonDomain)
    return RequestsCookieJar(policy=policy)


def store(jar: Jar, url: str, headers: Headers) -> None:
    """Keep what a response sets."""
    request = _asked(url)
    before = _secured(jar)
    for value in headers.get_all("Set-Cookie")[:MOST_OF_DOMAIN]:
        cookie = set_cookie(value, url)
        if cookie is not None:
            jar.set_cookie_if_ok(cookie, request)
    if not url.startswith("https:"):  # RFC 6265bis 5.7: a Secure cookie is not replaced by one that came in clear
        for cookie in before:
            jar.set_cookie(cookie)
    jar.clear_expired_cookies()
    _shorten(jar)


def set_cookie(value: str, url: str) -> http.cookiejar.Cookie | None:
    """The cookie of one Set-Cookie field (RFC 6265 5.2, 5.3), None for what is none.

    Args:
        url: where the response came from: the host and the folder that a cookie without its own belongs to.
    """
    first, *rest = value.split(";")
    name, equals, content = (part.strip(_BLANKS) for part in first.partition("="))
    if not equals or not name:
        return None
    attributes: dict[str, str] = {}  # the last of each counts
    for each in rest:
        key, _, word = (part.strip(_BLANKS) for part in each.partition("="))
        if key.lower() != "domain" or word.strip("."):  # RFC 6265 5.2.3: an empty one is passed over
            attributes[key.lower()] = word
    parts = urlsplit(url)
    host = _host(parts.hostname)
    domain = attributes.get("domain", "").removeprefix(".").lower()
    own_domain = bool(domain) and not (domain == host and ("." not in host or _is_address(host)))
    path = attributes.get("path", "")
    own_path = path.startswith("/")
    expires = _end(attributes)
    return http.cookiejar.Cookie(
        version=0,
        name=name,
        value=content,
        port=None,
        port_specified=False,
        domain=f".{domain}" if own_domain else host if "." in host else f"{host}.local",
        domain_specified=own_domain,
        domain_initial_dot=own_domain and attributes["domain"].startswith("."),
        path=path if own_path else parts.path.rpartition("/")[0] or "/",
        path_specified=own_path,
        secure="secure" in attributes,
        expires=expires,
        discard=expires is None,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if "httponly" in attributes else {},
    )


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else (name or "").lower()


def _is_address(host: str) -> bool:
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


def _end(attributes: dict[str, str]) -> int | None:
    """When a cookie ends, in seconds since 1970; Max-Age counts before Expires, and what is neither is passed over."""
    now = int(time.time())
    lifetime = _LIFETIME.fullmatch(attributes.get("max-age", ""))
    if lifetime is not None:
        seconds = min(int(lifetime[2][:10]), LATEST)
        return now + seconds if seconds and not lifetime[1] else 0
    moment = cookie_date(attributes.get("expires", ""))
    return None if moment is None else min(int(moment.timestamp()), now + LATEST)


def cookie_date(text: str) -> dt.datetime | None:
    """A date as cookies have it (RFC 6265 5.1.1): its parts in any order, whatever stands between them.

    >>> str(cookie_date("Wednesday, 01-Jan-10 00:00:00 GMT"))
    '2010-01-01 00:00:00+00:00'
    """
    found: dict[str, tuple[int, ...]] = {}
    for token in _TOKEN.findall(text[:LONGEST]):
        for name, form in _PARTS.items():
            match = None if name in found else form.match(token)
            if match is not None:
                found[name] = (_MONTHS[token[:3].lower()],) if name == "month" else tuple(map(int, match.groups()))
                break
    if len(found) < len(_PARTS):
        return None
    (year,), (month,), (day,), (hour, minute, second) = (found[name] for name in ("year", "month", "day", "clock"))
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC) if year >= 1601 else None
    except ValueError:
        return None


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
