"""Mail from us through postfix into dovecot and back: attachments of every size, texts in many scripts.

What arrives is read by `parse_mail`, by Python's email and, where npm is here, by its mailparser; dovecot tells the
structure that it sees. postfix announces everything, or neither 8BITMIME nor SMTPUTF8 ("bare").
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from contract.test_mail_in_the_wild import mailparser as mailparser
from contract.test_smtp_real import arrived
from nettools.parse.imap_data import parse_fetch

pytestmark = pytest.mark.daemon

Site = Any
SIZES = [0, 1, 2, 3, 56, 57, 58, 997, 998, 999, 64 << 10, 1 << 20]
LARGE = [25 << 20, 100 << 20]
TEXTS = {
    "german": "Größe, Übung, ß\n",
    "russian": "Привет, мир. Съешь же ещё этих мягких французских булок\n",
    "chinese": "你好，世界。" * 50 + "\n",
    "japanese": "こんにちは世界\n日本語のテスト\n",
    "hebrew": "שלום עולם\n",
    "arabic": "مرحبا بالعالم\n",
    "hindi": "नमस्ते दुनिया\n",
    "emoji": "👩‍👩‍👧‍👦 🎉 𝔘𝔫𝔦\n",
    "dots and long lines": ".\n..\nFrom here\n" + "x" * 998 + "\n" + "é" * 3000 + "\n",
}


def octets(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.fixture(params=["whole", "bare"])
def site(request: pytest.FixtureRequest, daemon_site: Callable[..., Site]) -> Site:
    found = daemon_site("postfix", "smtp", "starttls")
    if request.param == "bare":
        found.url = f"smtp://{found.service.host}:{found.service.facts['bare_port']}"
    return found


@pytest.fixture
def box(daemon_site: Callable[..., Site]) -> Site:
    """A mailbox of dovecot, which postfix's deliveries are carried into."""
    return daemon_site("dovecot", "imap", "starttls")


def through(site: Site, box: Site, **mail: Any) -> bytes:
    """Send it, and carry what postfix delivered into the mailbox; the octets as they are there."""
    nettools.send_mail(site.url, sender="Böb <b@example.org>", to="a@example.org", **mail, **site.options)
    (raw,) = arrived(site, 1)
    box.service.facts["deliver"](box.options["auth"][0], raw)
    return raw


def by_python(raw: bytes) -> dict[str, bytes]:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    return {str(part.get_filename()): part.get_payload(decode=True) for part in parsed.iter_attachments()}  # type: ignore[attr-defined]


def by_mailparser(raw: bytes, folder: Path) -> dict[str, str]:
    done = subprocess.run(["node", "read.js"], cwd=folder, input=raw, capture_output=True, timeout=60, check=True)
    return {each["name"]: each["md5"] for each in json.loads(done.stdout)["files"]}


def test_attachments_of_every_size_come_back_as_they_were(site: Site, box: Site, mailparser: Path) -> None:
    files = {f"größe {size}.bin": octets(size) for size in SIZES}
    attachments = [(name, data, "application/octet-stream") for name, data in files.items()]
    raw = through(site, box, text="sizes\n", attachments=attachments)
    mail = nettools.fetch_mail(box.url, 1, **box.options)
    assert {each.name: each.data for each in mail.attachments} == files
    assert mail.defects == ()
    assert by_python(raw) == files
    assert by_mailparser(raw, mailparser) == {name: hashlib.md5(data).hexdigest() for name, data in files.items()}


def test_dovecot_counts_what_each_part_has(site: Site, box: Site) -> None:
    through(site, box, text="sizes\n", attachments=[(f"{size}.bin", octets(size)) for size in SIZES])
    with nettools.connect(box.url, **box.options) as session:
        session.select("INBOX")
        lines = session.command("UID FETCH 1 (BODYSTRUCTURE)").lines
    (fetched,) = parse_fetch(b"* " + lines[0] + b"\r\n")
    found = {each.filename: each.size for each in fetched.parts or () if each.filename}
    encoded = {f"{size}.bin": len(base64.encodebytes(octets(size)).replace(b"\n", b"\r\n")) for size in SIZES}
    assert {name: abs(size - encoded[name]) <= 2 for name, size in found.items()} == dict.fromkeys(encoded, True)


@pytest.mark.parametrize("script", TEXTS)
def test_a_text_in_any_script_is_read_as_it_was_written(site: Site, box: Site, script: str) -> None:
    text = TEXTS[script]
    subject = " ".join(text.split())[:200]
    raw = through(site, box, subject=subject, text=text, html=f"<p>{text}</p>\n")
    mail = nettools.fetch_mail(box.url, 1, **box.options)
    assert (mail.info.subject, mail.text, mail.html) == (subject, text, f"<p>{text}</p>\n")
    theirs = email.message_from_bytes(raw, policy=email.policy.default)
    body = theirs.get_body(("plain",))  # type: ignore[attr-defined]
    assert (theirs["Subject"], body.get_content().replace("\r\n", "\n")) == (subject, text)
    assert str(mail.info.sender) == "Böb <b@example.org>"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", LARGE)
def test_a_large_attachment_passes_from_disk_to_disk(
    daemon_site: Callable[..., Site], box: Site, tmp_path: Path, size: int
) -> None:
    site = daemon_site("postfix", "smtp", "starttls")
    site.url = f"smtp://{site.service.host}:{site.service.facts['large_port']}"
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for n in range(size >> 20):
            file.write(octets(1 << 20) if n % 10 == 0 else bytes([n]) * (1 << 20))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    through(site, box, text="large\n", attachments=[path])
    (saved,) = nettools.save_attachments(box.url, tmp_path / "back", uid=1, **box.options)
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == digest
    pop = box.url.replace("imap", "pop3").replace(str(box.service.port), str(box.service.facts["pop3_port"]))
    mail = nettools.fetch_mail(pop, number=1, max_size=None, **box.options)
    assert [hashlib.sha256(each.data).hexdigest() for each in mail.attachments] == [digest]
    assert {hashlib.sha256(data).hexdigest() for data in by_python(mail.raw).values()} == {digest}
