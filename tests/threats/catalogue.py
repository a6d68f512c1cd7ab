"""Every case in one place: `fixtures/threats.jsonl`, a row each, in the order of `CASES`.

`class` is one of CLASSES, the areas of docs/security.md. `does` and `must` are prose where somebody wrote it, with the
`source`; a case of a table says what is done by its octets, so its row has `at`, the module, and `must` is what
`verdict` judges, in words (`required`). Rows that are not `runnable` describe what is tested elsewhere or not at all.

    python -m threats.catalogue          every case: its class, its name, what is required
    python -m threats.catalogue write    bring the file up to date; a new case's class is then to be filled in
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import threats.cases  # noqa: F401  # registers them
from threats.engine import CASES

FIXTURE = Path(__file__).parents[2] / "fixtures" / "threats.jsonl"
CLASSES = {
    "control": "a harmless session, which has to succeed: without it the others prove nothing",
    "time": "silence, drips, loops and floods that never end",
    "memory": "more than can be held: lines, lists, bodies, bombs, depth",
    "secrets": "credentials in clear, to somebody else, in a message, a file or the list of processes",
    "tls": "certificates, handshakes, upgrades stripped or injected into",
    "injection": "arguments and addresses that would be something else on the wire; redirects elsewhere",
    "files": "names that lead elsewhere, files that are there, links, pipes, full disks, kills",
    "truncation": "what is short, cut, or joined of two versions",
    "duplicates": "answers that are lost, and what must not be sent again; somebody else's answer",
    "nonsense": "replies that are none, or contradict each other",
    "terminal": "control characters on their way to a terminal",
}
PROTOCOLS = {
    **dict.fromkeys(("http", "proxy", "socks4", "socks4a", "socks5", "socks5h", "netrc"), "HTTP"),
    **dict.fromkeys(("command", "cli"), "CLI"),
    **dict.fromkeys(("tcp", "udp", "unix", "listen", "dns"), "sockets"),
    "ftp": "FTP",
    "ftps": "FTP",
    "smtp": "SMTP",
    "pop3": "POP3",
    "imap": "IMAP",
    "nntp": "NNTP",
    "mail": "mail",
    "xmlrpc": "XML-RPC",
    "telnet": "Telnet",
    "gopher": "Gopher",
    "tls": "TLS",
}
PHRASES = {
    "by": "within {} s",
    "rss": "in {} MB",
    "value_has": "with {}",
    "value_not": "never {}",
    "secret_not_on": "no secret to {}",
    "secret_not_plain": "no secret in clear",
    "secret_not_in_output": "no secret in errors and output",
    "secret_not_in_files": "no secret in files",
    "forbid_plain": "not in clear: {}",
    "forbid": "not on the wire: {}",
    "require": "on the wire: {}",
    "no_conn": "no connection to {}",
    "max_conns": "no more connections than {}",
    "max_sent": "no more octets sent than {}",
    "mails_max": "no more mails than {}",
    "absent": "no file {}",
    "file_in": "whole or untouched: {}",
    "file_not_mixed": "{} is of one version",
    "names_clean": "no control character in a file's name",
    "private": "nobody else reads {}",
    "tty_clean": "no control character on the terminal",
    "kill_by": "over within {} s of the signal",
    "check": "check of the {}",
}
OUTCOMES = {"any": "an answer or a typed error", "ok": "an answer", "error": "a typed error"}


def required(case):
    """What `verdict.judge` judges of a case, in words."""
    words = [OUTCOMES.get(case.expect.get("outcome", "any"), "the old file")]
    words += [phrase.format(_shown(case.expect[name])) for name, phrase in PHRASES.items() if case.expect.get(name)]
    return "; ".join(words)


def _shown(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(each)}" if each else name for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    return ascii(value[:60])[1:] if isinstance(value, bytes) else str(value)


def rows():
    """What the file has to say: its own rows, those of the cases that are there, in order."""
    told = {row["id"]: row for row in map(json.loads, FIXTURE.read_text("utf-8").splitlines())}
    for name, case in CASES.items():
        new = {"id": name, "protocol": PROTOCOLS.get(name.partition("-")[0], "all"), "class": "?", "runnable": True}
        row = told.pop(name, None) or new
        if "does" not in row:
            row |= {"at": case.at, "must": required(case)}
        yield row
    yield from (row for row in told.values() if not row["runnable"])


def main(words):
    if words == ["write"]:
        text = "".join(json.dumps(row) + "\n" for row in rows())
        FIXTURE.write_text(text, "utf-8")
        return
    for row in rows():
        print(f"{row['class']:10}  {row['id']:34}  {row['must']}")


if __name__ == "__main__":
    main(sys.argv[1:])
