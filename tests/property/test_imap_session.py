"""Whatever an IMAP server says: a session gives a result that fits what was asked, or an error of ours, in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nettools
from nettools.testing.server import Connection, Server
from property.talk import mutated

BODY = b"Subject: x\r\n\r\nhello\r\n"
TALK = [
    b"* OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MOVE] hi\r\n",
    b"TAG OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MOVE] in\r\n",
    b"* 2 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK [READ-WRITE] open\r\n",
    b'* 1 FETCH (UID 7 RFC822.SIZE 20 FLAGS () INTERNALDATE " 1-Jan-2026 00:00:00 +0000" ENVELOPE (NIL {1}\r\nx NIL'
    b" NIL NIL NIL NIL NIL NIL NIL) BODY[] {%d}\r\n%b)\r\nTAG OK fetched\r\n" % (len(BODY), BODY),
    b"TAG OK done\r\n",
    b"* BYE\r\nTAG OK out\r\n",
]
REPLIES = [
    *TALK,
    b"TAG NO no\r\n",
    b"TAG BAD [ALERT] bad\r\n",
    b"* BYE gone\r\n",
    b"+ go on\r\n",
    b"X9 OK other\r\n",
    b"* 1 EXPUNGE\r\n",
    b"* 99999999999 EXISTS\r\n",
    b'* 1 FETCH (UID 8 BODY[] "x")\r\n',
    b"* 1 FETCH (FLAGS (\\Seen))\r\n",
    b"* SEARCH 1 2 7\r\nTAG OK\r\n",
    b"* OK [COPYUID 1 7 1:4294967295] x\r\nTAG OK\r\n",
    b"* LIST () NIL {3}\r\nabc\r\nTAG OK\r\n",
    b"* 1 FETCH (BODY[] {99",
    b"{5}\r\n",
    b"* CAPABILITY\r\n",
]
WHOLE = st.lists(st.sampled_from(REPLIES) | st.binary(max_size=20), max_size=8)


class Parrot(Server):
    """Says the next of its words to each line, with the tag of that; closes when it has no more, or hears nothing."""

    protocol = "imap"
    words: tuple[bytes, ...] = ()

    async def session(self, conn: Connection) -> None:
        first, *rest = (*self.words, b"") if self.words else (b"",)
        await conn.write(first)
        for words in rest:
            try:
                line = await asyncio.wait_for(conn.readline(), 0.05)
            except TimeoutError:
                break
            if not line:
                return
            await conn.write(words.replace(b"TAG", line.split(b" ")[0].strip()[:40]))
        with contextlib.suppress(OSError):  # the client may be gone by now
            conn.writer.write_eof()
        while await conn.read():
            pass


@pytest.fixture(scope="module")
def parrot() -> Any:
    with Parrot() as server:
        yield server


def listed(url: str, options: dict[str, Any]) -> None:
    for info in nettools.list_mail(url, **options):
        assert int(info.uid) > 0
        info.to_dict()


def fetched(url: str, options: dict[str, Any]) -> None:
    mail = nettools.fetch_mail(url, 7, **options)
    assert mail.info.uid == "7"
    mail.to_dict()


def moved(url: str, options: dict[str, Any]) -> None:
    assert all(uid.isdigit() for uid in nettools.move_mail(url, 7, "x", **options))


CALLS: list[Callable[[str, dict[str, Any]], None]] = [
    listed,
    fetched,
    moved,
    lambda url, options: nettools.delete_mail(url, 7, **options),
    lambda url, options: nettools.flag_mail(url, 7, add="\\Seen", **options),
    lambda url, options: [str(folder) for folder in nettools.list_folders(url, **options)].sort(),
    lambda url, options: [int(uid) for uid in nettools.search_mail(url, "ALL", **options)].sort(),
    lambda url, options: [each.to_dict() for each in nettools.fetch_mails(url, **options)].clear(),
    lambda url, options: str.isdigit(nettools.append_mail(url, b"Subject: x\n\n", **options) or "1") or None,
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(talk=mutated(TALK, REPLIES) | WHOLE, call=st.sampled_from(CALLS))
def test_any_conversation_ends_in_time_with_a_result_or_an_error_of_ours(
    parrot: Parrot, talk: list[bytes], call: Callable[[str, dict[str, Any]], None]
) -> None:
    parrot.words = tuple(talk)
    try:
        call(parrot.url, {"timeout": 5, "auth": ("alice", "secret")})
    except nettools.DeadlineError:
        raise  # the server closes: there is nothing to wait for
    except nettools.NettoolsError as error:
        assert error.protocol == "imap"  # noqa: PT017  # whatever it is, it is complete
