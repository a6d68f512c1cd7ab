"""Whatever a server says: a session gives a result or an error of ours, and a success only for a 2xx to the message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nettools
from nettools.testing.server import Connection, Server

EHLO = [b"250-mail\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-CHUNKING\r\n250 8BITMIME\r\n", b"250 mail\r\n"]
TALK = [b"220 hi\r\n", EHLO[0], b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n", b"221 bye\r\n"]
REPLIES = [
    *TALK,
    EHLO[1],
    b"451 later\r\n",
    b"550 no\r\n",
    b"421 bye\r\n",
    b"334 x\r\n",
    b"503 order\r\n",
    b"250-",
    b"\r\n",
]
WHOLE = st.lists(st.sampled_from(REPLIES) | st.binary(max_size=20), max_size=9)


@st.composite
def mutated(draw: st.DrawFn) -> list[bytes]:
    """A conversation in which one thing, or nothing, is not as it should be."""
    talk = list(TALK)
    place = draw(st.integers(0, len(talk) - 1))
    how = draw(st.sampled_from(["drop", "double", "other", "cut", "flip", "none"]))
    if how == "drop":
        del talk[place]
    elif how == "double":
        talk.insert(place, talk[place])
    elif how == "other":
        talk[place] = draw(st.sampled_from(REPLIES) | st.binary(max_size=30))
    elif how == "cut":
        talk = [*talk[:place], talk[place][: draw(st.integers(0, len(talk[place])))]]
    elif how == "flip":
        at = draw(st.integers(0, len(talk[place]) - 1))
        talk[place] = talk[place][:at] + draw(st.binary(min_size=1, max_size=1)) + talk[place][at + 1 :]
    return talk


class Parrot(Server):
    """Says everything it has to say at once, and then only listens."""

    protocol = "smtp"
    words = b""

    async def session(self, conn: Connection) -> None:
        await conn.write(self.words)
        conn.writer.write_eof()
        while await conn.read():
            pass


@pytest.fixture(scope="module")
def parrot() -> Any:
    with Parrot() as server:
        yield server


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(talk=mutated() | WHOLE, batch=st.booleans(), login=st.booleans())
def test_any_conversation_ends_in_time_with_a_result_or_an_error_of_ours(
    parrot: Parrot, talk: list[bytes], batch: bool, login: bool
) -> None:
    parrot.words = b"".join(talk)
    mail = {"sender": "b@x.org", "to": "a@x.org", "text": "x"}
    options: dict[str, Any] = {"timeout": 5, "auth": ("alice", "secret") if login else None}
    try:
        if batch:
            reports = nettools.send_mails(parrot.url, [mail, mail], **options)
        else:
            reports = (nettools.send_mail(parrot.url, **mail, **options),)
    except nettools.DeadlineError:
        raise  # everything was said at once: there is nothing to wait for
    except nettools.NettoolsError:
        return
    for report in reports:
        assert bool(report.accepted) == (report.reply is not None and 200 <= int(report.reply.code) < 300)
