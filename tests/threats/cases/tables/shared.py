"""What the tables share: expectations, and servers that do one thing."""

from __future__ import annotations

from threats.cases.common import MAILBOX

ERROR = dict(outcome="error")
ANY = dict(outcome="any")
CLEAR = dict(MAILBOX, tls="none")


def endless(start: bytes, chunk: bytes):
    def serve(c, *a):
        c.send(start)
        c.flood(chunk)
        return False

    return serve


def says(data: bytes):
    """Send this, with the tag of the command for {tag}, and go on."""

    def serve(c, arg, st):
        c.send(data.replace(b"{tag}", st.tag or b""))

    return serve
