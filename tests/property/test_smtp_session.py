"""Whatever a server says: a session gives a result or an error of ours, and a success only for a 2xx to the message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nettools
from nettools.testing.server import Connection, Server
from property.talk import mutated

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
@given(talk=mutated(TALK, REPLIES) | WHOLE, batch=st.booleans(), login=st.booleans())
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
