"""Articles as the NNTP fake sees them: header fields, overview lines, and what is wrong with one that is posted."""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import re
import secrets

from nettools.testing.lines import crlf

__all__ = [
    "completed",
    "field",
    "identity",
    "message_id",
    "metadata",
    "objection",
    "one_line",
    "overview",
    "split",
]

FIELDS = ("Subject", "From", "Date", "Message-ID", "References")  # RFC 3977 section 8.4.2; then :bytes and :lines
MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,248}>")


def split(data: bytes) -> tuple[bytes, bytes]:
    """Header with its last line end, and body."""
    if data.startswith(b"\r\n"):
        return b"", data[2:]
    head, gap, body = data.partition(b"\r\n\r\n")
    return (head + b"\r\n", body) if gap else (data, b"")


def field(data: bytes, name: str) -> str | None:
    """The value of a header field, unfolded, None where there is none."""
    head, _ = split(data)
    match = re.search(
        rb"(?im)^" + re.escape(name.encode("utf-8", "surrogateescape")) + rb":[ \t]*((?:[^\r\n]|\r\n(?=[ \t]))*)", head
    )
    return None if match is None else match[1].replace(b"\r\n", b"").decode("utf-8", "surrogateescape").rstrip()


def message_id(data: bytes) -> str:
    """The Message-ID of an article with CR LF line ends."""
    return field(data, "Message-ID") or "<unknown@localhost>"


@functools.lru_cache(maxsize=10_000)
def identity(raw: bytes) -> str:
    """The Message-ID of an article as it is stored."""
    return message_id(crlf(raw))


def one_line(value: str) -> str:
    """A value that fits into a list: TAB, CR, LF and NUL are spaces (RFC 3977 section 8.3.2)."""
    return re.sub(r"[\t\r\n\0]", " ", value)


def metadata(data: bytes, name: str) -> str | None:
    """A header field, or `:bytes` or `:lines` (RFC 3977 section 8.1.2); those the server itself counts."""
    if name.lower() == ":bytes":
        return str(len(data))
    if name.lower() == ":lines":
        return str(split(data)[1].count(b"\r\n"))
    return field(data, name)


def overview(number: int, data: bytes, xref: str) -> str:
    """One line of OVER (RFC 3977 section 8.3.2): TAB, CR and LF in a value are spaces."""
    values = [field(data, name) or "" for name in FIELDS]
    values += [metadata(data, ":bytes") or "", metadata(data, ":lines") or "", f"Xref: {xref}"]
    return "\t".join([str(number), *map(one_line, values)])


def objection(data: bytes) -> str | None:
    """Why this is no article (RFC 5536 section 3.1), None where it is one."""
    head, _ = split(data)
    if b"\0" in data:
        return "a NUL in it"
    if re.search(rb"\r(?!\n)|(?<!\r)\n", data):
        return "a bare CR or LF in it"
    for line in head.split(b"\r\n")[:-1]:
        if not re.match(rb"[!-9;-~]+:[ \t]|[ \t]+\S", line):
            return "a line in its header that is no field"
    for name in ("From", "Newsgroups", "Subject"):
        if not field(data, name):
            return f"no {name}"
    identity = field(data, "Message-ID")
    if identity is not None and not MESSAGE_ID.fullmatch(identity):
        return "a bad Message-ID"
    return None


def completed(data: bytes) -> bytes:
    """A posted article with what the server adds (RFC 5537 section 3.5): Path, Date, Message-ID."""
    added = {
        "Path": "localhost!not-for-mail",
        "Date": email.utils.format_datetime(dt.datetime.now(dt.UTC).replace(microsecond=0)),
        "Message-ID": f"<{secrets.token_hex(8)}@localhost>",
    }
    lines = [f"{name}: {value}\r\n" for name, value in added.items() if field(data, name) is None]
    return "".join(lines).encode() + data
