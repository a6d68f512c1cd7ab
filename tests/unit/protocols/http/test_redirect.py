"""Where redirects go, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from nettools import RedirectError
from nettools.protocols.http.form import Body, make_body
from nettools.protocols.http.redirect import Request, redirected
from nettools.target import parse_url


def request(url: str = "https://a.example/x/y?z", method: str = "GET", data: Any = None, **headers: str) -> Request:
    fields: list[tuple[str, str | None]] = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(method, parse_url(url), fields, make_body(data, None, None) if data is not None else Body())


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/n", "https://a.example/n"),
        ("n", "https://a.example/x/n"),
        ("?q", "https://a.example/x/y?q"),
        ("//b.example/", "https://b.example/"),
        ("https://b.example:443/a/../b", "https://b.example/b"),
        (" /n ", "https://a.example/n"),
        ("/ä b#part", "https://a.example/%C3%A4%20b"),
        ("/grün".encode().decode("latin-1"), "https://a.example/gr%C3%BCn"),
        ("https://user:word@b.example/", "https://b.example/"),
    ],
)
def test_a_location_is_resolved(location: str, url: str) -> None:
    assert redirected(request(), 302, location).url == url


@pytest.mark.parametrize(
    "location",
    ["http://a.example/", "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "javascript:alert(1)",
     "https://a b/", "https://a.example:99999/", "data:,x"],
)  # fmt: skip
def test_no_redirect_leads_to_another_protocol_or_to_nonsense(location: str) -> None:
    with pytest.raises(RedirectError) as caught:
        redirected(request(), 302, location)
    assert caught.value.exit_code == 47


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (307, "POST", "POST"),
     (308, "PUT", "PUT"), (301, "PUT", "PUT"), (302, "DELETE", "DELETE")],
)  # fmt: skip
def test_the_method_stays_or_becomes_get(status: int, method: str, becomes: str) -> None:
    data = b"x" if method in ("POST", "PUT") else None
    after = redirected(request(method=method, data=data, Content_Type="text/plain"), status, "/n")
    assert after.method == becomes
    assert (after.body.data is not None) == (becomes in ("POST", "PUT"))
    assert bool(after.headers) == (becomes in ("POST", "PUT"))


def test_headers_of_the_callers_stay_with_their_origin() -> None:
    before = request(Accept_Language="de", X_Token="t", Authorization="x", Cookie="c", Range="bytes=0-1", Host="h")
    before.headers.append(("User-Agent", None))
    names = [name for name, _ in redirected(before, 302, "https://b.example/").headers]
    assert names == ["Accept-Language", "Range", "User-Agent"]
    assert redirected(before, 302, "/n").headers == before.headers
    assert redirected(before, 302, "https://A.Example/n").headers == before.headers  # one host, however it is spelt
    assert "X-Token" not in dict(redirected(before, 302, "https://a.example:8443/").headers)


def test_a_body_goes_nowhere_but_to_its_origin_and_only_if_it_can_be_sent_again() -> None:
    with pytest.raises(RedirectError, match="another origin"):
        redirected(request(method="POST", data=b"x"), 307, "https://b.example/")
    with pytest.raises(RedirectError, match="again"):
        redirected(request(method="POST", data=iter([b"x"])), 307, "/n")
