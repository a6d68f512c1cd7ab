"""Messages to send: built from text, HTML and attachments, or a ready one made fit for the wire.

The inverse of `parse.message`: RFC 5322 and MIME out, with CR LF line ends. A message is a list of pieces, octets or
files still on the disk, so that its size is known and its octets come block by block, however big an attachment is.
Bcc never stands in what is sent. Nothing that came from the caller can begin a header of its own.
"""

from __future__ import annotations

import binascii
import datetime as dt
import email.header
import email.message
import email.policy
import email.utils
import mimetypes
import os
import quopri
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nettools.errors import FileError, UsageError
from nettools.parse.message.headers import parse_addresses, raw_fields, split_message
from nettools.results import Address

__all__ = ["Draft", "Prepared", "check_address", "compose", "prepare", "wire_octets"]

People = str | Address | Iterable[str | Address] | None

_CONTROL = re.compile(r"[\r\n\0]")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_LINE = 57  # octets that make a line of base64 (RFC 2045 6.8)
_READ = _LINE * 4096


# --- addresses


def check_address(address: str) -> str:
    """The address, with its domain in IDNA, if it may stand in an envelope.

    Raises:
        UsageError: it has a CR, LF or NUL, spaces, angle brackets, no local part, or two @ that are not quoted.
    """
    if _CONTROL.search(address):
        raise UsageError("an address has a CR, LF or NUL in it")
    local, at, host = address.rpartition("@")
    if not at:
        local, host = address, ""
    quoted = re.fullmatch(r'"(?:[^"\\]|\\.)*"', local) is not None
    if not quoted and (not local or re.search(r'[\s<>@,;:"()\[\]\\]', local)):
        raise UsageError(f"{address!r} is no mail address", hint="such as name@example.org")
    if at and (not host or re.search(r'[\s<>@,;"()\\]', host)):
        raise UsageError(f"{address!r} is no mail address", hint="such as name@example.org")
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise UsageError(f"{address!r} has no valid domain: {error}") from None
    return f"{local}@{host}" if at else local


def people(value: People, what: str) -> tuple[Address, ...]:
    """Addresses as given: one or many, with or without names."""
    if value is None:
        return ()
    if isinstance(value, (str, Address)):
        value = (value,)
    result: list[Address] = []
    for each in value:
        if isinstance(each, Address):
            found: tuple[Address, ...] = (each,)
        elif isinstance(each, str):
            if _CONTROL.search(each):
                raise UsageError(f"{what}= has a CR, LF or NUL in it")
            found = parse_addresses(each)
            if not found and each.strip():
                raise UsageError(f"{what}= {each!r} is no mail address")
        else:
            raise UsageError(f"{what}= is an address or several, not {type(each).__name__}")
        for address in found:
            check_address(address.address)
            if isinstance(each, str) and not re.search(r'["(\\]', each) and address.mailbox not in each:
                raise UsageError(f"{what}= {each!r} is no mail address")  # white space inside it was folded away
        result += found
    return tuple(result)


# --- header fields


def _encode_text(name: str, value: str) -> bytes:
    """An unstructured field, folded, with encoded words where it is not ASCII (RFC 2047)."""
    if _CONTROL.search(value):
        raise UsageError(f"the {name} header has a CR, LF or NUL in it", hint="it would have begun a header of its own")
    if value.isascii():
        return _fold(f"{name}: {value}".encode("ascii"))
    text = email.header.Header(value, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {text}\r\n".encode("ascii")


def _fold(line: bytes) -> bytes:
    """A field as lines of at most 78 octets where it has white space, 998 in any case (RFC 5322 2.1.1)."""
    result = b""
    while len(line) > 78:
        cut = line.rfind(b" ", 1, 78)
        if cut <= line.find(b":") + 1:
            cut = line.find(b" ", 78)
        if cut < 0:
            break
        result += line[:cut] + b"\r\n"
        line = line[cut:]
    if len(line) > 998:
        raise UsageError("a header has more than 998 octets without white space")
    return result + line + b"\r\n"


def _phrase(name: str) -> str:
    if not name.isascii():
        return email.header.Header(name, "utf-8", maxlinelen=60).encode(linesep="\r\n")
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", name) and "=?" not in name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encode_people(name: str, addresses: Iterable[Address]) -> bytes:
    texts = []
    for each in addresses:
        spec = check_address(each.address)
        texts.append(f"{_phrase(each.name)} <{spec}>" if each.name else spec)
    if not texts:
        return b""
    lines = ",\r\n ".join(texts)
    return f"{name}: {lines}\r\n".encode()


def _parameter(name: str, value: str) -> str:
    """A parameter of a MIME field (RFC 2045; RFC 2231 where it is not ASCII)."""
    if value.isascii() and not re.search(r"[\x00-\x1f\x7f]", value):
        return f'; {name}="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"; {name}*=utf-8''{quote(value.encode('utf-8', 'surrogateescape'), safe='')}"


# --- pieces


@dataclass(frozen=True, slots=True)
class _FilePiece:
    """A file that is encoded as base64 while it is sent."""

    path: Path
    octets: int

    @property
    def size(self) -> int:
        """Its size in base64, line ends included."""
        encoded = -(-self.octets // 3) * 4
        return encoded + -(-encoded // 76) * 2

    def blocks(self) -> Iterator[bytes]:
        """Its base64, in blocks of whole lines."""
        left = self.octets
        try:
            with self.path.open("rb") as file:
                while left:
                    data = file.read(min(_READ, left))
                    if not data:
                        raise UsageError(f"{self.path} became shorter while it was sent")
                    while len(data) % _LINE and len(data) < left:
                        more = file.read(_LINE - len(data) % _LINE)
                        if not more:
                            raise UsageError(f"{self.path} became shorter while it was sent")
                        data += more
                    left -= len(data)
                    yield _base64(data)
        except OSError as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: object, error: OSError) -> FileError:
    return FileError(
        f"cannot read {path}: {(error.strerror or str(error)).lower()}",
        errno=error.errno,
        filename=str(path),
        exit_code=26,
        stage="local",
    )


def _base64(data: bytes) -> bytes:
    return b"".join(
        binascii.b2a_base64(data[place : place + _LINE], newline=False) + b"\r\n"
        for place in range(0, len(data), _LINE)
    )


Pieces = list["bytes | _FilePiece"]


@dataclass(slots=True)
class Draft:
    """A message that was built here: its pieces, and the addresses for the envelope."""

    pieces: Pieces
    sender: str | None
    recipients: tuple[str, ...]
    message_id: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message ready to be sent: envelope, size in octets with CR LF line ends, and `blocks()`, not dot-stuffed."""

    pieces: tuple[bytes | _FilePiece, ...] = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    message_id: str | None
    needs_8bit: bool
    needs_smtputf8: bool

    @property
    def size(self) -> int:
        """Octets on the wire, before dot-stuffing."""
        return sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in self.pieces)

    def blocks(self) -> Iterator[bytes]:
        """The octets."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.blocks()


# --- building


def compose(
    *,
    sender: str | Address | None = None,
    to: People = None,
    cc: People = (),
    bcc: People = (),
    subject: str = "",
    text: str | None = None,
    html: str | None = None,
    attachments: Iterable[Any] = (),
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    date: dt.datetime | None = None,
    message_id: str | None = None,
    default_sender: str | None = None,
) -> Draft:
    """Build a message; Date and Message-ID are added, Bcc is in the envelope only.

    An attachment is a path, `(name, data)` or `(name, data, type)`; one whose name the HTML refers to as `cid:NAME`
    becomes an inline part.

    Raises:
        UsageError: a header or address makes no sense. FileError: an attachment cannot be read (exit code 26).
    """
    author = people(sender, "sender") if sender else ()
    if not author and default_sender and "@" in default_sender:
        author = people(default_sender, "sender")
    own = list(headers.items() if isinstance(headers, Mapping) else headers or ())
    named = {name.lower() for name, _ in own}
    for name, _ in own:
        if not _FIELD_NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no header name")
    if "bcc" in named or named & {"content-type", "content-transfer-encoding", "mime-version", "content-disposition"}:
        raise UsageError(
            "headers= cannot hold Bcc or the fields of MIME", hint="there are bcc=, text=, html= and attachments="
        )
    spec = check_address(author[0].address) if author else ("" if sender == "" else None)
    host = (spec or "").rpartition("@")[2] or "localhost"
    identity = message_id or {name.lower(): value for name, value in own}.get("message-id")
    identity = identity or f"<{secrets.token_hex(12)}@{host}>"
    moment = date or dt.datetime.now(dt.UTC)
    top = b""
    if "from" not in named:
        top += _encode_people("From", author)
    top += _encode_people("To", people(to, "to")) if "to" not in named else b""
    top += _encode_people("Cc", people(cc, "cc")) if "cc" not in named else b""
    if subject or "subject" not in named:
        top += _encode_text("Subject", subject)
    if "date" not in named:
        top += f"Date: {email.utils.format_datetime(moment)}\r\n".encode()
    if "message-id" not in named:
        top += _encode_text("Message-ID", identity)
    for name, value in own:
        top += _encode_text(name, str(value))
    body = _body(text, html, [_attached(each) for each in attachments])
    first = body[0]
    assert isinstance(first, bytes)
    pieces: Pieces = [top + b"MIME-Version: 1.0\r\n" + first, *body[1:]]
    envelope = (*people(to, "to"), *people(cc, "cc"), *people(bcc, "bcc"))
    return Draft(pieces, spec, _unique(check_address(each.address) for each in envelope), identity)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


@dataclass(slots=True)
class _Attached:
    name: str
    kind: str
    content: bytes | _FilePiece
    inline: bool = False


def _attached(given: Any) -> _Attached:
    if isinstance(given, (str, os.PathLike)):
        path = Path(given)
        try:
            size = path.stat().st_size
            with path.open("rb"):
                pass
        except OSError as error:
            raise _unreadable(path, error) from error
        return _Attached(path.name, _guess(path.name), _FilePiece(path, size))
    if not isinstance(given, tuple) or len(given) not in (2, 3) or not isinstance(given[0], str):
        raise UsageError("an attachment is a path, (name, data) or (name, data, type)")
    name, data = given[:2]
    kind = given[2] if len(given) == 3 and given[2] else _guess(name)
    if not re.fullmatch(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+", kind):
        raise UsageError(f"{kind!r} is no content type")
    if _CONTROL.search(name):
        raise UsageError("an attachment's name has a CR, LF or NUL in it")
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise UsageError(f"an attachment's data is bytes, not {type(data).__name__}")
    return _Attached(name, kind, bytes(data))


def _guess(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    return kind if kind and not encoding else "application/octet-stream"


def _body(text: str | None, html: str | None, attached: list[_Attached]) -> Pieces:
    """The MIME tree: mixed(alternative(text, related(html, inline...)), attachments...), as flat as can be."""
    if html is not None:
        for each in attached:
            each.inline = f"cid:{each.name}" in html
    inner: Pieces | None = None
    if html is not None:
        inner = _text("html", html)
        inline = [each for each in attached if each.inline]
        if inline:
            inner = _multipart('related; type="text/html"', [inner, *map(_file, inline)])
    if text is not None or inner is None:
        plain = _text("plain", text or "")
        inner = plain if inner is None else _multipart("alternative", [plain, inner])
    rest = [each for each in attached if not each.inline]
    return _multipart("mixed", [inner, *map(_file, rest)]) if rest else inner


def _text(kind: str, text: str) -> Pieces:
    """A text part: as it is where it is ASCII in short lines, else quoted-printable or base64, whichever is shorter."""
    octets = text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if octets and not octets.endswith(b"\n"):
        octets += b"\n"
    lines = octets.split(b"\n")
    charset = "us-ascii" if octets.isascii() else "utf-8"
    if octets.isascii() and b"\0" not in octets and all(len(line) <= 998 for line in lines):
        return [f'Content-Type: text/{kind}; charset="{charset}"\r\n\r\n'.encode() + octets.replace(b"\n", b"\r\n")]
    head = f'Content-Type: text/{kind}; charset="{charset}"\r\nContent-Transfer-Encoding: '.encode()
    quoted = quopri.encodestring(octets, quotetabs=False).replace(b"\n", b"\r\n")
    encoded = _base64(octets.replace(b"\n", b"\r\n"))
    if len(quoted) <= len(encoded):
        return [head + b"quoted-printable\r\n\r\n" + quoted]
    return [head + b"base64\r\n\r\n" + encoded]


def _file(each: _Attached) -> Pieces:
    disposition = "inline" if each.inline else "attachment"
    head = f"Content-Type: {each.kind}{_parameter('name', each.name)}\r\n"
    head += f"Content-Disposition: {disposition}{_parameter('filename', each.name)}\r\n"
    if each.inline:
        head += f"Content-ID: <{each.name}>\r\n"
    if each.kind.startswith("message/"):  # RFC 2046 5.2.1: not in base64
        data = each.content if isinstance(each.content, bytes) else each.content.path.read_bytes()
        return [(head + "\r\n").encode() + _crlf(data)]
    start = (head + "Content-Transfer-Encoding: base64\r\n\r\n").encode()
    return [start + _base64(each.content)] if isinstance(each.content, bytes) else [start, each.content]


def _multipart(kind: str, parts: list[Pieces]) -> Pieces:
    boundary = "=-" + secrets.token_hex(16)
    name, _, parameters = kind.partition(";")
    head = f'Content-Type: multipart/{name}{";" + parameters if parameters else ""}; boundary="{boundary}"\r\n\r\n'
    result: Pieces = [head.encode()]
    for part in parts:
        result += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    result.append(f"--{boundary}--\r\n".encode())
    return result


# --- sending what is there


def _crlf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def _octets(message: Any) -> bytes:
    if isinstance(message, (bytes, bytearray, memoryview)):
        return bytes(message)
    if isinstance(message, email.message.Message):
        try:
            return message.as_bytes(policy=email.policy.SMTP.clone(max_line_length=None))
        except Exception as error:
            raise UsageError(f"the message cannot be written: {error}") from error
    if isinstance(message, (str, os.PathLike)):
        try:
            return Path(message).read_bytes()
        except OSError as error:
            raise _unreadable(message, error) from error
    if callable(getattr(message, "read", None)):
        data = message.read()
        if isinstance(data, bytes):
            return data
    raise UsageError("message= is an EmailMessage, bytes, a path or a binary file")


def wire_octets(message: Any) -> bytes:
    """A message as it is, with CR LF line ends: what APPEND stores.

    Raises:
        UsageError: it is no message. FileError: it cannot be read (exit code 26).
    """
    if isinstance(message, Draft):
        return b"".join(piece if isinstance(piece, bytes) else b"".join(piece.blocks()) for piece in message.pieces)
    octets = _crlf(_octets(message))
    if b"\0" in octets:
        raise UsageError("the message has a NUL in it, which a literal cannot carry (RFC 3501 4.3)")
    return octets


def prepare(
    message: Any,
    *,
    sender: str | Address | None = None,
    to: People = None,
    cc: People = None,
    bcc: People = None,
    default_sender: str | None = None,
) -> Prepared:
    """A message with its envelope: from what is given, else from its headers (those of Resent- first).

    Sent as it is but for CR LF line ends and a Bcc field taken out.

    Raises:
        UsageError: there is no recipient or no sender, or an address makes no sense.
    """
    if isinstance(message, Draft):
        return _prepared(message.pieces, message.sender, message.recipients, message.message_id, default_sender)
    head, body = split_message(octets := _octets(message))
    separator = octets[len(head) : len(octets) - len(body)] if body or len(head) < len(octets) else b""
    fields = list(raw_fields(head))
    head = _without_bcc(head)
    resent = {"resent-from", "resent-to", "resent-cc", "resent-bcc"} & {name.lower() for name, _ in fields}
    prefix = "resent-" if resent else ""
    given = (*people(to, "to"), *people(cc, "cc"), *people(bcc, "bcc"))
    found = given or tuple(address for name in ("to", "cc", "bcc") for address in _addresses(fields, prefix + name))
    if sender is None:
        for name in (prefix + "sender", prefix + "from", "from"):
            authors = _addresses(fields, name)
            if authors:
                sender = authors[0]
                break
    spec = None
    if sender is not None:
        chosen = people(sender, "sender") if sender != "" else ()
        spec = check_address(chosen[0].address) if chosen else ""
    identity = next(
        (value.strip().decode("utf-8", "replace") for name, value in fields if name.lower() == "message-id"), None
    )
    pieces: Pieces = [_crlf(head) + (b"\r\n\r\n" if separator else b"\r\n"), _crlf(body)]
    return _prepared(pieces, spec, _unique(check_address(each.address) for each in found), identity, default_sender)


def _prepared(
    pieces: Pieces, sender: str | None, recipients: tuple[str, ...], message_id: str | None, default: str | None
) -> Prepared:
    if not recipients:
        raise UsageError("the message has no recipient", hint="give to=, cc= or bcc=, or a message with such headers")
    if sender is None:
        if not default or "@" not in default:
            raise UsageError(
                "the message has no sender", hint='give sender=, or a message with From; "" is the null path'
            )
        sender = check_address(default)
    eight = any(not piece.isascii() for piece in pieces if isinstance(piece, bytes))
    head = pieces[0]
    assert isinstance(head, bytes)
    utf8 = not all(each.isascii() for each in (sender, *recipients)) or not split_message(head)[0].isascii()
    return Prepared(tuple(pieces), sender, recipients, message_id, eight, utf8)


def _addresses(fields: list[tuple[str, bytes]], name: str) -> tuple[Address, ...]:
    return tuple(
        address
        for field_name, value in fields
        if field_name.lower() == name
        for address in parse_addresses(value)
        if address.mailbox
    )


def _without_bcc(head: bytes) -> bytes:
    fields = re.split(rb"(?<=\n)(?![ \t])", head)
    kept = [each for each in fields if not re.match(rb"(?i)(?:resent-)?bcc[ \t]*:", each)]
    return b"".join(kept).rstrip(b"\r\n")
