"""A message from text, HTML and attachments: header and MIME tree (RFC 5322, 2045, 2046, 2387, 2392).

    mixed( alternative( text, related( html, inline... ) ), attachments... )        as flat as what was given allows

Text travels in ASCII: as it is, quoted-printable or base64, whichever is shorter, so that no server has to take eight
bits for it. Attachments that are files stay on the disk until they are sent.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import mimetypes
import os
import quopri
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nettools.errors import UsageError
from nettools.frozen import Frozen, replace
from nettools.parse.compose.addresses import LINE_ENDS, People, check_address, people, unique
from nettools.parse.compose.fields import FIELD_NAME, LONGEST, encode_field, encode_people, parameter
from nettools.parse.compose.pieces import Draft, Encoded, Piece, Verbatim, base64_lines, crlf, read_all, unreadable
from nettools.results import Address

__all__ = ["compose"]

Pieces = list[Piece]

_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+"
    r'(?: *; *[A-Za-z0-9_-]+=(?:[A-Za-z0-9_.+-]+|"[ -!#-\[\]-~]*"))*'
)
_MIME = frozenset({"content-type", "content-transfer-encoding", "mime-version", "content-disposition"})
_ONCE = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "message-id", "in-reply-to", "references", "subject", "date"}
)


def compose(
    *,
    sender: str | Address | None = None,
    to: People = None,
    cc: People = (),
    bcc: People = (),
    subject: str = "",
    text: str | None = None,
    html: str | None = None,
    attachments: Any = (),
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    date: dt.datetime | None = None,
    message_id: str | None = None,
    default_sender: str | None = None,
) -> Draft:
    """Build a message; Date and Message-ID are added, Bcc is in the envelope only.

    An attachment is a path, `(name, data)` or `(name, data, type)`; one whose name the HTML refers to as `cid:NAME`
    becomes an inline part. A header whose value is None is not written, not even by default.

    Raises:
        UsageError: a header or address makes no sense. FileError: an attachment cannot be read (exit code 26).
    """
    for what, value in (("subject", subject), ("text", text), ("html", html)):
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{what}= is a str, not {type(value).__name__}")
    own = _own_headers(headers)
    named = {name.lower(): value for name, value in own}
    author = people(sender, "sender") if sender else ()
    envelope_sender = check_address(author[0].address) if author else ("" if sender == "" else None)
    if not author and named.get("from"):
        author = people(named["from"], "From")
        envelope_sender = check_address(author[0].address) if author and sender is None else envelope_sender
    if not author and default_sender and "@" in default_sender:
        author = people(default_sender, "sender")
    if not author and sender == "":
        author = (Address("", "MAILER-DAEMON", "localhost"),)  # RFC 5322 3.6.2: there has to be one
    receivers = {"to": people(to, "to"), "cc": people(cc, "cc")}
    envelope = (*receivers["to"], *receivers["cc"], *people(bcc, "bcc"))
    if not envelope:
        envelope = tuple(each for name in ("to", "cc") for each in people(named.get(name), name.title()))
    host = check_address(author[0].address).rpartition("@")[2] if author else ""
    identity = (message_id or named.get("message-id") or f"<{secrets.token_hex(12)}@{host or 'localhost'}>").strip()
    if subject and "subject" in named:
        raise UsageError("the subject is given twice", hint="subject= or headers=, not both")
    defaults: dict[str, Callable[[], bytes]] = {
        "From": lambda: encode_people("From", author),
        "To": lambda: encode_people("To", receivers["to"]),
        "Cc": lambda: encode_people("Cc", receivers["cc"]),
        "Subject": lambda: encode_field("Subject", subject),
        "Date": lambda: encode_field("Date", email.utils.format_datetime(date or dt.datetime.now(dt.UTC))),
        "Message-ID": lambda: encode_field("Message-ID", identity),
    }
    top = b"".join(field() for name, field in defaults.items() if name.lower() not in named)
    top += b"".join(encode_field(name, value) for name, value in own if value is not None)
    body = _body(text, html, [_attached(each) for each in _several(attachments)])
    first = body[0]
    assert isinstance(first, bytes)
    pieces: Pieces = [top + b"MIME-Version: 1.0\r\n" + first, *body[1:]]
    return Draft(pieces, envelope_sender, unique(envelope), identity)


def _own_headers(given: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> list[tuple[str, str | None]]:
    """The caller's headers as pairs, names checked, None for those that are not to be written."""
    pairs = list(given.items() if isinstance(given, Mapping) else given or ())
    result: list[tuple[str, str | None]] = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise UsageError("headers= is a mapping, or pairs of a name and a value")
        name, value = pair
        if not FIELD_NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no header name")
        result.append((name, None if value is None else str(value)))
    names = [name.lower() for name, _ in result]
    if "bcc" in names or "resent-bcc" in names or _MIME & set(names):
        raise UsageError(
            "headers= cannot hold Bcc or the fields of MIME", hint="there are bcc=, text=, html= and attachments="
        )
    twice = next((name for name in names if name in _ONCE and names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"headers= has {twice.title()} twice, which a message has once (RFC 5322 3.6)")
    return result


# --- attachments


class _Attached(Frozen):
    name: str
    kind: str
    content: Piece
    inline: bool = False


def _several(given: Any) -> Iterable[Any]:
    """Attachments as given; one alone is one."""
    if given is None:
        return ()
    if isinstance(given, (str, os.PathLike)):
        return (given,)
    if isinstance(given, tuple) and len(given) in (2, 3) and isinstance(given[1], (bytes, bytearray, memoryview)):
        return (given,)
    if isinstance(given, (bytes, bytearray)) or not isinstance(given, Iterable):
        raise UsageError(f"attachments= is several of them, not {type(given).__name__}")
    return given


def _attached(given: Any) -> _Attached:
    if isinstance(given, (str, os.PathLike)):
        return _attached_file(Path(os.fsdecode(given)))
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3) or not isinstance(given[0], str):
        raise UsageError("an attachment is a path, (name, data) or (name, data, type)")
    name, data = given[:2]
    kind = given[2] if len(given) == 3 and given[2] else _guess(name)
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise UsageError(f"{kind!r} is no content type", hint="such as application/pdf, or text/plain; charset=utf-8")
    if kind.lower().startswith("multipart/"):
        raise UsageError("an attachment is no multipart", hint="attach its parts, or send the whole with message=")
    if LINE_ENDS.search(name):
        raise UsageError("an attachment's name has a CR, LF or NUL in it")
    if callable(getattr(data, "read", None)):
        data = read_all(data)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
        if kind.startswith("text/") and ";" not in kind:
            kind += "; charset=utf-8"
    if isinstance(data, os.PathLike):
        return _Attached(name, kind, _attached_file(Path(data), message=_is_message(kind)).content)
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise UsageError(f"an attachment's data is bytes, not {type(data).__name__}")
    return _Attached(name, kind, crlf(bytes(data)) if _is_message(kind) else base64_lines(bytes(data)))


def _attached_file(path: Path, *, message: bool | None = None) -> _Attached:
    """A file, left on the disk if it is a regular one; others (a pipe, say) are read."""
    kind = _guess(path.name)
    if message is None:
        message = _is_message(kind)
    if LINE_ENDS.search(path.name):
        raise UsageError("an attachment's name has a CR, LF or NUL in it")
    content: Piece
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                data = file.read()
                content = crlf(data) if message else base64_lines(data)
                return _Attached(path.name, kind, content)
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is no path: {error}") from error
    return _Attached(path.name, kind, Verbatim.of(path) if message else Encoded(path, status.st_size))


def _is_message(kind: str) -> bool:
    """Whether a type is one that base64 is not allowed for (RFC 2046 5.2.1)."""
    return kind.lower().startswith("message/")


def _guess(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    return kind if kind and not encoding else "application/octet-stream"


# --- the tree


def _body(text: str | None, html: str | None, attached: list[_Attached]) -> Pieces:
    if html is not None:
        attached = [replace(each, inline=_is_shown(each.name, html)) for each in attached]
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


def _is_shown(name: str, html: str) -> bool:
    """Whether a page refers to an attachment of this name."""
    reference = "|".join({re.escape(name), re.escape(quote(name))})
    return re.search(rf"cid:(?:{reference})(?![\w%@-]|\.\w)", html) is not None


def _text(kind: str, text: str) -> Pieces:
    """A text part: as it is where it is ASCII in short lines, else quoted-printable or base64, whichever is shorter."""
    try:
        octets = text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    except UnicodeEncodeError:
        raise UsageError("the text has characters that are none (lone surrogates)") from None
    if octets and not octets.endswith(b"\n"):
        octets += b"\n"
    charset = "us-ascii" if octets.isascii() else "utf-8"
    if octets.isascii() and b"\0" not in octets and max(map(len, octets.split(b"\n"))) <= LONGEST:
        return [f'Content-Type: text/{kind}; charset="{charset}"\r\n\r\n'.encode() + octets.replace(b"\n", b"\r\n")]
    head = f'Content-Type: text/{kind}; charset="{charset}"\r\nContent-Transfer-Encoding: '.encode()
    quoted = quopri.encodestring(octets, quotetabs=False).replace(b"\n", b"\r\n")
    encoded = base64_lines(octets.replace(b"\n", b"\r\n"))
    if len(quoted) <= len(encoded):
        return [head + b"quoted-printable\r\n\r\n" + quoted]
    return [head + b"base64\r\n\r\n" + encoded]


def _file(each: _Attached) -> Pieces:
    disposition = "inline" if each.inline else "attachment"
    head = f"Content-Type: {each.kind}{parameter('name', each.name)}\r\n"
    head += f"Content-Disposition: {disposition}{parameter('filename', each.name)}\r\n"
    if each.inline:
        plain = re.fullmatch(r"[!#-;=?-~]+", each.name)
        head += f"Content-ID: <{each.name if plain else quote(each.name)}>\r\n"
    if _is_message(each.kind):
        eight = isinstance(each.content, bytes) and not each.content.isascii()
        if eight or (isinstance(each.content, Verbatim) and each.content.eight):
            head += "Content-Transfer-Encoding: 8bit\r\n"
    else:
        head += "Content-Transfer-Encoding: base64\r\n"
    return [f"{head}\r\n".encode(), each.content]


def _multipart(kind: str, parts: list[Pieces]) -> Pieces:
    boundary = "=-" + secrets.token_hex(16)
    name, _, parameters = kind.partition(";")
    head = f'Content-Type: multipart/{name}{";" + parameters if parameters else ""}; boundary="{boundary}"\r\n\r\n'
    result: Pieces = [head.encode()]
    for part in parts:
        result += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    result.append(f"--{boundary}--\r\n".encode())
    return result
