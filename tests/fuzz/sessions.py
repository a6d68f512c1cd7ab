"""One target a session: what is done through the facade, and the conversation with a fake that it is spoiled from."""

from __future__ import annotations

import contextlib
import functools
import re
import tempfile
from collections.abc import Callable
from typing import Any
from unittest import mock

import nettools
from fuzz.player import TAG, Player
from fuzz.strategies import Transcript
from nettools import Auth, NettoolsError, Secret, Timeout
from nettools.testing import World, servers
from nettools.testing.log import Record

__all__ = ["ALICE", "OPTIONS", "SESSIONS", "asked", "recorded", "session_target"]

OPTIONS: dict[str, Any] = {
    "timeout": Timeout(connect=2, idle=0.3, total=2),
    "tls": "off",
    "proxy": None,
    "max_size": 1 << 20,
}
ALICE = Auth("alice", "secret", mechanism="PLAIN")  # a challenge would be another one each time
RAW = b"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHallo\r\n"
ARTICLE = b"From: bob@example.org\r\nNewsgroups: local.test\r\nSubject: s\r\nMessage-ID: <1@x>\r\n\r\nText.\r\n"

Action = Callable[[str], Any]


def _download(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        nettools.download(f"{url}/pub/hello.txt", folder, resume=True, **OPTIONS)


def _several(*actions: Callable[[Any], Any], auth: Auth | None = ALICE) -> Callable[[str], None]:
    """Operations of one session; one that fails does not keep the others from being tried."""

    def act(url: str) -> None:
        with nettools.connect(url, auth=auth, **OPTIONS) as session:
            for action in actions:
                with contextlib.suppress(NettoolsError):
                    action(session)

    return act


WATCHED = Transcript(
    (
        b"* OK [CAPABILITY IMAP4rev1 SASL-IR IDLE UIDPLUS AUTH=PLAIN] Hello\r\n",
        (
            b"ABCD0 OK [CAPABILITY IMAP4rev1 SASL-IR IDLE UIDPLUS] Logged in\r\n"  # EXAMINE was sent ahead
            b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1] v\r\n* OK [UIDNEXT 1] n\r\nABCD1 OK [READ-ONLY] Examined\r\n"
        ),
        b"+ Idling\r\n* 1 EXISTS\r\n",
        b"ABCD2 OK Done\r\n",
        b"* SEARCH 1\r\nABCD3 OK Searched\r\n",
        (
            b'* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 99 INTERNALDATE "26-Nov-2026 01:41:06 +0000" ENVELOPE (NIL "s" '
            b'(("B" NIL "b" "x.org")) NIL NIL ((NIL NIL "a" "x.org")) NIL NIL NIL NIL))\r\nABCD4 OK Fetched\r\n'
        ),
    ),
    tag=b"ABCD",
)


def _through(kind: str) -> Action:
    """The player is the proxy, and what is beyond it."""

    def exchange(url: str) -> None:
        proxy = url.replace("tcp:", f"{kind}:")
        nettools.exchange("tcp://h.example:7", b"PING\r\n", until=b"\n", **(OPTIONS | {"proxy": proxy}))

    return exchange


SCRIPT = [("login: ", "alice"), ("Password: ", Secret("secret")), (re.compile(r"\$ "), "exit"), ("bye", None)]

SESSIONS: dict[str, tuple[str, Action]] = {
    "http-fetch": ("http", lambda url: nettools.fetch_page(f"{url}/pub/index.html", follow=3, **OPTIONS).to_dict()),
    "http-download": ("http", _download),
    "ftp-get": ("ftp", lambda url: nettools.ftp_get(f"{url}/pub/hello.txt", auth=ALICE, **OPTIONS)),
    "ftp-list": ("ftp", lambda url: nettools.ftp_list(f"{url}/pub/", auth=ALICE, **OPTIONS)),
    "ftp-put": ("ftp", lambda url: nettools.ftp_put(b"data", f"{url}/new.txt", auth=ALICE, **OPTIONS)),
    "smtp-send": (
        "smtp",
        lambda url: nettools.send_mail(
            url, sender="b@x.org", to=["alice@x.org", "alice@y.org"], text="Hi", auth=ALICE, **OPTIONS
        ),
    ),
    "pop3-session": (
        "pop3",
        _several(lambda s: s.list(), lambda s: list(s.fetch_many()), lambda s: s.delete(numbers=1)),
    ),
    "imap-session": (
        "imap",
        _several(
            lambda s: s.folders(),
            lambda s: s.list(),
            lambda s: s.fetch(number=1),
            lambda s: s.search(nettools.Query(unseen=True)),
            lambda s: s.append(RAW),
            lambda s: s.flag(1, add="\\Seen"),
            lambda s: s.move(1, "Trash"),
        ),
    ),
    "nntp-session": (
        "nntp",
        _several(
            lambda s: s.groups(),
            lambda s: s.list(group="local.test"),
            lambda s: s.fetch(1, group="local.test"),
            lambda s: s.post(ARTICLE),
        ),
    ),
    "telnet-run": ("telnet", lambda url: nettools.telnet_run(url, SCRIPT, **OPTIONS)),
    "gopher-get": ("gopher", lambda url: nettools.gopher_get(f"{url}/0/pub/hello.txt", **OPTIONS)),
    "gopher-list": ("gopher", lambda url: nettools.gopher_list(url, **OPTIONS)),
    "xmlrpc-call": (
        "xmlrpc",
        _several(
            lambda s: s.call("echo", "Grüße", [1, None, {"a": 2.5, "b": b"\0"}]),
            lambda s: s.multicall([("add", 1, 2), ("system.listMethods",)]),
            lambda s: s.methods(),
            auth=None,
        ),
    ),
    "tcp-exchange": ("tcp", lambda url: nettools.exchange(url, b"PING\r\n", until=b"\n", **OPTIONS)),
    "unix-exchange": ("unix", lambda url: nettools.exchange(url, b"PING\r\n", until=b"\n", **OPTIONS)),
    "imap-watch": ("imap", lambda url: next(nettools.watch_mail(url, auth=ALICE, **OPTIONS), None)),
    "socks5": ("tcp", _through("socks5h")),
    "socks5-login": ("tcp", lambda url: _through("socks5h")(url.replace("//", "//user:word@"))),
    "socks4": ("tcp", _through("socks4a")),
    "connect": ("tcp", _through("http")),
    "udp-exchange": ("udp", lambda url: nettools.exchange(url, b"PING\r\n", **OPTIONS)),
}

KNOWN = {
    "imap-watch": WATCHED,
    "socks5": Transcript((b"\5\0", b"\5\0\0\1\0\0\0\0\0\0", b"PONG\n")),
    "socks5-login": Transcript((b"\5\2", b"\1\0", b"\5\0\0\3\1h\0\0", b"PONG\n")),
    "socks4": Transcript((b"\0\x5a\0\0\0\0\0\0", b"PONG\n")),
    "connect": Transcript((b"HTTP/1.1 200 Established\r\nVia: x\r\n\r\n", b"PONG\n")),
}  # where a fake says too little, or nothing by itself


@functools.cache
def _log(name: str) -> tuple[bytes, tuple[Record, ...]]:
    """A file that the fake has, and what was said on both sides when all went well."""
    protocol, action = SESSIONS[name]
    world = World()
    world.inbox("alice").append(RAW)
    world.groups["local.test"].add(ARTICLE)
    with servers(protocol, world=world) as running:
        server = running.running[protocol]
        with mock.patch.dict(OPTIONS, timeout=20):  # nothing here keeps silent on purpose
            action(server.url)
        return world.files["pub/hello.txt"], tuple(each for each in tuple(server.log.records) if each.direction in "CS")


@functools.cache
def recorded(name: str) -> tuple[Transcript, ...]:
    """What a server says when all goes well."""
    if name in KNOWN:
        return (KNOWN[name],)
    file, records = _log(name)
    pieces: list[bytes] = []
    data = b""
    last = "C"
    for record in records:
        if record.connection != records[0].connection or record.protocol != records[0].protocol:
            data += record.bytes if record.direction == "S" else b""
            continue
        if record.direction == "S":
            if last == "S" and pieces:
                pieces[-1] += record.bytes
            else:
                pieces.append(record.bytes)
        if record.direction == "S" or "ahead" not in record.note:  # what was sent ahead is answered with the rest
            last = record.direction
    assert pieces, f"{name}: nothing was recorded"
    tag = next((each[1] for record in records if (each := TAG.match(record.bytes))), b"")
    return (Transcript(tuple(pieces), data or file, tag if SESSIONS[name][0] == "imap" else b""),)


@functools.cache
def asked(name: str) -> bytes:
    """What the client says when all goes well, on its first connection."""
    _, records = _log(name)
    first = records[0]
    return b"".join(
        record.bytes
        for record in records
        if (record.direction, record.connection, record.protocol) == ("C", first.connection, first.protocol)
    )


def session_target(name: str, player: Player) -> Callable[[Transcript], None]:
    """A function of a transcript: play it to the session."""
    protocol, action = SESSIONS[name]

    def play(transcript: Transcript) -> None:
        player.play(transcript)
        action(player.url(protocol))

    return play
