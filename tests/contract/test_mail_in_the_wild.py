"""What `send_mail` makes, read by others: Python's email, dovecot's BODYSTRUCTURE, and mailparser of npm.

Each mail goes through the fake, whose octets are what the readers get. mailparser is installed by npm into a temporary
folder; where that cannot be done its tests say why they were left out.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import imaplib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools.parse.compose import compose, prepare
from nettools.parse.imap_data import parse_fetch

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=")


@dataclass
class Case:
    """What is sent, and what there is to be read."""

    subject: str = "s"
    text: str | None = "text\n"
    html: str | None = None
    to: list[str] = field(default_factory=lambda: ["alice@x.org"])
    files: list[tuple[str, bytes, str]] = field(default_factory=list)
    inline: int = 0  # how many of the files the HTML shows

    @property
    def keywords(self) -> dict[str, Any]:
        given = {"subject": self.subject, "text": self.text, "html": self.html, "to": self.to}
        return {"sender": "Böb <b@x.org>", "attachments": self.files, **given}


CASES = {
    "plain": Case(),
    "scripts": Case("Grüße, Привет, 你好, שלום, 🎉", "Grüße\nПривет\n你好，世界\nשלום\n🎉\n"),
    "mostly foreign": Case("件名" * 60, "こんにちは世界。" * 500 + "\n"),
    "long lines": Case("word " * 60 + "end", "x" * 5000 + "\n" + "y z " * 1000 + "end\n"),
    "dots and froms": Case("...", ".\n..\nFrom here\n.x\n"),
    "alternatives": Case("two", "plain\n", "<p>r&iuml;ch ü</p>\n"),
    "all at once": Case(
        "everything",
        "see below\n",
        '<p>look: <img src="cid:dot.gif"></p>\n',
        files=[("dot.gif", PIXEL, "image/gif"), ("notes.txt", b"attached\n", "text/plain")],
        inline=1,
    ),
    "names": Case(
        to=['"O\'Neil, \\"Al\\"" <alice@x.org>', "Ålice Müller <alice@y.org>", "Иван Петров <alice@z.org>"],
        files=[
            ('he said "hi".txt', b"1", "application/octet-stream"),
            ("naïve résumé.pdf", b"2", "application/pdf"),
            ("письмо с очень длинным именем, которое не помещается в одну строку.txt", b"3", "text/plain"),
            ("semi;colon=equals%20.bin", b"4", "application/octet-stream"),
        ],
    ),
    "sizes": Case(
        files=[(f"{size}.bin", os.urandom(size), "application/octet-stream") for size in (0, 1, 56, 57, 58, 200_000)]
    ),
    "html alone": Case(text=None, html="<b>only</b>\n"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def raw(case: Case, net_servers: Callable[..., Any]) -> bytes:
    server = net_servers("smtp", tls=False)
    nettools.send_mail(server.url, **case.keywords)
    found: bytes = server.envelopes[0].raw
    return found


def newlines(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n")


def by_python(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_python_reads_it_the_same(case: Case, raw: bytes) -> None:
    message = by_python(raw)
    assert message["Subject"] == case.subject
    ours = nettools.parse_mail(raw)
    assert [(each.display_name, each.addr_spec) for each in message["To"].addresses] == [
        (each.name, each.address) for each in ours.info.to
    ]
    for kind, text in (("plain", case.text), ("html", case.html)):
        body = message.get_body((kind,))
        assert newlines(body.get_content() if body is not None else None) == newlines(text)
    leaves = [part for part in message.walk() if part.get_content_disposition() in ("attachment", "inline")]
    found = [(part.get_filename(), part.get_payload(decode=True)) for part in leaves]
    assert found == [(name, data) for name, data, _ in case.files]
    assert not any(part.defects for part in message.walk())


def test_we_read_it_the_same(case: Case, raw: bytes) -> None:
    mail = nettools.parse_mail(raw)
    assert (mail.info.subject, newlines(mail.text), newlines(mail.html)) == (
        case.subject,
        newlines(case.text),
        newlines(case.html),
    )
    assert [(each.name, each.data, each.content_type) for each in mail.attachments] == case.files
    assert [each.inline for each in mail.attachments].count(True) == case.inline
    assert mail.defects == ()


@pytest.mark.daemon
def test_dovecot_sees_the_same_structure(case: Case, raw: bytes, daemon: Callable[..., Any]) -> None:
    service = daemon("dovecot")["imap"]
    user = service.facts["new_user"]()
    service.facts["deliver"](user, raw)
    with imaplib.IMAP4(service.host, service.port) as imap:
        imap.login(user, service.password)
        imap.select("INBOX", readonly=True)
        _, data = imap.fetch("1", "(BODYSTRUCTURE)")
    number, _, items = b"".join(each for each in data if isinstance(each, bytes)).partition(b" ")
    (fetched,) = parse_fetch(b"* %b FETCH %b\r\n" % (number, items))
    leaves = [part for part in fetched.parts if not part.type.lower().startswith("multipart")]
    expected = [part for part in by_python(raw).walk() if not part.is_multipart()]
    assert [each.type.lower() for each in leaves] == [part.get_content_type() for part in expected]
    assert [each.filename for each in leaves if each.filename] == [name for name, _, _ in case.files]
    assert [each.encoding.lower() for each in leaves] == [
        str(part.get("Content-Transfer-Encoding", "7bit")) for part in expected
    ]


SCRIPT = """
const { simpleParser } = require('mailparser');
simpleParser(process.stdin, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true }).then(m => {
  console.log(JSON.stringify({
    subject: m.subject, from: m.from.value, to: m.to.value, text: m.text || null, html: m.html || null,
    files: m.attachments.map(a => ({ name: a.filename, type: a.contentType, size: a.size, md5: a.checksum,
                                     related: a.related, cid: a.cid || null })),
  }));
});
"""


@pytest.fixture(scope="session")
def mailparser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("mailparser")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "mailparser@3"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install mailparser: no answer within 50 s")
    if done.returncode:
        pytest.skip(f"npm cannot install mailparser: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    (folder / "read.js").write_text(SCRIPT)
    return folder


@pytest.mark.daemon
def test_mailparser_reads_it_the_same(case: Case, raw: bytes, mailparser: Path) -> None:
    done = subprocess.run(["node", "read.js"], cwd=mailparser, input=raw, capture_output=True, timeout=30, check=True)
    found = json.loads(done.stdout)
    assert found["subject"] == case.subject
    assert found["from"] == [{"address": "b@x.org", "name": "Böb"}]
    assert [(each["name"], each["address"]) for each in found["to"]] == [
        (each.name, each.address) for each in nettools.parse_mail(raw).info.to
    ]
    assert newlines(found["text"]).rstrip("\n") == newlines(case.text).rstrip("\n")
    assert newlines(found["html"]).rstrip("\n") == newlines(case.html).rstrip("\n")
    assert [(each["name"], each["md5"]) for each in found["files"]] == [
        (name, hashlib.md5(data).hexdigest()) for name, data, _ in case.files
    ]
    assert sum(bool(each.get("related")) for each in found["files"]) == case.inline


def test_a_hundred_mebibytes_are_encoded_as_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for n in range(100):
            file.write(bytes([n]) * (1 << 20))
    message = prepare(compose(sender="b@x.org", to="a@x.org", text="x", attachments=[path]))
    digest, size, largest = hashlib.sha256(), 0, 0
    for block in message.blocks():
        size, largest = size + len(block), max(largest, len(block))
        if re.fullmatch(rb"[A-Za-z0-9+/=\r\n]{70,}", block[:200]):
            digest.update(base64.b64decode(block))
    assert (digest.hexdigest(), size) == (hashlib.sha256(path.read_bytes()).hexdigest(), message.size)
    assert largest < 400_000
