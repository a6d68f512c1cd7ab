"""The user's own files and command line: netrc, profiles, password commands, cookies, and the list of processes."""

from __future__ import annotations

from threats.cases.tables.commands import PAGE, SAFE, typed
from threats.cases.tables.shared import ANY, ERROR
from threats.engine import SECRET, USER, case, shown_processes
from threats.scripts import ftp, http_ok, reply

NETRC = f"machine 127.0.0.1 login {USER} password {SECRET}\n"
QUIET = dict(ERROR, secret_not_on=["main"], secret_not_in_output=True, by=4)


def kept(name: str, text, expect, **more) -> None:
    """A netrc file in the home of who asks for a page."""
    args = dict(url=PAGE, netrc=True, home={".netrc": text}, tls="none")
    case(f"netrc-{name}", "http_get", **dict(args, **more), expect=expect)(http_ok)


kept("usual", NETRC, dict(outcome="ok", require={"main": [b"Authorization"]}))
kept("group-reads", (NETRC, 0o640), QUIET)
kept("others-read", (NETRC, 0o604), QUIET)
kept("others-write", (NETRC, 0o602), QUIET)
kept("pipe", (None, 0o600), QUIET)
kept("long", NETRC + "#" * 3_000_000, QUIET)
kept("octets", NETRC + "\0\x1b\u2028", dict(ANY, secret_not_in_output=True))
kept("misspelt", NETRC.replace("password", "pasword"), QUIET)
kept("unclosed", f'machine 127.0.0.1 login {USER} password "{SECRET}', dict(ANY, secret_not_in_output=True))
kept("suffix", NETRC.replace("127.0.0.1", "0.0.1"), dict(outcome="ok", secret_not_on=["main"]))
kept("other-case", "machine LOCALHOST login a password b\n" + NETRC, dict(outcome="ok", require={"main": [b"Basic"]}))
kept("other-user", NETRC, dict(outcome="any", secret_not_on=["main"]), url="http://bob@127.0.0.1:{main}/")
kept(
    "clear-text",
    NETRC.replace("127.0.0.1", "rpc.test"),
    dict(ERROR, secret_not_plain=True),
    url="http://rpc.test:{main}/",
    dns={"rpc.test": ["127.0.0.1"]},
    tls=None,
)
case(
    "netrc-crlf",
    "facade",
    function="ftp_get",
    given=("ftp://127.0.0.1:{main}/f.txt",),
    netrc=True,
    home={".netrc": 'machine 127.0.0.1 login a password "x\\r\\nDELE f.txt"\n'},
    tls="none",
    expect=dict(ERROR, forbid={"main": [b"\nDELE"]}),
)(ftp)
case(
    "netrc-named-folder",
    "facade",
    function="fetch_page",
    given=(PAGE,),
    netrc="{dl}",
    expect=dict(ERROR, no_conn=["main"]),
)(http_ok)


def configured(name: str, text, needs: bytes = b"", **expect) -> None:
    """A configuration with a profile, which the command is told to take."""
    home = {".config/nettools/config.toml": text}
    words = ("http", PAGE, "--profile", "work", "--tls", "off")
    expect = dict(SAFE, value_has=needs, secret_not_on=["main"], by=6, **expect)
    typed(f"profile-{name}", http_ok, *words, home=home, expect=expect)


COMMAND = '[profile.work]\nuser = "alice"\npassword_command = "%s"\n'
PWNED = COMMAND % "touch pwned"
configured("others-write", (PWNED, 0o602), b"can be written by others", absent=["pwned"])
configured("group-writes", (PWNED, 0o620), b"can be written by others", absent=["pwned"])
configured("pipe", (None, 0o600), b"is a pipe")
configured("long", PWNED + "#" * 3_000_000, b"longer than", absent=["pwned"])
configured("password", f'[profile.work]\npassword = "{SECRET}"\n', b"holds a password")
configured("no-toml", f'[profile.work]\npassword = "{SECRET}\n', b"no TOML")
configured("escape", '[profile."\\u001b[2J"]\n', b"no profile")
configured("command-silent", COMMAND % "tail -f /dev/null", b"took too long")
configured("command-endless", COMMAND % "yes", b"printed too much", rss=200)
configured("command-fails", COMMAND % f"ls {SECRET}/none", b"no password", secret_not_in_output=False)
configured("command-shell", COMMAND % "echo x; touch pwned", absent=["pwned"])


def seen(name: str, *words: str, **more) -> None:
    """What everybody sees of the process while it talks to the server, and what it leaves behind."""

    def serve(c, ctx):
        if c.http():
            ctx.bag.setdefault("processes", []).extend(shown_processes(ctx.root))
            c.send(reply(b"ok", "200 OK", "Set-Cookie: sid=" + SECRET + "; Path=/"))

    expect = dict(SAFE, private=["jar", "t"], **more)
    expect = dict(expect, secret_not_in_files=more.get("secret_not_in_files", True))
    typed(f"seen-{name}", serve, "http", *words, "--tls", "off", expect=expect)


HIDDEN = dict(check="processes")
seen("user", PAGE, "-u", f"{USER}:{SECRET}", **HIDDEN)
seen("user-joined", PAGE, f"-u{USER}:{SECRET}", **HIDDEN)
seen("user-equals", PAGE, f"--user={USER}:{SECRET}", **HIDDEN)
seen("token", PAGE, "--token", SECRET, **HIDDEN)
seen("url", f"http://{USER}:{SECRET}@127.0.0.1:{{main}}/", **HIDDEN)
seen("proxy", "http://origin.test/", "-x", f"http://{USER}:{SECRET}@127.0.0.1:{{main}}", **HIDDEN)
seen("header", PAGE, "-H", "Authorization: Bearer " + SECRET, "-vv", "--trace", "t", **HIDDEN)
seen("key", PAGE, "-H", "X-Api-Key: " + SECRET, "-vv", "--trace", "t", **HIDDEN)
seen("cookie", PAGE, "-b", "sid=" + SECRET, "-vv", "--trace", "t", **HIDDEN)
seen("form", PAGE, "-d", "user=a&password=" + SECRET, "-vv", "--trace", "t", **HIDDEN)
seen("query", PAGE + "?access_token=" + SECRET, "--trace", "t", **HIDDEN)
seen("set-cookie", PAGE, "-vv", "--trace", "t")
seen("jar", PAGE, "-c", "jar", "-v", secret_not_in_files=False)
