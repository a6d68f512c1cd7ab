"""Addresses: what is accepted, what is refused, and that nothing secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from nettools.errors import UsageError
from nettools.target import SCHEMES, Endpoint, decode, parse_endpoint, parse_url


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "query"),
    [
        ("http://h", "h", 80, "", None),
        ("HTTPS://Example.ORG:8443/a%20b?x=1#frag", "Example.ORG", 8443, "/a%20b", "x=1"),
        ("http://[::1]:8080/", "::1", 8080, "/", None),
        ("http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, "/", None),
        ("imaps://h/INBOX/;UID=7", "h", 993, "/INBOX/;UID=7", None),
        ("ftp://h/%2Fetc/x;type=i", "h", 21, "/%2Fetc/x;type=i", None),
        ("http://münchen.example/", "xn--mnchen-3ya.example", 80, "/", None),
        ("http://h?x=/@y", "h", 80, "", "x=/@y"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, path: str, query: str | None) -> None:
    target = parse_url(url)
    assert (target.host, target.port, target.path, target.query) == (host, port, path, query)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no-scheme",
        "http:/h",
        "nope://h/",
        "http://",
        "http://:80/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:8o/",
        "http://h:１/",
        "http://a@h:1@b/",
        "http://h／@b/",
        "http://[::1/",
        "http://[::g]/",
        "http://::1/",
        "http://a b/",
        "http://good\\@evil/",
        "http://h\r\nX: y/",
        "http://h/a\tb",
        "http://h/%0d%0aDELE",
        "ftp://us%0Aer@h/",
        "ftp://u:pa%00ss@h/",
        "imap://h/x?y%0dz",
        "http://-h-/",
        "http://a..b/",
        "http://" + "a" * 254 + "/",
        "http://xn--/",
    ],
)
def test_a_malformed_url_is_refused_with_exit_code_3(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(url)
    assert caught.value.exit_code == 3


def test_user_and_password_are_decoded_once_and_the_password_never_shows() -> None:
    target = parse_url("ftp://me%40x:hunter%2532@h/f")
    assert target.user == "me@x"
    assert target.password is not None
    assert target.password.reveal() == "hunter%32"
    assert target.url == "ftp://me%40x@h/f"
    assert "hunter" not in repr(target)


def test_a_string_that_is_no_url_is_shown_without_what_may_be_a_password() -> None:
    with pytest.raises(UsageError) as caught:
        parse_url("user:hunter2@host/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]"])
def test_loopback_is_what_is_written_as_loopback(host: str) -> None:
    assert parse_url(f"http://{host}/").is_loopback


@pytest.mark.parametrize("host", ["localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]", "0x7f.1"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not parse_url(f"http://{host}/").is_loopback


def test_the_scheme_has_to_fit_the_function() -> None:
    with pytest.raises(UsageError, match="does not fit") as caught:
        parse_url("smtp://h/", ("http", "https"))
    assert caught.value.exit_code == 3
    assert "http://" in (caught.value.hint or "")


def test_a_query_of_http_may_have_encoded_line_ends_for_it_is_never_decoded() -> None:
    assert parse_url("http://h/?text=a%0Ab").query == "text=a%0Ab"


def test_default_ports_are_those_of_the_table() -> None:
    ports = {name: scheme.port for name, scheme in SCHEMES.items()}
    wanted = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "ftpes": 21, "smtp": 25, "smtps": 465}
    wanted |= {"pop3": 110, "pop3s": 995, "imap": 143, "imaps": 993}
    assert wanted.items() <= ports.items()


def test_octets_that_are_no_utf_8_survive_decoding() -> None:
    assert decode("/%FF") == "/\udcff"


@pytest.mark.parametrize(
    ("host", "port", "expected", "shown"),
    [
        ("localhost", "smtp", ("localhost", 25), "localhost:25"),
        ("127.0.0.1", "80", ("127.0.0.1", 80), "127.0.0.1:80"),
        ("::1", 7, ("::1", 7), "[::1]:7"),
        ("[::1]", 7, ("::1", 7), "[::1]:7"),
        ("fe80::1%eth0", 7, ("fe80::1%eth0", 7), "[fe80::1%eth0]:7"),
        ("[fe80::1%25eth0]", 7, ("fe80::1%eth0", 7), "[fe80::1%eth0]:7"),
        ("", 0, ("", 0), "0.0.0.0:0"),
        ("<broadcast>", 9, ("<broadcast>", 9), "255.255.255.255:9"),
        (0x7F000001, "IMAP", ("127.0.0.1", 143), "127.0.0.1:143"),
        (0, 1, ("0.0.0.0", 1), "0.0.0.0:1"),
        ("[::1]:gopher", None, ("::1", 70), "[::1]:70"),
        (":12345", None, ("", 12345), "0.0.0.0:12345"),
        (("h", "99"), None, ("h", 99), "h:99"),
    ],
)
def test_an_endpoint_is_written_as_pythons_sockets_take_it(
    host: object, port: object, expected: tuple[str, int], shown: str
) -> None:
    endpoint = parse_endpoint(host, port)  # type: ignore[arg-type]
    assert endpoint == Endpoint(*expected) == expected
    assert str(endpoint) == shown


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("h", -1), ("h", 65536), ("h", True), ("h", "no-such-service"), ("h", ""), ("h", "１"), ("h", None), ("h", 1.5),
        (True, 1), (2**32, 1), (-1, 1), (None, 1), ("a b", 1), ("h\r\n", 1), ("::1", None), ("[::g]", 1),
        (("h",), None), (("h", 1), 2), ("1::2::3", 1), ("\udc80", 1), ("%41\ud800", 1),
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused_with_exit_code_3(host: object, port: object) -> None:
    with pytest.raises(UsageError) as caught:
        parse_endpoint(host, port)  # type: ignore[arg-type]
    assert caught.value.exit_code == 3


def test_a_service_may_be_one_that_the_system_alone_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.write_text("# ours\nprinter 515/tcp spooler # lp\nodd x\n")
    monkeypatch.setattr("nettools.endpoint._SERVICE_FILE", services)
    assert parse_endpoint("h", "spooler").port == 515
    for name in ("odd", "none"):
        with pytest.raises(UsageError):
            parse_endpoint("h", name)
    monkeypatch.setattr("nettools.endpoint._SERVICE_FILE", tmp_path / "none")
    with pytest.raises(UsageError):
        parse_endpoint("h", "spooler")


@pytest.mark.parametrize(
    ("url", "host", "port", "shown"),
    [
        ("tcp://h:smtp", "h", 25, "tcp://h:25"),
        ("tls://[::1]:993/", "::1", 993, "tls://[::1]:993"),
        ("udp://<broadcast>:9", "<broadcast>", 9, "udp://<broadcast>:9"),
        ("tcp://:0", "", 0, "tcp://:0"),
        ("unix:///run/a%20b", "", 0, "unix:///run/a%20b"),
    ],
)
def test_a_raw_socket_has_an_endpoint_or_a_path(url: str, host: str, port: int, shown: str) -> None:
    target = parse_url(url)
    assert (target.host, target.port, target.url) == (host, port, shown)


@pytest.mark.parametrize(
    "url",
    ["tcp://h", "tcp://h:1/path", "tcp://h:1?q", "udp://u@h:1", "unix://", "unix:///", "unix://h/x", "unix:///%00"],
)
def test_what_is_no_raw_socket_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(url)
    assert caught.value.exit_code == 3


def test_octets_that_are_no_utf_8_are_refused_plain_and_kept_percent_encoded() -> None:
    with pytest.raises(UsageError) as caught:
        parse_url("ftp://h/\udcff")
    with pytest.raises(UsageError):
        parse_endpoint("\udcff", 1)
    assert caught.value.exit_code == 3
    assert parse_url("ftp://%ff@h/").url == "ftp://%FF@h/"
