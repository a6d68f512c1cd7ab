"""What a program that uses nettools looks like to a type checker: `make types` reads this, nothing runs it.

A line that has to be an error carries a `type: ignore`, which would be one itself if the checker had nothing to say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import nettools
from nettools import Auth, Options, Query, Retry, Timeout, testing
from nettools.target import parse_endpoint


def functions_give_values() -> None:
    page = nettools.fetch_page("https://example.org/", params={"q": "x"}, timeout=Timeout(total=20), retry=Retry(3))
    assert_type(page, nettools.Page)
    assert_type(page.status, int)
    assert_type(page.links, tuple[str, ...])
    page.lnks  # type: ignore[attr-defined]  # noqa: B018
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
    assert not [refusal for refusal in report.refused.values() if refusal.temporary or refusal.code == 550]
    return len(report.accepted)


def sessions() -> None:
    with nettools.connect("smtps://h", kind=nettools.SMTPSession, auth=Auth("me", lambda: "word")) as session:
        assert_type(session, nettools.SMTPSession)
        assert_type(session.send(to=["a@b.c"], subject="Hi", text="Hello", partial=False), nettools.SendReport)
        session.send(too="a@b.c")  # type: ignore[call-arg]
    with nettools.connect("imaps://h", kind=nettools.IMAPSession, auth=("me", nettools.Secret("word"))) as mail:
        assert_type(mail.fetch_part("7", section="1.2", partial=(0, 100)), bytes)
        mail.fetch_part("7", section=None)  # type: ignore[arg-type]
    with nettools.connect("news://h") as news:
        assert isinstance(news, nettools.NNTPSession)
        assert_type(news.post(group="local.test", subject="Hi", text="Hello").message_id, str)
        news.post(subjekt="Hi")  # type: ignore[call-arg]
    nettools.connect("imaps://h", kind=int)  # type: ignore[type-var]


def sessions_of_a_kind_that_only_the_address_says(url: str) -> None:
    with nettools.connect(url, timeout=5) as session:
        kept: nettools.Session = session
        assert_type(kept.capabilities, frozenset[str])
        for entry in session.list():
            print(entry.name)
        nettools.connect(url, timeuot=5)  # type: ignore[call-overload]


def many_calls(urls: list[str]) -> int:
    for fetched in nettools.download_many(urls, "folder"):
        assert_type(fetched.result(), nettools.Transfer)
    for outcome in nettools.run_many([(nettools.fetch_page, url) for url in urls]):
        assert_type(outcome.value, nettools.Page | None)
    for each in nettools.run_many([lambda: nettools.list_mail("imaps://h")]):
        assert_type(each.result(), tuple[nettools.MailInfo, ...])
    mixed: list[Any] = [lambda: 1, (nettools.fetch_page, "https://h")]
    anything: list[nettools.Outcome] = list(nettools.run_many(mixed))
    return len(anything)


def telnet_by_hand() -> None:
    with nettools.connect("telnet://h", kind=nettools.TelnetSession) as session:
        assert_type(session.read_until("login: "), str)
        assert_type(session.read_until(re.compile(rb"[$#] ")), bytes)


def test_of_ones_own(smtp_server: testing.SMTPServer, world: testing.World) -> None:
    assert_type(testing.assert_mail(world, to="alice@x.org").links(), list[str])
    with testing.servers("imap", world=world) as running:
        assert_type(running.imap, testing.IMAPServer)
        assert_type(running.imap.log.round_trips(), int)


def values_are_frozen(entry: nettools.FileEntry) -> dict[nettools.FileEntry, str]:
    entry.size = 3  # type: ignore[misc]
    return {entry: entry.name}
