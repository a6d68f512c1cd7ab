"""The tree of parts, and a whole message as a `Mail` (RFC 2045, 2046, 2183).

Works on octets, without recursion that a message could deepen, in time linear in its size. What is wrong is said in
`defects`, and what could be read is kept: no message is refused.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import quopri
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from nettools.errors import ProtocolError
from nettools.parse.message.headers import (
    charset_decode,
    decode_header,
    parse_addresses,
    parse_date,
    parse_parameters,
    raw_fields,
    split_message,
)
from nettools.results import Address, Attachment, Headers, Mail, MailInfo

__all__ = ["mail_info", "parse_mail"]

MOST_PARTS = 10_000
MOST_LEVELS = 100


@dataclass(slots=True)
class Part:
    """One leaf of the tree."""

    fields: dict[str, bytes]
    body: bytes
    kind: str
    parameters: dict[str, str]
    within: str = ""  # the kind of multipart it stands in
    disposition: str = ""
    disposition_parameters: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """What the file is called."""
        return self.disposition_parameters.get("filename") or self.parameters.get("name") or None


class Reader:
    """Takes a message apart, and notes what is wrong."""

    def __init__(self) -> None:
        self.defects: dict[str, None] = {}
        self.parts: list[Part] = []

    def defect(self, text: str) -> None:
        self.defects[text] = None

    def read(self, raw: bytes) -> None:
        """The leaves, in order: a stack instead of recursion."""
        stack: list[tuple[bytes, str, int]] = [(raw, "", 0)]
        while stack:
            octets, within, level = stack.pop()
            if len(self.parts) >= MOST_PARTS:
                self.defect(f"more than {MOST_PARTS} parts: the rest is left out")
                return
            part = self._part(octets, within)
            boundary = part.parameters.get("boundary", "")
            if part.kind.startswith("multipart/") and boundary and level < MOST_LEVELS:
                inner = self._split(part.body, boundary)
                if inner:
                    default = part.kind
                    stack += [(each, default, level + 1) for each in reversed(inner)]
                    continue
                self.defect("a multipart without parts is taken for text")
                part.kind = "text/plain"
            elif part.kind.startswith("multipart/"):
                self.defect("a multipart without a boundary" if not boundary else f"more than {MOST_LEVELS} levels")
                part.kind = "text/plain"
            self.parts.append(part)

    def _part(self, octets: bytes, within: str) -> Part:
        head, body = split_message(octets)
        fields: dict[str, bytes] = {}
        for name, value in raw_fields(head):
            fields.setdefault(name.lower(), value)
        default = "message/rfc822" if within == "multipart/digest" else "text/plain"
        kind, parameters = parse_parameters(fields.get("content-type", b""))
        if not re.fullmatch(r"[^\s/]+/[^\s/]+", kind):
            if kind and kind != "text":
                self.defect("a Content-Type that makes no sense")
            kind = default
        disposition, more = parse_parameters(fields.get("content-disposition", b""))
        return Part(fields, body, kind, parameters, within, disposition, more)

    def _split(self, body: bytes, boundary: str) -> list[bytes]:
        """The parts between the boundaries (RFC 2046 5.1.1)."""
        mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
        line = re.compile(rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]*(?=\r?\n|\Z)")
        result: list[bytes] = []
        start: int | None = None
        for match in line.finditer(body):
            if start is not None:
                result.append(_without_line_end(body[start : match.start()]))
            if match[1]:
                return result
            start = match.end()
            if len(result) > MOST_PARTS:
                return result
        if start is not None:
            self.defect("the last boundary is missing")
            result.append(_without_line_end(body[start:]))
        return result

    # -- contents

    def octets(self, part: Part) -> bytes:
        """A part's body, its Content-Transfer-Encoding undone."""
        encoding = part.fields.get("content-transfer-encoding", b"").decode("ascii", "replace").strip().lower()
        encoding = encoding.partition(";")[0].strip()
        match encoding:
            case "base64":
                return self._base64(part.body)
            case "quoted-printable":
                return quopri.decodestring(part.body)
            case "x-uuencode" | "uuencode" | "x-uue" | "uue":
                return self._uu(part.body)
            case "" | "7bit" | "8bit" | "binary":
                return part.body
        self.defect(f"unknown Content-Transfer-Encoding {encoding[:40]}")
        return part.body

    def _base64(self, body: bytes) -> bytes:
        compact = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        if len(compact) % 4 == 1:
            self.defect("base64 that was cut")
            compact = compact[:-1]
        if re.search(rb"[^A-Za-z0-9+/=\s]", body):
            self.defect("base64 with other characters in it")
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))

    def _uu(self, body: bytes) -> bytes:
        result = bytearray()
        for line in body.splitlines():
            if line.startswith(b"begin ") or line == b"end" or not line:
                continue
            try:
                result += binascii.a2b_uu(line)
            except binascii.Error:
                self.defect("uuencode that makes no sense")
        return bytes(result)

    def text(self, part: Part) -> str:
        """A text part, decoded, with LF line ends."""
        charset = part.parameters.get("charset")
        octets = self.octets(part)
        if charset is None and part.kind == "text/html":
            match = re.search(rb"<meta[^>]+charset=[\"']?([A-Za-z0-9_-]+)", octets[:2048], re.IGNORECASE)
            charset = match[1].decode("ascii") if match else None
        text, defect = charset_decode(octets, charset)
        if defect is not None:
            self.defect(defect)
        return text.replace("\r\n", "\n")


def _without_line_end(part: bytes) -> bytes:
    """A part without the line end of the boundary line before it."""
    return part[2:] if part.startswith(b"\r\n") else part[1:] if part.startswith(b"\n") else part


def _is_text(part: Part) -> bool:
    return part.kind in ("text/plain", "text/html") and part.disposition != "attachment" and not part.name


def parse_mail(raw: bytes | str) -> Mail:
    """A whole message: what it says, what is attached, and what is wrong with it.

    `text` is the first plain text (inline ones that follow are joined), `html` the HTML; `raw` are the octets given.
    """
    octets = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else bytes(raw)
    reader = Reader()
    reader.read(octets)
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    attachments: list[Attachment] = []
    for part in reader.parts:
        if _is_text(part):
            texts[part.kind].append(reader.text(part))
        else:
            attachments.append(_attachment(reader, part))
    head, _ = split_message(octets)
    fields = [(name, decode_header(value)) for name, value in raw_fields(head)]
    info = mail_info(raw_fields(head), size=len(octets), defect=reader.defect)
    return Mail(
        info=info,
        text="\n".join(texts["text/plain"]) if texts["text/plain"] else None,
        html="\n".join(texts["text/html"]) if texts["text/html"] else None,
        attachments=tuple(attachments),
        headers=Headers(fields),
        raw=octets,
        defects=tuple(reader.defects),
    )


def deferred_mail(
    octets: bytes,
    *,
    uid: str = "",
    number: int | None = None,
    folder: str | None = None,
    flags: tuple[str, ...] = (),
    received: dt.datetime | None = None,
) -> Mail:
    """A message that a server gave, parsed as far as it is looked at.

    Args:
        received: stands in for the date of a message that has none.
    """

    def work_out(name: str) -> dict[str, Any]:
        head, _ = split_message(octets)
        if name == "info":
            fields = raw_fields(head)
            info = mail_info(fields, uid=uid, number=number, folder=folder, flags=flags, size=len(octets))
            return {"info": info if info.date or received is None else replace(info, date=received)}
        if name == "headers":
            return {"headers": Headers((each, decode_header(value)) for each, value in raw_fields(head))}
        whole = parse_mail(octets)
        return {each: getattr(whole, each) for each in ("text", "html", "attachments", "defects")}

    return Mail.deferred(work_out, raw=octets)


def _attachment(reader: Reader, part: Part) -> Attachment:
    data = reader.octets(part)
    identity = part.fields.get("content-id")
    content_id = None if identity is None else decode_header(identity).strip("<> ") or None
    inline = part.disposition == "inline" or (content_id is not None and part.disposition != "attachment")
    name = part.name
    return Attachment(name and decode_header(name), part.kind, data, len(data), inline, content_id)


def mail_info(
    fields: Iterable[tuple[str, bytes]],
    *,
    uid: str = "",
    number: int | None = None,
    folder: str | None = None,
    flags: tuple[str, ...] = (),
    size: int | None = None,
    defect: object = None,
) -> MailInfo:
    """The line of a mailbox for a message's header fields."""
    note = defect if callable(defect) else lambda text: None
    first: dict[str, bytes] = {}
    for name, value in fields:
        first.setdefault(name.lower(), value)
    date = None
    if "date" in first:
        try:
            date = parse_date(first["date"])
        except ProtocolError as error:
            note(error.message)
    senders = parse_addresses(first.get("from", b""))
    message_id = decode_header(first["message-id"]) if "message-id" in first else None
    return MailInfo(
        uid=uid,
        number=number,
        folder=folder,
        subject=decode_header(first.get("subject", b"")),
        sender=senders[0] if senders else None,
        to=_people(first.get("to")),
        cc=_people(first.get("cc")),
        date=date,
        message_id=message_id or None,
        flags=flags,
        size=size,
    )


def _people(value: bytes | None) -> tuple[Address, ...]:
    return () if value is None else parse_addresses(value)
