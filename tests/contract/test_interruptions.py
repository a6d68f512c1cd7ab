"""An interruption at any moment: no socket stays open, no part has a file's name, and a session goes on.

`KeyboardInterrupt` is raised at each event of a call in turn, from the look-up of the name to the end of the goodbye.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools.facade.connecting import protocol_named
from nettools.session import make_session
from nettools.testing import Sandbox, servers
from nettools.wire.dial import Dialer
from nettools.wire.guard import Guard

ALICE = ("alice", "secret")
BIG = bytes(range(256)) * 1200
Call = Callable[..., Any]


@pytest.fixture
def fakes() -> Iterator[Sandbox]:
    names = ("http", "ftp", "smtp", "pop3", "imap", "nntp", "gopher", "xmlrpc", "tcp", "udp", "unix")
    with servers(*names, tls=True) as running:
        running.world.files["pub/big.bin"] = BIG
        yield running


@pytest.fixture
def dialed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every socket that is dialed while the test runs, and its TLS twin."""
    socks: list[Any] = []
    guard, hand_over = Dialer.guard, Guard.hand_over

    def noted(self: Dialer, sock: Any) -> Any:
        socks.append(sock)
        return guard(self, sock)

    def handed_over(self: Guard, other: Guard) -> None:
        socks.append(other)
        hand_over(self, other)

    monkeypatch.setattr(Dialer, "guard", noted)
    monkeypatch.setattr(Guard, "hand_over", handed_over)
    return socks


def at_each_moment(call: Call) -> Iterator[bool]:
    """The call, interrupted at its first event, its second, and so on; True at last, when it was not."""
    for moment in range(1, 1000):
        left = moment

        def interrupt(event: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        try:
            call(on_event=interrupt)
        except KeyboardInterrupt:
            yield False
        else:
            assert left > 0, "the call has swallowed the interruption"
            yield True
            return
    raise AssertionError("the call has no end")


CALLS: dict[str, Call] = {
    "page": lambda s, d, **k: nettools.fetch_page(f"{s.http.url}/pub/hello.txt", **k),
    "download": lambda s, d, **k: nettools.download(f"{s.http.url}/pub/big.bin", d / "big.bin", **k),
    "file": lambda s, d, **k: nettools.ftp_get(f"{s.ftp.url}/pub/big.bin", d / "big.bin", **k),
    "upload": lambda s, d, **k: nettools.ftp_put(b"x" * 70_000, f"{s.ftp.url}/new", auth=ALICE, **k),
    "send": lambda s, d, **k: nettools.send_mail(s.smtp.url, to="alice@a.org", sender="b@b.org", text="x", **k),
    "imap": lambda s, d, **k: list(nettools.fetch_mails(s.imap.url, auth=ALICE, **k)),
    "pop3": lambda s, d, **k: list(nettools.fetch_mails(s.pop3.url, auth=ALICE, **k)),
    "news": lambda s, d, **k: nettools.list_articles(s.nntp.url, group="local.test", **k),
    "menu": lambda s, d, **k: nettools.gopher_get(f"{s.gopher.url}/9/pub/big.bin", d / "big.bin", **k),
    "procedure": lambda s, d, **k: nettools.call_xmlrpc(s.xmlrpc.url, "add", 1, 2, **k),
    "secure page": lambda s, d, **k: nettools.fetch_page(f"{s.http.tls_url}/pub/hello.txt", **k),
    "datagram": lambda s, d, **k: nettools.exchange(s.udp.url, b"x", **k),
    "path": lambda s, d, **k: nettools.exchange(s.unix.url, b"x", **k),
    "socket": lambda s, d, **k: nettools.exchange(s.tcp.url, BIG, **k),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_left_behind(fakes: Sandbox, dialed: list[Any], tmp_path: Path, name: str) -> None:
    fakes.world.deliver("alice@example.org", b"Subject: x\r\n\r\nbody\r\n")
    tls = nettools.TLS(ca=fakes.ca)
    for done in at_each_moment(lambda **k: CALLS[name](fakes, tmp_path, tls=tls, **k)):
        assert [sock for sock in dialed if sock.fileno() != -1] == []
        for path in tmp_path.glob("*.bin"):
            assert path.read_bytes() == BIG
        assert done or fakes.world.files.get("new", b"x" * 70_000) == b"x" * 70_000


def test_a_session_goes_on_over_another_connection(fakes: Sandbox, dialed: list[Any]) -> None:
    moments: list[int] = []

    def interrupt(event: Any) -> None:
        if moments and moments.pop() == 0:
            raise KeyboardInterrupt

    with nettools.connect(fakes.ftp.url, auth=ALICE, tls="off", on_event=interrupt) as files:
        for wait in range(3):
            moments[:] = [0, *[1] * wait]
            with pytest.raises(KeyboardInterrupt):
                files.get("pub/hello.txt")  # type: ignore[attr-defined]
            assert files.get("pub/hello.txt").data == b"Hello, world.\n"  # type: ignore[attr-defined]
    assert all(sock.fileno() == -1 for sock in dialed)


@pytest.mark.parametrize("protocol", ["http", "ftp", "tcp"])
def test_a_session_that_another_thread_closes_while_it_connects_says_nothing(fakes: Sandbox, protocol: str) -> None:
    def close(event: Any) -> None:
        if (event.stage, event.kind) == ("connect", "end"):
            thread = threading.Thread(target=session.close)
            thread.start()
            thread.join()

    server = fakes.running[protocol]
    session: Any = make_session(protocol_named(protocol), server.url, {"on_event": close, "tls": "off"})
    ask = {"http": lambda: session.fetch("/"), "ftp": lambda: session.get("x"), "tcp": lambda: session.exchange(b"x")}
    with pytest.raises(nettools.DisconnectedError, match="closed meanwhile"):
        ask[protocol]()
    assert server.log.client_bytes() == b""


def test_a_server_whose_start_is_interrupted_listens_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    start, begun = threading.Thread.start, []

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        begun.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nettools.listen("tcp://127.0.0.1:0", lambda connection: None)
    begun[0].join(10)
    assert not begun[0].is_alive()
