"""The golden scenarios: command lines of `nettools`, each with the server that it was recorded against.

A scenario's transcript is `fixtures/transcripts/NAME.jsonl`. Its command is run against the replay of it, and every
octet that the client writes is compared. `record.py` makes transcripts anew: against the fakes, or any real server.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TRANSCRIPTS = Path(__file__).parents[2] / "fixtures" / "transcripts"
MESSAGE = TRANSCRIPTS / "message.eml"


@dataclass(frozen=True)
class Scenario:
    """A command; `{url}` is the server's address, `server` who was recorded: a fake, or a daemon of that name."""

    protocol: str
    command: str
    server: str = "fake"
    login: bool = False
    mechanism: str = "plain"
    tls: str = "off"
    code: int = 0

    def words(self, url: str, cacert: str | Path | None, trace: str | Path | None = None) -> list[str]:
        """The command's words for a server at this address."""
        words = [each.replace("{url}", url).replace("{message}", str(MESSAGE)) for each in self.command.split()]
        if self.protocol not in ("tcp", "udp", "unix"):
            words += ["--tls", self.tls] if self.tls != "implicit" else []
        words += ["-u", "alice:secret", "--mechanism", self.mechanism] if self.login else []
        words += ["--cacert", str(cacert)] if cacert is not None and self.tls != "off" else []
        return [*words, "--trace", str(trace)] if trace is not None else words


ENVELOPE = "--from bob@example.org --to alice@example.test"
SCENARIOS = {
    "http-get": Scenario("http", "http get {url}/pub/hello.txt -o -"),
    "http-head": Scenario("http", "http head {url}/pub/bytes.bin"),
    "http-post": Scenario("http", "http post {url}/_echo -d hello=world -o -"),
    "http-redirects": Scenario("http", "http get {url}/_redirect/2 -o -", tls="implicit"),
    "ftp-get": Scenario("ftp", "ftp get {url}/pub/hello.txt -o -"),
    "ftp-list": Scenario("ftp", "ftp list {url}/pub/", login=True),
    "ftp-put": Scenario("ftp", "ftp put {message} {url}/pub/new.eml", login=True, tls="starttls"),
    "ftp-put-implicit": Scenario("ftp", "ftp put {message} {url}/pub/new.eml", login=True, tls="implicit"),
    "smtp-send": Scenario("smtp", f"smtp send {{url}} --ehlo me.example --message {{message}} {ENVELOPE}", login=True),
    "smtp-check": Scenario("smtp", "smtp check {url} --ehlo me.example", tls="starttls"),
    "pop3-list": Scenario("pop3", "pop3 list {url}", login=True),
    "pop3-fetch": Scenario("pop3", "pop3 fetch {url} 1.1 --raw -o -", login=True, tls="implicit"),
    "imap-list": Scenario("imap", "imap list {url}/INBOX", login=True),
    "imap-fetch": Scenario("imap", "imap fetch {url}/INBOX 1 --raw -o -", login=True, tls="starttls"),
    "imap-append": Scenario("imap", "imap append {url}/Archive {message}", login=True),
    "imap-search": Scenario("imap", "imap search {url}/INBOX --subject golden", login=True),
    "gopher-get": Scenario("gopher", "gopher get {url}/0/pub/hello.txt -o -"),
    "gopher-list": Scenario("gopher", "gopher list {url}/1/pub"),
    "nntp-list": Scenario("nntp", "nntp list {url}/local.test"),
    "nntp-fetch": Scenario("nntp", "nntp fetch {url}/local.test 1 --raw -o -", login=True, tls="starttls"),
    "nntp-post": Scenario("nntp", "nntp post {url}/local.test {message} --group local.test", tls="implicit"),
    "telnet-run": Scenario(
        "telnet",
        "telnet run {url} --expect login: --send alice --expect Password: --secret GOLDEN_SECRET"
        " --expect $ --send exit",
    ),
    "xmlrpc-call": Scenario("xmlrpc", "xmlrpc call {url} add 2 3"),
    "xmlrpc-methods": Scenario("xmlrpc", "xmlrpc methods {url}", tls="implicit"),
    "tcp-send": Scenario("tcp", "tcp send {url} --data PING\\r\\n --until \\n"),
    "tls-send": Scenario("tcp", "tcp send {url} --data PING\\r\\n --until \\n", tls="implicit"),
    "udp-send": Scenario("udp", "udp send {url} --data PING"),
    "unix-send": Scenario("unix", "unix send {url} --data PING"),
    "smtp-implicit": Scenario(
        "smtp", f"smtp send {{url}} --ehlo me.example --message {{message}} {ENVELOPE}", login=True, tls="implicit"
    ),
    "smtp-refused": Scenario(
        "smtp",
        f"smtp send {{url}} --ehlo me.example --message {{message}} {ENVELOPE},nobody@example.test",
        code=9,
    ),
    "pop3-remove": Scenario("pop3", "pop3 rm {url} 1.1 -y", login=True, tls="starttls"),
    "imap-move": Scenario("imap", "imap mv {url}/INBOX 1 Archive", login=True, tls="implicit"),
    "imap-flag": Scenario("imap", "imap flag {url}/INBOX 1 --add \\Flagged", login=True),
    "imap-scram": Scenario("imap", "imap folders {url}", login=True, mechanism="scram-sha-256"),
    "smtp-scram": Scenario("smtp", "smtp check {url} --ehlo me.example", login=True, mechanism="scram-sha-256"),
    "pop3-scram": Scenario("pop3", "pop3 list {url}", login=True, mechanism="scram-sha-256"),
    "pop3-cram-md5": Scenario("pop3", "pop3 list {url}", login=True, mechanism="cram-md5"),
    "smtp-postfix": Scenario(
        "smtp",
        f"smtp send {{url}} --ehlo me.example --message {{message}} {ENVELOPE},reject@example.test",
        "postfix",
        login=True,
        tls="starttls",
        code=9,
    ),
    "imap-dovecot": Scenario("imap", "imap list {url}/INBOX", "dovecot", login=True, tls="starttls"),
    "imap-append-dovecot": Scenario("imap", "imap append {url}/INBOX {message}", "dovecot", login=True, tls="implicit"),
    "pop3-dovecot": Scenario("pop3", "pop3 list {url}", "dovecot", login=True, tls="starttls"),
}
