"""Every protocol through every kind of proxy, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import ClearTextError, DeadlineError, Proxy, ProxyError, Timeout, UnsupportedError, UsageError

ALICE = ("alice", "secret")
KINDS = ["http", "socks4", "socks4a", "socks5", "socks5h"]
REMOTE = ("http", "socks4a", "socks5h")  # these look names up themselves


def http(url: str, **opts: Any) -> None:
    assert nettools.fetch_page(f"{url}/pub/hello.txt", **opts).content == b"Hello, world.\n"


def ftp(url: str, **opts: Any) -> None:
    assert nettools.ftp_get(f"{url}/pub/hello.txt", auth=ALICE, **opts).data == b"Hello, world.\n"
    assert nettools.ftp_put(b"up", f"{url}/up", auth=ALICE, **opts).size == 2


def smtp(url: str, **opts: Any) -> None:
    nettools.send_mail(url, sender="b@x.org", to="alice@x.org", text="Hi", **opts)


def mailbox(url: str, **opts: Any) -> None:
    assert nettools.list_mail(url, auth=ALICE, **opts) == ()


def nntp(url: str, **opts: Any) -> None:
    assert [group.name for group in nettools.list_groups(url, **opts)] == ["local.test"]


def gopher(url: str, **opts: Any) -> None:
    assert nettools.gopher_list(url, **opts)


def tcp(url: str, **opts: Any) -> None:
    assert nettools.exchange(url, b"ping", until=4, **opts).data == b"ping"


def telnet(url: str, **opts: Any) -> None:
    script = [("login: ", "alice"), ("Password: ", nettools.Secret("secret")), ("$ ", "echo hello"), ("hello", None)]
    assert len(nettools.telnet_run(url, script, **opts).steps) == 4


def xmlrpc(url: str, **opts: Any) -> None:
    assert nettools.call_xmlrpc(url, "add", 1, 2, **opts) == 3


CALLS: dict[str, Callable[..., None]] = {
    "http": http, "ftp": ftp, "smtp": smtp, "pop3": mailbox, "imap": mailbox, "nntp": nntp, "gopher": gopher,
    "tcp": tcp, "telnet": telnet, "xmlrpc": xmlrpc,
}  # fmt: skip


@pytest.mark.parametrize("protocol", CALLS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_protocol_goes_through_every_kind(net_servers: Any, kind: str, protocol: str) -> None:
    server = net_servers(protocol)
    proxy = net_servers("proxy", users={"me": "word"}, hosts={"there.test": "127.0.0.1"})
    url = server.url.replace("127.0.0.1", "there.test") if kind in REMOTE else server.url
    CALLS[protocol](url, proxy=proxy.url_for(kind, "me", "word"), tls="off", timeout=20)
    assert {request.user for request in proxy.requests} == {"me"}
    assert {request.host for request in proxy.requests} == {"there.test" if kind in REMOTE else "127.0.0.1"}
    over_http = protocol in ("http", "xmlrpc")
    assert {request.kind for request in proxy.requests} == {"forward" if over_http and kind == "http" else kind}


@pytest.mark.parametrize("protocol", CALLS)
@pytest.mark.parametrize("kind", ["http", "socks5h"])
def test_tls_is_with_the_server_and_not_with_the_proxy(
    net_servers: Any, tls_ca: Path, kind: str, protocol: str
) -> None:
    server, proxy = net_servers(protocol), net_servers("proxy")
    CALLS[protocol](server.tls_url, proxy=proxy.url_for(kind), tls=nettools.TLS(ca=tls_ca), timeout=20)
    assert proxy.requests
    assert b"hello" not in proxy.log.client_bytes().lower()


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_not_known_to_the_proxy_is_told_so(net_servers: Any, tcp_echo: Any, kind: str) -> None:
    proxy = net_servers("proxy", users={"me": "word"})
    for login in ((), ("you", "wrong")):
        with pytest.raises(ProxyError) as caught:
            tcp(tcp_echo.url, proxy=proxy.url_for(kind, *login))
        assert caught.value.exit_code == 97
        assert "wrong" not in f"{caught.value} {caught.value.to_dict()}"
    assert tcp_echo.log.connections == 0


@pytest.mark.parametrize(
    ("call", "kind"),
    [(call, kind) for call in (http, tcp) for kind in KINDS if (call, kind) != (http, "http")],  # its 502 is a page
)
def test_a_server_that_the_proxy_cannot_reach_is_the_proxys_error(
    proxy_server: Any, call: Callable[..., None], kind: str
) -> None:
    with pytest.raises(ProxyError, match="refused") as caught:
        call(f"{'http' if call is http else 'tcp'}://127.0.0.1:1", proxy=proxy_server.url_for(kind))
    assert caught.value.exit_code == 97
    assert caught.value.stage == "proxy"


def test_a_refusal_of_the_proxys_is_shown_in_its_own_words(proxy_server: Any, tcp_echo: Any) -> None:
    proxy_server.on("CONNECT").reply("403 Not from here")
    with pytest.raises(ProxyError, match="403 Not from here"):
        tcp(tcp_echo.url, proxy=proxy_server.url_for("http"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_is_none_is_named(smtp_server: Any, kind: str) -> None:
    proxy = f"{kind}://127.0.0.1:{smtp_server.port}"
    with pytest.raises((ProxyError, DeadlineError)) as caught:
        tcp("tcp://127.0.0.1:1", proxy=proxy, timeout=Timeout(connect=1))
    assert caught.value.exit_code in (97, 28)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["hang", "drop", "garbage"])
def test_a_proxy_that_breaks_off_ends_the_call_in_time(proxy_server: Any, kind: str, how: str) -> None:
    rule = proxy_server.on_connect()
    rule.garbage(b"\xff" * 20 + b"\r\n\r\n", close=True) if how == "garbage" else getattr(rule, how)()
    with pytest.raises(DeadlineError if how == "hang" else ProxyError) as caught:
        tcp("tcp://127.0.0.1:1", proxy=proxy_server.url_for(kind), timeout=Timeout(connect=0.2))
    assert caught.value.exit_code == (28 if how == "hang" else 97)


@pytest.mark.parametrize("login", [("u" * 256, "word"), ("user", "ü" * 128)])
def test_what_socks_has_no_room_for_is_refused_before_it_is_sent(proxy_server: Any, login: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="255 octets"):
        tcp("tcp://h.test:1", proxy=proxy_server.url_for("socks5h", *login))
    assert proxy_server.log.client_bytes() == b""


def test_a_proxy_that_is_not_there_has_an_exit_code_of_its_own() -> None:
    with pytest.raises(ProxyError, match="cannot be reached") as caught:
        tcp("tcp://h.test:1", proxy="http://nosuch.invalid:1")
    assert caught.value.exit_code == 5
    with pytest.raises(ProxyError) as caught:
        tcp("tcp://h.test:1", proxy="socks5://127.0.0.1:1")
    assert caught.value.exit_code == 97


@pytest.mark.parametrize(
    "url", ["gopher://h", "http://", "http://h:x", "socks5://h:99999", "ftp://h:1", "http://u\n@h"]
)
def test_what_is_no_proxy_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        tcp("tcp://127.0.0.1:1", proxy=url)


def test_credentials_through_auth_are_not_shown_to_a_proxy_in_clear(net_servers: Any, tcp_echo: Any) -> None:
    proxy = net_servers("proxy", users={"me": "word"})
    there = {"resolve": {("proxy.test", proxy.port): ["127.0.0.1"]}}
    given = Proxy(f"http://proxy.test:{proxy.port}", auth=("me", "word"))
    with pytest.raises(ClearTextError, match="proxy"):
        tcp(tcp_echo.url, proxy=given, **there)
    with pytest.raises(ClearTextError):
        http("http://127.0.0.1:1", proxy=given, **there)
    assert proxy.log.client_bytes() == b""
    tcp(tcp_echo.url, proxy=given, tls="off", **there)
    tcp(tcp_echo.url, proxy=f"http://me:word@proxy.test:{proxy.port}", **there)
    tcp(tcp_echo.url, proxy=Proxy(proxy.url, auth=("me", lambda: "word")))


def test_the_password_is_masked_in_the_trace(net_servers: Any, tcp_echo: Any) -> None:
    proxy = net_servers("proxy", users={"me": "word4u"})
    for kind in ("http", "socks5"):
        events: list[Any] = []
        tcp(tcp_echo.url, proxy=proxy.url_for(kind, "me", "word4u"), on_event=events.append)
        seen = b"".join(event.bytes for event in events if event.kind == "send")
        assert b"***" in seen
        assert b"word4u" not in seen


# -- from the environment


@pytest.fixture
def proxied(net_servers: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Whether a call goes through the proxy with such an environment."""

    def asked(call: Callable[..., None], url: str, **environ: str) -> bool:
        proxy = net_servers("proxy", hosts={"there.test": "127.0.0.1"})
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value.replace("PROXY", f"127.0.0.1:{proxy.port}"))
            call(url, tls="off", resolve={("there.test", int(url.rpartition(":")[2])): ["127.0.0.1"]})
        return bool(proxy.requests)

    return asked


def test_the_environments_variables_are_read_as_curl_reads_them(
    proxied: Any, http_server: Any, ftp_server: Any, tcp_echo: Any
) -> None:
    web = http_server.url
    assert proxied(http, web, http_proxy="http://PROXY")
    assert proxied(http, web, all_proxy="socks5h://PROXY")
    assert proxied(http, web, ALL_PROXY="PROXY")
    assert not proxied(http, web, HTTP_PROXY="http://PROXY")  # a CGI program's Proxy header
    assert not proxied(http, web, https_proxy="http://PROXY")
    assert proxied(ftp, ftp_server.url, FTP_PROXY="http://PROXY")
    assert not proxied(ftp, ftp_server.url, http_proxy="http://PROXY")
    assert proxied(tcp, tcp_echo.url, tcp_proxy="socks4://PROXY")


@pytest.mark.parametrize(
    ("listed", "goes"),
    [
        ("*", False), ("there.test", False), (".test", False), ("test", False), ("THERE.test", False),
        ("*.test", False), ("other.test, there.test", False), ("here.test", True), ("re.test", True), ("", True),
        ("there.test:1", True),
    ],
)  # fmt: skip
def test_no_proxy_lists_what_is_reached_directly(proxied: Any, tcp_echo: Any, listed: str, goes: bool) -> None:
    url = f"tcp://there.test:{tcp_echo.port}"
    assert proxied(tcp, url, all_proxy="http://PROXY", no_proxy=listed) is goes


@pytest.mark.parametrize("listed", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1:PORT"])
def test_no_proxy_lists_addresses_and_networks(proxied: Any, tcp_echo: Any, listed: str) -> None:
    listed = listed.replace("PORT", str(tcp_echo.port))
    assert not proxied(tcp, tcp_echo.url, all_proxy="http://PROXY", NO_PROXY=listed)


def test_bypass_and_none_go_directly(proxy_server: Any, tcp_echo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tcp(tcp_echo.url, proxy=Proxy(proxy_server.url, bypass=("127.0.0.1",)))
    monkeypatch.setenv("all_proxy", proxy_server.url)
    tcp(tcp_echo.url, proxy=None)
    tcp(tcp_echo.url, proxy="")
    assert not proxy_server.requests


def test_what_cannot_go_through_a_proxy_is_said(proxy_server: Any, ftp_server: Any, net_servers: Any) -> None:
    with pytest.raises(UnsupportedError) as caught:
        nettools.ftp_get(f"{ftp_server.url}/pub/hello.txt", active=True, tls="off", auth=ALICE, proxy=proxy_server.url)
    assert caught.value.side == "nettools"
    six = {"resolve": {("six.test", 1): ["::1"]}}
    with pytest.raises(nettools.ResolveError, match="IPv4"):
        tcp("tcp://six.test:1", proxy=proxy_server.url_for("socks4"), **six)


@pytest.mark.usefixtures("ipv6")
def test_ipv6_goes_through_where_the_kind_has_it(net_servers: Any, proxy_server: Any) -> None:
    server = net_servers("tcp", host="::1")
    for kind in ("http", "socks5", "socks5h"):
        tcp(server.url, proxy=proxy_server.url_for(kind))
    assert {request.host for request in proxy_server.requests} == {"::1"}
