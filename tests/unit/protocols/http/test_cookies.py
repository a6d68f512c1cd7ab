"""The jar: what servers may set, and where it goes back to."""

from __future__ import annotations

import pytest
from requests import Request
from requests.cookies import MockRequest

from nettools.protocols.http import cookies
from nettools.results import Headers


def kept(url: str, *values: str, then: str | None = None) -> str | None:
    jar = cookies.new_jar()
    cookies.store(jar, url, Headers([("Set-Cookie", value) for value in values]))
    return cookies.header(jar, then or url)


def test_a_cookie_goes_back_to_its_host_and_path() -> None:
    assert kept("http://www.example.org/a/b", "x=1; Path=/a") == "x=1"
    assert kept("http://www.example.org/a", "x=1; Path=/a", then="http://www.example.org/b") is None
    assert kept("http://www.example.org/", "x=1", then="http://example.org/") is None
    assert kept("http://www.example.org/", "x=1; Domain=example.org", then="http://mail.example.org/") == "x=1"
    assert kept("http://127.0.0.1/", "x=1") == kept("http://localhost/", "x=1") == "x=1"


@pytest.mark.parametrize("host", ["localhost", "192.0.2.7", "[::1]"])
def test_a_host_that_has_no_domain_may_name_itself(host: str) -> None:
    assert kept(f"http://{host}/", f"x=1; Domain={host}") == "x=1"


@pytest.mark.parametrize("domain", ["2.7", ".2.7", "0.2.7", "7"])
def test_the_end_of_an_address_is_no_domain(domain: str) -> None:
    assert kept("http://192.0.2.7/", f"x=1; Domain={domain}", then="http://198.51.2.7/") is None
    assert kept("http://192.0.2.7/", f"x=1; Domain={domain}") is None


@pytest.mark.parametrize(
    "value",
    [
        "x=1; Domain=com", "x=1; Domain=.org", "x=1; Domain=co.uk", "x=1; Domain=other.example",
        "__Host-x=1; Path=/", "__Host-x=1; Secure; Path=/; Domain=www.example.co.uk", "__Secure-x=1",
        "__Host-x=1; Secure", "__host-x=1; Path=/", "__SECURE-x=1",
        "x=" + "y" * 9000, "x=a\x00b", "x\x1b=1", "x=1; Max-Age=0", "x=1; Expires=Fri, 01 Jan 1999 00:00:00 GMT",
    ],
)  # fmt: skip
def test_what_a_server_may_not_set_is_not_kept(value: str) -> None:
    assert kept("https://www.example.co.uk/", value) is None


def test_secure_cookies_come_and_go_by_tls_only() -> None:
    assert kept("https://a.example/", "x=1; Secure") == "x=1"
    assert kept("https://a.example/", "x=1; Secure", then="http://a.example/") is None
    assert kept("http://a.example/", "x=1; Secure") is None
    assert (
        kept("https://a.example/", "__Host-x=1; Secure; Path=/", "__Secure-y=2; Secure") == "__Host-x=1; __Secure-y=2"
    )


def test_a_cookie_in_clear_does_not_replace_a_secure_one() -> None:
    jar = cookies.new_jar()
    cookies.store(jar, "https://a.example/", Headers([("Set-Cookie", "x=good; Secure")]))
    cookies.store(jar, "http://a.example/", Headers([("Set-Cookie", "x=bad")]))
    assert cookies.header(jar, "https://a.example/") == "x=good"


def test_a_server_cannot_fill_the_memory() -> None:
    jar = cookies.new_jar()
    for turn in range(3):
        fields = [("Set-Cookie", f"x{turn}-{number}=1") for number in range(1000)]
        cookies.store(jar, "http://a.example/", Headers(fields))
    assert len(list(jar)) == cookies.MOST_OF_DOMAIN


@pytest.mark.parametrize(
    "lifetime",
    [
        "Expires=Fri, 01 Jin 2027 00:00:00 GMT", "Max-Age", "Max-Age=9", "Max-Age=nine", "max-age=+9", "Max-Age=9_0",
        "MAX-AGE = 9 ", "Max-Age=" + "9" * 5000, "Max-Age=", "Max-Age=9; Expires=Fri, 01 Jan 1999 00:00:00 GMT",
    ],
)  # fmt: skip
def test_a_lifetime_that_is_none_costs_no_cookie(lifetime: str) -> None:
    assert kept("http://www.example.org/", f"x=1; {lifetime}; Path=/", "y=2") == "x=1; y=2"


@pytest.mark.parametrize("lifetime", ["Max-Age=-1", "Max-Age=-" + "9" * 5000, "Max-Age=soon; Max-Age=0"])
def test_a_lifetime_that_is_over_costs_its_cookie(lifetime: str) -> None:
    assert kept("http://www.example.org/", f"x=1; {lifetime}; Path=/", "y=2") == "y=2"


@pytest.mark.parametrize("lifetime", ["Max-Age=" + "9" * 20, "Expires=Fri, 01 Jan 9999 00:00:00 GMT"])
def test_no_cookie_lives_for_more_than_400_days(lifetime: str) -> None:
    cookie = cookies.set_cookie(f"x=1; {lifetime}", "http://www.example.org/")
    soon = cookies.set_cookie("x=1; Max-Age=1", "http://www.example.org/")
    assert cookie is not None
    assert soon is not None
    assert cookies.LATEST - 60 < (cookie.expires or 0) - (soon.expires or 0) < cookies.LATEST


@pytest.mark.parametrize(
    ("host", "domain", "kept_too"), [("192.0.2.7", "2.7", False), ("www.example.org", "example.org", True)]
)
def test_the_jar_judges_in_the_same_way_for_requests(host: str, domain: str, kept_too: bool) -> None:
    jar = cookies.new_jar()
    cookie = cookies.set_cookie(f"x=1; Domain={domain}", f"http://{host}/")
    assert cookie is not None
    jar.set_cookie_if_ok(cookie, MockRequest(Request("GET", f"http://{host}/").prepare()))
    assert bool(list(jar)) is kept_too
