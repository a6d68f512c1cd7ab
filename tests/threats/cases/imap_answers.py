"""Answers of an IMAP server that are none, too many, or to something else."""

from __future__ import annotations

from threats.cases.common import MAILBOX, literal
from threats.engine import MB, case
from threats.scripts import MSG, imap, silent

ERROR = dict(outcome="error")
FETCH = dict(MAILBOX, tls="none", uid=5)
APPEND = dict(MAILBOX, tls="none", mailbox="Sent", raw=MSG)


def answers(name, over, op="imap_fetch", expect=ERROR, arguments=FETCH, **script):
    """A session with a server that differs from a good one in this."""

    @case(f"imap-{name}", op, **arguments, expect=expect)
    def _(c, ctx):
        imap(c, ctx, over, **script)


def tagged(text):
    """The answer to a command, with its tag."""

    def answer(c, arg, st):
        c.send(st.tag + b" " + text + b"\r\n")

    return answer


def flood(before, piece):
    def answer(c, arg, st):
        c.send(before)
        c.flood(piece)
        return False

    return answer


def lost(c, arg, st):
    c.send(b"+ go\r\n")
    c.exactly(len(MSG))
    return False


for kind, head in {
    "huge": b"BODY[] {9999999999}\r\n",
    "20-digits": b"BODY[] {99999999999999999999}\r\n",
    "negative": b"BODY[] {-5}\r\n",
    "no-number": b"BODY[] {abc}\r\n",
    "nil": b"BODY[] NIL)\r\n",
    "less": b"BODY[] {5}\r\nabcdefgh)\r\n",
}.items():
    bounded = dict(FETCH, max_bytes=MB)
    answers(f"literal-{kind}", {"UID FETCH": literal(head, b"abc")}, expect=dict(ERROR, rss=200), arguments=bounded)

answers("logindisabled", None, expect=dict(ERROR, secret_not_plain=True), caps="IMAP4rev1 LOGINDISABLED")
answers("goodbye-first", None, expect=dict(ERROR, secret_not_plain=True), greeting=b"* BYE busy\r\n")
answers("expunge-flood", {"UID FETCH": flood(b"", b"* 1 EXPUNGE\r\n")}, expect=dict(ERROR, rss=200))
answers("capability-flood", {"CAPABILITY": flood(b"* CAPABILITY", b" AAA")}, expect=dict(ERROR, rss=200))
answers("other-tag", {"UID FETCH": lambda c, arg, st: c.send(b"ZZZ9 OK done\r\n")})
answers(
    "unclosed-quote", {"UID FETCH": lambda c, arg, st: c.send(b'* 1 FETCH (UID 5 BODY[] "x\r\n' + st.tag + b" OK\r\n")}
)
answers(
    "folder-crlf", None, expect=dict(ERROR, forbid={"main": [b"\nX1"]}), arguments=dict(FETCH, mailbox="a\r\nX1 NOOP")
)
answers("folder-quoted", None, expect=dict(outcome="ok"), arguments=dict(FETCH, mailbox='a" (X) "\\'))
answers("logout-silent", {"LOGOUT": silent}, expect=dict(outcome="ok", by=3))
answers("append-done-early", {"APPEND": tagged(b"OK done")}, "imap_append", arguments=APPEND)
answers("append-silent", {"APPEND": silent}, "imap_append", arguments=APPEND)
answers(
    "append-lost",
    {"APPEND": lost},
    "imap_append",
    dict(ERROR, max_conns={"main": 1}),
    dict(APPEND, retries=2),
)
