"""IMAP: responses that are none, to somebody else, or endless."""

from __future__ import annotations

from threats.cases.tables.shared import ANY, CLEAR, ERROR, endless, says
from threats.engine import SECRET, case
from threats.scripts import MSG, imap


def fetching(name: str, over, expect, op="imap_fetch", **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "caps_tls", "msg", "cert") if key in more}
    args = dict(
        CLEAR, **({"uid": 5} if op == "imap_fetch" else {"header": ("Subject", "x")} if op == "imap_search" else {})
    )
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: imap(c, ctx, over, **script))


def fetched(name: str, data: bytes, expect, **more) -> None:
    """UID FETCH and FETCH are answered with this."""
    fetching(name, {"UID FETCH": says(data), "FETCH": says(data)}, expect, **more)


OK = b"{tag} OK f\r\n"
fetched(
    "imap-literal-in-flags",
    b"* 1 FETCH (UID 5 FLAGS ({3}\r\nabc) BODY[] {3}\r\nabc)\r\n" + OK,
    dict(ANY, value_not=b"FLAGS"),
)
fetched("imap-body-empty", b'* 1 FETCH (UID 5 BODY[] "")\r\n' + OK, ANY)
fetched("imap-body-list", b"* 1 FETCH (UID 5 BODY[] (a b))\r\n" + OK, ERROR)
fetched(
    "imap-body-twice",
    b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n* 2 FETCH (UID 6 BODY[] {4}\r\nevil)\r\n" + OK,
    dict(ANY, value_not=b"evil"),
)
fetched("imap-fetch-no-uid", b"* 1 FETCH (BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched("imap-fetch-uid-letters", b"* 1 FETCH (UID five BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched(
    "imap-fetch-other-section", b"* 1 FETCH (UID 5 BODY[1.MIME] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil")
)
fetched("imap-fetch-partial", b"* 1 FETCH (UID 5 BODY[]<10> {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched("imap-fetch-open", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc\r\n" + OK, ERROR)
fetched("imap-fetch-deep", b"* 1 FETCH (UID 5 BODYSTRUCTURE " + b"(" * 30000 + b")\r\n" + OK, ERROR)
fetched("imap-fetch-no", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n{tag} NO failed\r\n", ERROR)
fetched("imap-fetch-bad", b"{tag} BAD what\r\n", ERROR)
fetched(
    "imap-fetch-expunged", b"* 1 EXPUNGE\r\n* 1 FETCH (UID 6 BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil")
)
fetched("imap-fetch-plus", b"+ go on\r\n* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-fetch-seq-zero", b"* 0 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-fetch-seq-huge", b"* 99999999999999999999 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-no-echo", b"{tag} NO no " + SECRET.encode() + b" \x1b[2J\r\n", dict(ERROR, secret_not_in_output=True))
fetching(
    "imap-untagged-flood",
    {"SELECT": endless(b"", b"* 1 EXISTS\r\n"), "EXAMINE": endless(b"", b"* 1 EXISTS\r\n")},
    dict(ERROR, rss=300),
)
fetching(
    "imap-line-flood",
    {"SELECT": endless(b"* OK ", b"x" * 65536), "EXAMINE": endless(b"* OK ", b"x" * 65536)},
    dict(ERROR, rss=200),
)
fetching(
    "imap-literals-flood",
    {"EXAMINE": endless(b"* X ", b"{1}\r\na "), "SELECT": endless(b"* X ", b"{1}\r\na ")},
    dict(ERROR, rss=300),
)
fetching("imap-fetch-flood", {"UID FETCH": endless(b"", b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n")}, dict(ERROR, rss=700))
fetching("imap-greeting-garbage", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"+OK POP3\r\n")
fetching("imap-greeting-preauth", {}, ANY, greeting=b"* PREAUTH hi\r\n")
fetching(
    "imap-starttls-inject",
    {
        "STARTTLS": lambda c, a, st: (
            c.send(st.tag + b" OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"),
            c.tls(),
            None,
        )[-1]
    },
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
)
fetching(
    "imap-starttls-logindisabled",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps_tls="IMAP4rev1 LOGINDISABLED",
)
fetching(
    "imap-starttls-wronghost", {}, dict(ERROR, secret_not_on=["main"]), tls="starttls", cafile="{ca}", cert="wronghost"
)
fetching(
    "imap-preauth-starttls",
    {},
    dict(ERROR, forbid_plain=[b"SELECT", b"EXAMINE"]),
    tls="starttls",
    cafile="{ca}",
    greeting=b"* PREAUTH hi\r\n",
)
fetching("imap-capability-empty", {"CAPABILITY": says(b"{tag} OK\r\n")}, ANY)
fetching(
    "imap-capability-garbage", {"CAPABILITY": says(b"* CAPABILITY \x1b[2J \xff {5}\r\nhello ( \r\n{tag} OK\r\n")}, ANY
)
fetching("imap-password-quotes", {}, dict(outcome="ok", check="imap_pw"), password='a"b\\c', caps="IMAP4rev1")
fetching(
    "imap-user-crlf", {}, dict(ANY, check="imap_literal"), user='x"\r\nX1 STORE 1 +FLAGS (\\Deleted)', caps="IMAP4rev1"
)
fetching("imap-folder-nul", {}, ERROR, mailbox="a\0b")
fetching(
    "imap-search-crlf",
    {},
    dict(ANY, check="imap_literal"),
    op="imap_search",
    header=("Subject", 'x"\r\nX1 STORE 1 +FLAGS (\\Deleted)'),
)
fetching(
    "imap-search-name", {}, dict(ANY, check="imap_literal"), op="imap_search", header=('Sub"ject\r\nX1 STORE', "x")
)
fetching("imap-search-garbage", {"UID SEARCH": says(b"* SEARCH abc 5\r\n{tag} OK s\r\n")}, ERROR, op="imap_search")
fetching("imap-search-none", {"UID SEARCH": says(b"{tag} OK s\r\n")}, ANY, op="imap_search")
fetching(
    "imap-search-huge",
    {"UID SEARCH": says(b"* ESEARCH UID ALL 1:4294967295\r\n* SEARCH " + b"9" * 5000 + b"\r\n{tag} OK s\r\n")},
    dict(ANY, rss=300),
    op="imap_search",
)
fetching(
    "imap-esearch-range",
    {"UID SEARCH": says(b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\n{tag} OK s\r\n')},
    dict(ANY, rss=300),
    op="imap_search",
    caps="IMAP4rev1 ESEARCH AUTH=PLAIN",
)
fetching("imap-search-flood", {"UID SEARCH": endless(b"* SEARCH", b" 5")}, dict(ERROR, rss=700), op="imap_search")
APPEND = dict(op="imap_append", mailbox="Sent", raw=MSG)
fetching(
    "imap-append-refused",
    {"APPEND": says(b"{tag} NO full\r\n")},
    dict(ERROR, forbid={"main": [b"body line"]}),
    **APPEND,
)
fetching(
    "imap-append-bye",
    {"APPEND": lambda c, a, st: (c.send(b"+ go\r\n"), c.until(b"body line\r\n"), c.send(b"* BYE\r\n"), False)[-1]},
    dict(ERROR, max_conns={"main": 1}),
    retries=3,
    **APPEND,
)


@case("cli-imap-escape", "cli_imap_list", **CLEAR, expect=dict(ANY, tty_clean=True))
def _(c, ctx):
    who = b'(("\x1b]0;x\x07" NIL "a\x1b[2J" "b.test"))'
    env = (
        b'("\x1b[2J" "=?utf-8?B?G1sySuKArg==?= \xc2\x9b" ' + who * 1 + b" NIL NIL " + who + b' NIL NIL NIL "<\x1b[1m>")'
    )
    data = says(
        b'* 1 FETCH (UID 5 FLAGS (\\Seen $\x1b[2J) INTERNALDATE "01-Jan-2024 00:00:00 +0000" RFC822.SIZE 5 ENVELOPE '
        + env
        + b")\r\n"
        + OK
    )
    imap(c, ctx, {"UID FETCH": data, "FETCH": data})


@case("cli-imap-no-escape", "cli_imap_list", **CLEAR, expect=dict(ANY, tty_clean=True))
def _(c, ctx):
    no = says(b"{tag} NO [ALERT] \x1b[2J\xc2\x9b2J\xe2\x80\xae\r\n")
    imap(c, ctx, {"EXAMINE": no, "SELECT": no})


STALE = dict(tls="starttls", cafile="{ca}")


def announced_in_clear(c, arg, st):
    """What was announced before TLS is not what holds behind it."""
    words = b"LOGINDISABLED" if c.is_tls else b"STARTTLS AUTH=PLAIN"
    c.send(b"* CAPABILITY IMAP4rev1 " + words + b"\r\n" + st.tag + b" OK done\r\n")


fetching("imap-starttls-stale", {"CAPABILITY": announced_in_clear}, dict(ERROR, secret_not_on=["main"]), **STALE)
fetching("imap-starttls-bad", {"STARTTLS": says(b"{tag} BAD no\r\n")}, dict(ERROR, secret_not_plain=True), **STALE)
fetching(
    "imap-starttls-greeting",
    {},
    dict(ERROR, secret_not_plain=True),
    greeting=b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",
    caps="IMAP4rev1 AUTH=PLAIN",
    **STALE,
)
REFERRED = says(b"{tag} NO [REFERRAL imap://evil.test/] go there\r\n")
fetching("imap-login-referral", {"AUTHENTICATE": REFERRED, "LOGIN": REFERRED}, ERROR)
fetching("imap-select-referral", {"SELECT": REFERRED, "EXAMINE": REFERRED}, ERROR)
fetching("imap-login-goodbye", {n: says(b"* BYE full\r\n") for n in ("AUTHENTICATE", "LOGIN")}, ERROR)
fetched(
    "imap-fetch-unasked",
    b"* 9 FETCH (UID 99 BODY[] {4}\r\nevil)\r\n* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK,
    dict(ANY, value_not=b"evil"),
)
fetching("imap-append-plus-flood", {"APPEND": endless(b"", b"+ go\r\n")}, dict(ERROR, rss=200), **APPEND)
