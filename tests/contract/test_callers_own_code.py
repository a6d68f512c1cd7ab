"""What the caller's own code raises: callbacks' exceptions come back as they are, files' and callables' as ours."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import Auth, FileError, UsageError
from nettools.testing import Sandbox, servers


class OwnError(Exception):
    """No exception of nettools."""


def fail(*_: object) -> Any:
    raise OwnError("s3cret")


def broken_blocks() -> Iterator[bytes]:
    yield b"the first"
    raise OwnError("no more")


class Broken(io.RawIOBase):
    read = write = fail


@pytest.fixture
def fakes() -> Iterator[Sandbox]:
    with servers("http", "ftp", "smtp", "imap", "nntp", "telnet", "gopher", "xmlrpc", "tcp") as running:
        yield running


ALICE = ("alice", "secret")
CALLS: dict[str, Callable[..., Any]] = {
    "page": lambda s, **k: nettools.fetch_page(f"{s.http.url}/pub/hello.txt", **k),
    "file": lambda s, **k: nettools.ftp_get(f"{s.ftp.url}/pub/hello.txt", **k),
    "mailbox": lambda s, **k: nettools.list_mail(s.imap.url, auth=ALICE, **k),
    "mails": lambda s, **k: list(nettools.fetch_mails(s.imap.url, auth=ALICE, **k)),
    "news": lambda s, **k: nettools.list_articles(s.nntp.url, group="local.test", **k),
    "menu": lambda s, **k: nettools.gopher_list(s.gopher.url, **k),
    "procedure": lambda s, **k: nettools.call_xmlrpc(s.xmlrpc.url, "add", 1, 2, **k),
    "socket": lambda s, **k: nettools.exchange(s.tcp.url, b"x", **k),
    "session": lambda s, **k: nettools.connect(s.imap.url, auth=ALICE, **k),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_exception_of_on_event_ends_the_call_and_comes_back_as_it_is(fakes: Sandbox, call: str) -> None:
    with pytest.raises(OwnError):
        CALLS[call](fakes, on_event=fail)


@pytest.mark.parametrize("call", ["file", "mailbox", "mails", "news", "session"])
def test_an_exception_of_on_event_at_the_goodbye_comes_back_as_it_is(fakes: Sandbox, call: str) -> None:
    def at_the_end(event: Any) -> None:
        if event.kind == "send" and event.text.rstrip().endswith(("QUIT", "LOGOUT")):
            raise OwnError("mine")

    with pytest.raises(OwnError, match="mine"):
        CALLS[call](fakes, on_event=at_the_end).close()


@pytest.mark.parametrize("call", ["page", "file"])
def test_an_exception_of_progress_ends_the_call_and_comes_back_as_it_is(fakes: Sandbox, call: str) -> None:
    with pytest.raises(OwnError):
        CALLS[call](fakes, progress=fail)


def test_an_exception_of_a_scripts_callable_comes_back_as_it_is(fakes: Sandbox) -> None:
    with pytest.raises(OwnError):
        nettools.telnet_run(fakes.telnet.url, [("login: ", fail)])


@pytest.mark.parametrize("name", ["http", "ftp", "imap", "smtp", "nntp"])
def test_a_callable_for_a_password_that_fails_is_told_without_its_words(fakes: Sandbox, name: str) -> None:
    auth = Auth("alice", fail)
    with pytest.raises(UsageError, match=r"^the callable for password= failed: OwnError$") as caught:
        nettools.connect(getattr(fakes, name).url, auth=auth).ping()
    assert caught.value.exit_code == 67
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("source", [Broken, broken_blocks])
def test_a_source_that_fails_is_a_file_that_cannot_be_read(fakes: Sandbox, source: Callable[[], Any]) -> None:
    for send in (
        lambda: nettools.fetch_page(f"{fakes.http.url}/_echo", method="POST", data=source()),
        lambda: nettools.ftp_put(source(), f"{fakes.ftp.url}/new", auth=ALICE),
    ):
        with pytest.raises(FileError, match="cannot read") as caught:
            send()
        assert caught.value.exit_code == 26
    assert "new" not in fakes.world.files


def test_a_message_that_cannot_be_read_is_a_file_that_cannot_be_read(fakes: Sandbox) -> None:
    for send in (
        lambda: nettools.send_mail(fakes.smtp.url, to="alice@a.example", sender="b@b.example", message=Broken()),
        lambda: nettools.send_mail(
            fakes.smtp.url, to="alice@a.example", sender="b@b.example", text="x", attachments=[("a", Broken())]
        ),
        lambda: nettools.append_mail(fakes.imap.url, Broken(), auth=ALICE),
    ):
        with pytest.raises(FileError, match="cannot read") as caught:
            send()
        assert caught.value.exit_code == 26
    assert not list(fakes.world.inbox("alice"))


def test_a_destination_that_fails_is_a_file_that_cannot_be_written(fakes: Sandbox, tmp_path: Path) -> None:
    for fetch in (
        lambda: nettools.download(f"{fakes.http.url}/pub/hello.txt", Broken()),
        lambda: nettools.ftp_get(f"{fakes.ftp.url}/pub/hello.txt", Broken()),
        lambda: nettools.gopher_get(f"{fakes.gopher.url}/0/pub/hello.txt", Broken()),
    ):
        with pytest.raises(FileError, match="cannot write") as caught:
            fetch()
        assert caught.value.exit_code == 23
