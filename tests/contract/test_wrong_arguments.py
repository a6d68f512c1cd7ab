"""Arguments that make no sense are the caller's mistake, and told so: never the server's, never a bare TypeError."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import UsageError, connect

MAIL = b"Subject: one\r\n\r\nbody\r\n"
WRONG: list[tuple[str, str, Callable[[Any], object]]] = [
    ("http", "", lambda web: web.fetch("/pub/hello.txt", method="POST", files=3)),
    ("http", "", lambda web: web.fetch("/pub/hello.txt", unix_socket=3)),
    ("http", "", lambda web: web.fetch("/pub/hello.txt", unix_socket=[])),
    ("xmlrpc", "", lambda far: far.multicall(None)),
    ("ftp", "", lambda files: files.list("pub", pattern=3)),
    ("ftp", "", lambda files: files.command(None)),
    ("smtp", "", lambda mail: mail.command(None)),
    ("imap", "", lambda mail: mail.list(limit=3.5)),
    ("imap", "", lambda mail: mail.save_attachments("1", "there", pattern=3)),
    ("pop3", "", lambda mail: mail.list(limit="all")),
    ("pop3", "", lambda mail: mail.fetch_part(number=1, section=None)),
    ("pop3", "", lambda mail: mail.folders(pattern=None)),
    ("pop3", "", lambda mail: mail.command(None)),
    ("nntp", "/local.test", lambda news: news.list(first="1")),
    ("nntp", "/local.test", lambda news: news.list(last=b"1")),
    ("nntp", "/local.test", lambda news: news.list(limit=-1)),
    ("nntp", "", lambda news: news.command(None)),
    ("telnet", "", lambda far: far.send(None)),
    ("telnet", "", lambda far: far.send_line(3)),
    ("telnet", "", lambda far: far.read_until("login:", timeout="long")),
    ("gopher", "", lambda menu: menu.get(3)),
    ("gopher", "", lambda menu: menu.search("/", 3)),
    ("tcp", "", lambda far: far.send("\ud800")),
    ("tcp", "", lambda far: far.exchange(b"x", until="\ud800")),
]


@pytest.mark.parametrize(("protocol", "path", "act"), WRONG)
def test_a_wrong_argument_of_a_method_is_a_usage_error(
    protocol: str, path: str, act: Callable[[Any], object], net_servers: Callable[..., Any]
) -> None:
    server = net_servers(protocol, tls=False)
    auth = {"auth": ("alice", "secret")} if protocol in ("ftp", "imap", "pop3") else {}
    with connect(server.url + path, timeout=20, **auth) as session, pytest.raises(UsageError):
        act(session)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_newest_first_is_whatever_is_true(protocol: str, net_servers: Callable[..., Any]) -> None:
    server = net_servers(protocol, tls=False)
    for _ in range(2):
        server.world.deliver("alice", MAIL)
    found = [
        [info.number for info in nettools.list_mail(server.url, newest_first=wish, auth=("alice", "secret"))]
        for wish in ("yes", None)
    ]
    assert found == [[2, 1], [1, 2]]


@pytest.mark.parametrize(
    "act",
    [
        lambda folder: nettools.run_many(None),
        lambda folder: nettools.run_many([], executor=3),
        lambda folder: nettools.download_many(None, folder),
        lambda folder: nettools.download_many([], None),
        lambda folder: nettools.download_many([], "a\0b"),
        lambda folder: nettools.parse_mail(None),
        lambda folder: nettools.parse_mail(-1),
        lambda folder: nettools.save_attachments(nettools.parse_mail(MAIL), folder, pattern=3),
        lambda folder: nettools.option_names([]),
        lambda folder: nettools.Query(uid=object()),
    ],
)
def test_a_wrong_argument_of_a_function_is_a_usage_error(act: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        act(tmp_path)
