"""Test data, seeded: the same octets every time. A big file, small files, maildirs of varied, realistic messages."""

from __future__ import annotations

import base64
import datetime as dt
import quopri
import random
from collections.abc import Iterator
from email.header import Header
from email.utils import format_datetime
from pathlib import Path

FIRST = (
    "Anna",
    "Jürgen",
    "Zoë",
    "Łukasz",
    "Miyuki",
    "Олег",
    "José",
    "Sinead",
    "Priya",
    "Wei",
    "Fatima",
    "Björn",
    "Tom",
)
LAST = (
    "Müller",
    "O'Brien",
    "Nowak",
    "Tanaka",
    "Иванов",
    "García",
    "van den Berg",
    "Smith",
    "Rao",
    "李",
    "Haddad",
    "Lee",
)
DOMAINS = ("example.org", "example.com", "mail.example.net", "uni.example.edu")
WORDS = (
    "invoice", "meeting", "report", "café", "minutes", "überprüfung", "release", "urgent", "lunch", "Отчёт", "naïve",
    "budget", "会議", "deadline", "photos", "weekly", "contract", "résumé", "holiday", "server", "outage", "draft",
    "price", "list", "support", "ticket", "answer", "question", "thanks", "hello",
)  # fmt: skip
BLOCK = 1 << 20


def big_file(path: Path, size: int) -> None:
    """A file that does not compress, every MiB of it different."""
    block = random.Random(7).randbytes(BLOCK)
    with path.open("wb") as file:
        for number in range(size // BLOCK):
            file.write(number.to_bytes(8, "big") + block[8:])


def small_files(folder: Path, count: int, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(3)
    for number in range(count):
        (folder / f"f{number:04d}.bin").write_bytes(source.randbytes(size))


def message_10k() -> bytes:
    """A text message of 10 KiB."""
    head = (
        "From: Bench <a@example.org>\r\nTo: b1@example.org\r\nSubject: ten kilobytes\r\n"
        "Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nMessage-ID: <m10k@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
    )
    source, lines, size = random.Random(5), list[str](), len(head)
    while size < 10 * 1024 - 80:
        lines.append(" ".join(source.choices([word for word in WORDS if word.isascii()], k=9))[:76] + "\r\n")
        size += len(lines[-1])
    return (head + "".join(lines)).encode()


def maildir(folder: Path, count: int) -> None:
    """A maildir of `count` messages, in ascending order of name and date."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        raw = message(number)
        flags = random.Random(number).choice(("", "S", "S", "RS", "FS"))
        name = f"{1_700_000_000 + number}.M{number}P1.bench,S={len(raw)},W={len(raw)}:2,{flags}"
        (folder / "cur" / name).write_bytes(raw)


def articles(folder: Path, count: int) -> None:
    """The first `count` messages as files, for a newsgroup."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:04d}.eml").write_bytes(message(number))


def large_mail(folder: Path, size: int) -> None:
    """A maildir with one message of about `size` octets."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    line = base64.b64encode(random.Random(9).randbytes(57)) + b"\r\n"
    head = message_10k().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    block, count = line * 10_000, size // (len(line) * 10_000)
    total = len(head) + count * len(block)
    with (folder / "cur" / f"1700000000.M0P1.bench,S={total},W={total}:2,S").open("wb") as file:
        file.write(head)
        for _ in range(count):
            file.write(block)


def subject(number: int) -> str:
    """The subject of message `number`, decoded: what a lister must come to."""
    source = random.Random(f"subject/{number}")
    text = " ".join(source.choices(WORDS, k=source.randrange(2, 12)))
    return f"Re: {text}" if source.random() < 0.3 else text


def message(number: int) -> bytes:
    """One message with CR LF: plain, alternatives, or an attachment; encoded words in several charsets."""
    source = random.Random(f"message/{number}")
    moment = dt.datetime(2023, 1, 1, tzinfo=dt.timezone(dt.timedelta(minutes=source.choice((0, 60, -300, 330, 540)))))
    moment += dt.timedelta(minutes=number * 37)
    headers = [f"Return-Path: <bounce{number}@{source.choice(DOMAINS)}>", *_received(source, moment)]
    headers += [
        f"From: {_person(source)}",
        "To: " + ",\r\n\t".join(_person(source) for _ in range(source.choice((1, 1, 1, 2, 4)))),
        f"Subject: {_encoded(subject(number), source)}",
        f"Date: {format_datetime(moment)}",
        f"Message-ID: <{number}.{source.getrandbits(64):x}@{source.choice(DOMAINS)}>",
        "MIME-Version: 1.0",
    ]
    if source.random() < 0.4:
        headers.append(f"In-Reply-To: <{number - 1}.{source.getrandbits(64):x}@example.org>")
    if source.random() < 0.3:
        headers.append(f"List-Id: <list{source.randrange(9)}.example.org>")
    fields, body = _body(source)
    return "\r\n".join([*headers, *fields]).encode() + b"\r\n\r\n" + body


def _received(source: random.Random, moment: dt.datetime) -> Iterator[str]:
    for hop in range(source.randrange(1, 5)):
        host = f"mx{hop}.{source.choice(DOMAINS)}"
        yield (
            f"Received: from {host} ({host} [192.0.2.{source.randrange(255)}])\r\n\tby in{hop}.example.org (Postfix)"
            f" with ESMTPS id {source.getrandbits(44):011X}\r\n\tfor <me@example.org>; {format_datetime(moment)}"
        )


def _encoded(text: str, source: random.Random) -> str:
    if text.isascii():
        return text
    for charset in (source.choice(("utf-8", "utf-8", "iso-8859-1")), "utf-8"):
        try:
            return Header(text, charset, maxlinelen=72).encode(linesep="\r\n")
        except UnicodeEncodeError:
            continue
    raise AssertionError("UTF-8 has every character")


def _person(source: random.Random) -> str:
    name = f"{source.choice(FIRST)} {source.choice(LAST)}"
    address = f"user{source.randrange(5000)}@{source.choice(DOMAINS)}"
    kind = source.random()
    if kind < 0.15:
        return address
    if kind < 0.3 and name.isascii():
        return f'"{name.split()[1]}, {name.split()[0]}" <{address}>'
    return f"{_encoded(name, source)} <{address}>"


def _body(source: random.Random) -> tuple[list[str], bytes]:
    lines = [" ".join(source.choices(WORDS, k=9)) for _ in range(source.randrange(5, 40))]
    text = "\r\n".join(lines) + "\r\n"
    boundary, kind = f"=_b{source.getrandbits(60):x}", source.random()
    plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text
    if kind < 0.35:
        return ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"], text.encode()
    if kind < 0.5:
        octets = quopri.encodestring(text.replace("\r\n", "\n").encode("latin-1", "replace")).replace(b"\n", b"\r\n")
        return ["Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable"], octets
    if kind < 0.8:
        page = f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{text}</p></body></html>\r\n"
        body = f"--{boundary}\r\n{plain}\r\n--{boundary}\r\n{page}\r\n--{boundary}--\r\n"
        return [f'Content-Type: multipart/alternative; boundary="{boundary}"'], body.encode()
    blob = base64.encodebytes(source.randbytes(source.randrange(1000, 9000))).replace(b"\n", b"\r\n").decode()
    name = source.choice(
        ("report.pdf", "photo.jpg", "=?utf-8?B?" + base64.b64encode("übersicht.xlsx".encode()).decode() + "?=")
    )
    body = (
        f'--{boundary}\r\n{plain}\r\n--{boundary}\r\nContent-Type: application/octet-stream; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n{blob}'
        f"\r\n--{boundary}--\r\n"
    )
    return [f'Content-Type: multipart/mixed; boundary="{boundary}"'], body.encode()
