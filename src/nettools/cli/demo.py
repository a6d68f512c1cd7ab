"""`nettools demo`: every row of the table of protocols, walked end to end against the embedded servers.

Each row is one function that talks to a real server on loopback through the facade, as a user would, and says what came
back. A row for a new protocol is one more function in `ROWS`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import output
from nettools.cli.commands import LocalVerb
from nettools.cli.render import Output
from nettools.target import PROTOCOLS

__all__ = ["demo"]

ALICE = ("alice", "secret")


class MismatchError(Exception):
    """What came back is not what was sent."""


def _same(got: object, expected: object, what: str) -> None:
    if got != expected:
        raise MismatchError(f"{what}: got {got!r} instead of {expected!r}")


def _http(sandbox: Any) -> str:
    import nettools

    page = nettools.fetch_page(sandbox.http.url + "/pub/hello.txt")
    _same(page.content, bytes(sandbox.world.files["pub/hello.txt"]), "the page")
    echo = nettools.fetch_page(sandbox.http.url + "/_echo", method="POST", json={"row": "HTTP"})
    _same(echo.json(), {"row": "HTTP"}, "the echo")
    return f"{page.status} {page.reason}, {len(page.content)} octets; POST of JSON echoed"


def _xmlrpc(sandbox: Any) -> str:
    import nettools

    server: Any = nettools.connect(sandbox.xmlrpc.url)
    with server:
        total, methods = server.add(2, 3), server.methods()
        echoed = server.call("echo", {"text": "Grüße", "bytes": b"\x00\xff", "nothing": None})
    _same(total, 5, "the sum")
    _same(echoed, {"text": "Grüße", "bytes": b"\x00\xff", "nothing": None}, "the echo")
    return f"add(2, 3) = {total}; a struct echoed; {len(methods)} methods"


def _ftp(sandbox: Any) -> str:
    import nettools

    sent = b"stored and fetched\r\n" * 1000
    with TemporaryDirectory(prefix="nettools-demo-") as folder:
        url = sandbox.ftp.url + "/pub/demo.bin"
        nettools.ftp_put(sent, url, auth=ALICE)
        got = nettools.ftp_get(url, folder, auth=ALICE)
        assert got.path is not None
        _same(got.path.read_bytes(), sent, "the file")
        digest = str(got.sha256)[:12]
    entries = nettools.ftp_list(sandbox.ftp.url + "/pub/", auth=ALICE)
    _same("demo.bin" in [entry.name for entry in entries], True, "the listing")
    return f"{got.size} octets up and down, sha256 {digest}; {len(entries)} entries listed"


def _smtp(sandbox: Any) -> str:
    import nettools

    report = nettools.send_mail(
        sandbox.smtp.url,
        auth=ALICE,
        sender="bob@example.org",
        to="alice@example.org",
        subject="Grüße from nettools",
        text="A mail by SMTP, read by POP3 and IMAP.",
        attachments=[("note.txt", b"attached")],
    )
    _same(report.accepted, ("alice@example.org",), "the recipients")
    return f"{report.reply}; {report.meta.round_trips} round trips"


def _mail(sandbox: Any, url: str) -> str:
    import nettools

    infos = nettools.list_mail(url, auth=ALICE)
    wanted = next((info for info in infos if info.subject == "Grüße from nettools"), None)
    if wanted is None:
        raise MismatchError(f"the mail is not among {len(infos)} listed")
    mail = nettools.fetch_mail(url, wanted.uid, auth=ALICE)
    _same((mail.text or "").strip(), "A mail by SMTP, read by POP3 and IMAP.", "the text")
    _same([(each.name, each.data) for each in mail.attachments], [("note.txt", b"attached")], "the attachment")
    return f"{mail.info.subject!r} of {mail.info.sender}, {mail.info.size} octets, {len(mail.attachments)} attachment"


def _pop3(sandbox: Any) -> str:
    return _mail(sandbox, sandbox.pop3.url)


def _imap(sandbox: Any) -> str:
    return _mail(sandbox, sandbox.imap.url)


def _nntp(sandbox: Any) -> str:
    import nettools

    url = sandbox.nntp.url + "/local.test"
    report = nettools.post_article(
        url, auth=ALICE, sender="bob@example.org", subject="Grüße from nettools", text="Posted and read back.\n.\n"
    )
    infos = nettools.list_articles(url, auth=ALICE)
    wanted = next((info for info in infos if info.message_id == report.message_id), None)
    if wanted is None:
        raise MismatchError(f"the article is not among {len(infos)} listed")
    article = nettools.fetch_article(url, wanted.number, auth=ALICE)
    _same((article.text or "").strip(), "Posted and read back.\n.", "the text")
    return f"{article.info.subject!r} of {article.info.sender}, number {article.info.number} of local.test"


def _telnet(sandbox: Any) -> str:
    import nettools

    script = [
        ("login: ", "alice"),
        ("Password: ", nettools.Secret("secret")),
        ("$ ", "echo Grüße"),
        (re.compile(r"Grüße\r\n\$ "), "exit"),
    ]
    dialogue = nettools.telnet_run(sandbox.telnet.url, script)
    _same(dialogue.steps[3].split("\r\n")[0], "Grüße", "the echo")
    return f"logged in, {len(dialogue.steps)} steps, {len(dialogue.data)} octets of dialogue"


def _gopher(sandbox: Any) -> str:
    import nettools

    items = nettools.gopher_list(sandbox.gopher.url + "/1/pub")
    wanted = next((item for item in items if item.title == "hello.txt"), None)
    if wanted is None or wanted.url is None:
        raise MismatchError(f"the text is not among {len(items)} items")
    text = nettools.gopher_get(wanted.url)
    _same(text.data, bytes(sandbox.world.files["pub/hello.txt"]), "the text")
    found = nettools.gopher_search(sandbox.gopher.url + "/7/_search", "hello")
    _same("/pub/hello.txt" in [item.selector for item in found], True, "the search")
    return f"menu of {len(items)} items, {text.size} octets of text; {len(found)} found by a search"


def _echoed(url: str, data: bytes, **keywords: Any) -> str:
    import nettools

    answer = nettools.exchange(url, data, **keywords)
    _same(answer.data, data, "the echo")
    return f"{len(answer.data)} octets echoed by {answer.peer}"


def _tcp(sandbox: Any) -> str:
    return _echoed(sandbox.tcp.url, b"PING\r\n" * 10_000)


def _udp(sandbox: Any) -> str:
    return _echoed(sandbox.udp.url, b"a datagram")


def _unix(sandbox: Any) -> str:
    return _echoed(sandbox.unix.url, b"PING\n", until=b"\n")


ROWS: dict[str, Callable[[Any], str]] = {
    "http": _http,
    "xmlrpc": _xmlrpc,
    "ftp": _ftp,
    "smtp": _smtp,
    "pop3": _pop3,
    "imap": _imap,
    "nntp": _nntp,
    "telnet": _telnet,
    "gopher": _gopher,
    "tcp": _tcp,
    "udp": _udp,
    "unix": _unix,
}


def _walk(out: Output) -> bool:
    from nettools.errors import NettoolsError
    from nettools.testing import servers

    good = True
    with servers(*ROWS) as sandbox:
        for name, walk in ROWS.items():
            row = PROTOCOLS[name]
            began = time.perf_counter()
            try:
                result, ok = walk(sandbox), True
            except (NettoolsError, MismatchError) as error:
                result, ok = f"{type(error).__name__}: {error}", False
            good &= ok
            seconds = time.perf_counter() - began
            if out.as_json:
                out.json(
                    {
                        "protocol": row.title,
                        "port": row.port,
                        "module": row.module,
                        "ok": ok,
                        "seconds": round(seconds, 6),
                        "result": result,
                    }
                )
            else:
                mark = "ok    " if ok else "FAILED"
                out.line(
                    f"{mark}  {row.title:<8} {row.port or '':<5} {row.module:<29} {seconds * 1000:7.1f} ms  {result}"
                )
    return good


@click.command(cls=LocalVerb)
def demo(settings: Settings) -> int:
    """Walk every protocol end to end against embedded servers on loopback."""
    with output(settings) as out:
        return 0 if _walk(out) else 1
