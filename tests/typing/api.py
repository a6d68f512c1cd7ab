"""What a program that uses nettools looks like to a type checker: `make types` reads this, nothing runs it.

A line that has to be an error carries a `type: ignore`, which would be one itself if the checker had nothing to say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import nettools
from nettools import Auth, Options, Query, Retry, Timeout
from nettools.protocols.imap import IMAPSession
from nettools.protocols.nntp import NNTPSession
from nettools.protocols.smtp import SMTPSession
from nettools.target import parse_endpoint


def functions_give_values() -> None:
    page = nettools.fetch_page("https://example.org/", params={"q": "x"}, timeout=Timeout(total=20), retry=Retry(3))
    assert_type(page, nettools.Page)
    assert_type(page.status, int)
    assert_type(page.links, tuple[str, ...])
    assert_type(page.headers.get_all("Set-Cookie"), tuple[str, ...])
    assert_type(page.meta.timings["total"], float)
    assert_type(nettools.download("ftp://h/x", Path("x"), resume=True).sha256, str | None)
    assert_type(nettools.ftp_list("ftp://h/pub/"), tuple[nettools.FileEntry, ...])
    assert_type(nettools.ftp_mirror("ftp://h/pub/", Path("pub")).transferred, tuple[str, ...])
    assert_type(nettools.list_groups("news://h/"), tuple[nettools.Group, ...])
    assert_type(nettools.exchange("tcp://h:7", b"hi", until=b"\n").data, bytes)
    assert_type(nettools.gopher_list("gopher://h/")[0].url, str | None)
    assert_type(parse_endpoint("localhost", "smtp").port, int)
    nettools.fetch_page("https://example.org/", folow=3)  # type: ignore[call-arg]
    nettools.fetch_page("https://example.org/", timeout="soon")  # type: ignore[arg-type]
    nettools.fetch_page("https://example.org/", active=True)  # type: ignore[call-arg]
    nettools.ftp_get("ftp://h/x", active=True, limit_rate=1e6, on_event=print, proxy=None, tls="starttls")
    nettools.download("http://h/x", "x", newer_than=Path("x"), resolve={("h", 80): ["127.0.0.1"]}, family=4)
    nettools.fetch_page(url=3)  # type: ignore[arg-type]
    nettools.fetch_pages("https://example.org/")  # type: ignore[attr-defined]


def mail(options: Options) -> Iterator[str]:
    for info in nettools.list_mail("imaps://h/", query=Query(unseen=True), limit=None, options=options):
        assert_type(info, nettools.MailInfo)
        assert_type(info.date, dt.datetime | None)
        if info.sender is not None:
            yield info.sender.address
    whole = nettools.fetch_mail("imaps://h/INBOX", "7")
    assert_type(nettools.save_attachments(whole, "folder", pattern="*.pdf"), tuple[Path, ...])
    assert_type(nettools.move_mail("imaps://h/", Query(seen=True), "Archive"), tuple[str, ...])
    nettools.delete_mail("imaps://h/", ["7", 8])
    nettools.delete_mail("imaps://h/", 7.5)  # type: ignore[arg-type]
    nettools.ftp_mirror("site", "ftp://h/www/", exclude=[".git", "*.tmp"], delete=True)
    nettools.ftp_chmod("ftp://h/x", 0o644)
    assert_type(nettools.append_mail("imaps://h/", whole.raw, flags=["\\Seen"]), str | None)


def errors() -> int:
    try:
        report = nettools.send_mail("smtp://h", to="a@b.c", sender="me@b.c", text="Hi", attachments=[Path("a.pdf")])
    except nettools.RecipientsError as error:
        assert_type(error.hint, str | None)
        return len(error.refused)
    except nettools.DeadlineError as error:
        return error.exit_code if error.outcome_unknown else 0
    assert_type(report.message_id, str | None)
    return len(report.accepted)


def sessions() -> None:
    with nettools.connect("smtps://h", auth=Auth("me", "word")) as session:
        assert_type(session, nettools.Session)
        assert isinstance(session, SMTPSession)
        assert_type(session.send(to=["a@b.c"], subject="Hi", text="Hello", partial=False), nettools.SendReport)
        session.send(too="a@b.c")  # type: ignore[call-arg]
    with nettools.connect("imaps://h") as session:
        assert isinstance(session, IMAPSession)
        assert_type(session.fetch_part("7", section="1.2", partial=(0, 100)), bytes)
        session.fetch_part("7", section=None)  # type: ignore[arg-type]
    with nettools.connect("news://h") as session:
        assert isinstance(session, NNTPSession)
        assert_type(session.post(group="local.test", subject="Hi", text="Hello").reply, nettools.Reply | None)
        session.post(subjekt="Hi")  # type: ignore[call-arg]


def values_are_frozen(entry: nettools.FileEntry) -> dict[nettools.FileEntry, str]:
    entry.size = 3  # type: ignore[misc]
    return {entry: entry.name}
