"""A message that is there already, made fit for the wire: CR LF line ends, Bcc taken out, and its envelope.

It is sent as it is otherwise: a header that came from somewhere else is not folded anew, for it may be signed. An
EmailMessage is written by Python's email as it has it, and once more in ASCII for a server that takes no eight bits.
A file of more than a megabyte stays on the disk, but for its header.
"""

from __future__ import annotations

import copy
import email.message
import functools
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nettools.errors import UsageError
from nettools.parse import compose
from nettools.parse.compose.addresses import People, ascii_host, check_address, people, unique
from nettools.parse.compose.fields import encode_people
from nettools.parse.compose.pieces import (
    Draft,
    Piece,
    Prepared,
    Verbatim,
    crlf,
    has_8bit,
    read_all,
    size_of,
    unreadable,
)
from nettools.parse.message.addresses import parse_addresses
from nettools.parse.message.headers import raw_fields

if TYPE_CHECKING:
    from pathlib import Path

    from nettools.results import Address

__all__ = ["prepare", "wire_octets"]

_HELD = 1024 * 1024  # octets of a file that are read at once; its header is among them
_RESENT = ("resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc")
_TO = ("to", "cc", "bcc")


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

    Raises:
        UsageError: there is no recipient or no sender, or an address makes no sense. FileError: it cannot be read.
    """
    if isinstance(message, Draft):
        return _prepared(message.pieces, message.sender, message.recipients, message.message_id, default_sender)
    pieces, fields = _pieces(message)
    resent = _resent(fields)
    given = (*people(to, "to"), *people(cc, "cc"), *people(bcc, "bcc"))
    found = given or tuple(each for name in _TO for each in _addresses(resent or fields, name))
    if isinstance(sender, str) and not sender.strip():
        spec: str | None = ""
    elif sender is not None:
        spec = unique(people(sender, "sender")[:1])[0]
    else:
        names = [(resent, "sender"), (resent, "from")] if resent else []
        names += [(fields, "sender"), (fields, "from")]
        authors = (_addresses(where, name) for where, name in names)
        spec = next((unique(each[:1])[0] for each in authors if each), None)
    identity = next((_text(value) for name, value in fields if name == "message-id"), None)
    anew = None
    if isinstance(message, email.message.Message):
        anew = lambda: tuple(_pieces(message, cte_type="7bit")[0])  # noqa: E731
    return _prepared(pieces, spec, unique(found), identity, default_sender, anew)


def _prepared(
    pieces: list[Piece],
    sender: str | None,
    recipients: tuple[str, ...],
    message_id: str | None,
    default: str | None,
    anew: Any = None,
) -> Prepared:
    if not recipients:
        raise UsageError("the message has no recipient", hint="give to=, cc= or bcc=, or a message with such headers")
    if sender is None:
        if not default or "@" not in default:
            raise UsageError(
                "the message has no sender", hint='give sender= (--from), or a message with From; "" is the null path'
            )
        sender = check_address(default)
    head = pieces[0]
    assert isinstance(head, bytes)
    utf8 = not all(each.isascii() for each in (sender, *recipients)) or _international(_head(head))
    return Prepared(tuple(pieces), sender, recipients, message_id, has_8bit(pieces), utf8, size_of(pieces), anew)


# --- octets


_CONTENT = {"sender", "to", "cc", "bcc", "subject", "text", "html", "attachments", "headers"}


def wire_octets(message: Any) -> bytes:
    """A message as it is, or made of `send_mail`'s keywords, with CR LF line ends: what APPEND stores.

    Raises:
        UsageError: it is no message. FileError: it cannot be read (exit code 26).
    """
    if isinstance(message, Mapping):
        unknown = sorted({str(name) for name in message} - _CONTENT)
        if unknown:
            raise UsageError(f"a message is not made of {', '.join(unknown)}", hint=", ".join(sorted(_CONTENT)))
        hidden = people(message.get("bcc"), "bcc")  # what is kept tells it, what is sent does not
        kept = wire_octets(compose.compose(**{name: value for name, value in message.items() if name != "bcc"}))
        return encode_people("Bcc", hidden) + kept if hidden else kept
    if isinstance(message, Draft):
        return b"".join(piece if isinstance(piece, bytes) else b"".join(piece.blocks()) for piece in message.pieces)
    octets = _written(message, "8bit") if isinstance(message, email.message.Message) else crlf(_octets(message))
    if b"\0" in octets:
        raise UsageError("the message has a NUL in it, which a literal cannot carry (RFC 3501 4.3)")
    return octets


def _octets(message: Any) -> bytes:
    if isinstance(message, (bytes, bytearray, memoryview)):
        return bytes(message)
    if isinstance(message, str) and "\n" in message:
        raise UsageError("message= as a str is the path of a file", hint="give the message itself as bytes")
    if isinstance(message, (str, os.PathLike)):
        try:
            return _path(message).read_bytes()
        except OSError as error:
            raise unreadable(message, error) from error
        except ValueError as error:
            raise UsageError(f"message= is no path: {error}") from error
    if callable(getattr(message, "read", None)):
        data = read_all(message)
        if isinstance(data, bytes):
            return data
    raise UsageError("a message is an EmailMessage, bytes, a path or a binary file")


def _path(name: str | os.PathLike[str]) -> Path:
    from pathlib import Path  # few messages are files

    return Path(os.fsdecode(name))


def _pieces(message: Any, *, cte_type: str = "8bit") -> tuple[list[Piece], list[tuple[str, bytes]]]:
    """The pieces of a message without its Bcc, and the fields that it had, names in lower case."""
    rest: list[Piece] = []
    if isinstance(message, (str, os.PathLike)) and (path := _large(message)) is not None:
        with path.open("rb") as file:
            octets = crlf(file.read(_HELD).rstrip(b"\r\n"))
        if b"\r\n\r\n" not in octets:
            raise UsageError(f"the first {_HELD} octets of {path} have no end of a header")
        octets = octets[: octets.index(b"\r\n\r\n") + 4]
        rest = [Verbatim.of(path, len(octets))]
    elif isinstance(message, email.message.Message):
        octets = _written(message, cte_type)
    else:
        octets = crlf(_octets(message))
    if not octets.strip():
        raise UsageError("the message is empty")
    head = _head(octets)
    fields = [(name.lower(), value) for name, value in raw_fields(head)]
    if any(name in ("bcc", "resent-bcc") for name, _ in fields):
        kept = [each for each in re.split(rb"(?<=\n)(?![ \t])", head) if not re.match(_BCC, each)]
        kept_head = b"".join(kept).removesuffix(b"\r\n")
        octets = kept_head + (octets[len(head) :] or b"\r\n")
    return [octets, *rest], fields


_BCC = rb"(?i)(?:resent-)?bcc[ \t]*:"


def _large(message: str | os.PathLike[str]) -> Path | None:
    """The path of a regular file that is too large to be held."""
    path = _path(message)
    try:
        return path if path.is_file() and path.stat().st_size > _HELD else None
    except (OSError, ValueError):
        return None  # told by those who read it


def _written(message: email.message.Message, cte_type: str) -> bytes:
    """A message as Python's email writes it: what it was parsed from stays as it was, what was set is folded at 78."""
    policy = message.policy
    changes: dict[str, Any] = {"linesep": "\r\n", "cte_type": cte_type}
    if hasattr(policy, "refold_source"):  # an EmailPolicy, and not that of before Python 3.3
        changes["refold_source"] = "none"
        message, international = _with_ascii_domains(message)
        if international:
            changes["utf8"] = True
    try:
        octets = message.as_bytes(policy=policy.clone(**changes))
    except Exception as error:
        raise UsageError(f"the message cannot be written: {error}") from error
    return crlf(octets)


def _with_ascii_domains(message: email.message.Message) -> tuple[email.message.Message, bool]:
    """The message with its domains in IDNA, and whether a local part is beyond ASCII (RFC 6532)."""
    changed: dict[str, Any] = {}
    international = False
    for name in ("from", "sender", "reply-to", "to", "cc", "resent-from", "resent-sender", "resent-to", "resent-cc"):
        for header in message.get_all(name, []):
            addresses = getattr(header, "addresses", ())
            international = international or not all(each.username.isascii() for each in addresses)
            if not all(each.domain.isascii() for each in addresses):
                from email.headerregistry import Address as PythonAddress

                changed[name] = [
                    PythonAddress(each.display_name, each.username, ascii_host(each.domain)) for each in addresses
                ]
    if changed:
        message = copy.copy(message)
        message._headers = list(message._headers)  # type: ignore[attr-defined]  # the copy's own; bodies are shared
        for name, value in changed.items():
            message.replace_header(name, value)
    return message, international


# --- the envelope in the header


def _head(octets: bytes) -> bytes:
    """The header of a message whose lines end with CR LF, without its last line end."""
    if octets.startswith(b"\r\n"):
        return b""
    end = octets.find(b"\r\n\r\n")
    return octets if end < 0 else octets[:end]


def _international(head: bytes) -> bool:
    """Whether a header is one of RFC 6532; what is no UTF-8 is of before MIME, and goes as it always went."""
    if head.isascii():
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(value: bytes) -> str:
    return value.strip().decode("utf-8", "replace")


def _resent(fields: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The newest block of Resent- fields, names without the prefix: the first, up to a name that comes again."""
    block: dict[str, bytes] = {}
    for name, value in fields:
        if name.startswith("resent-"):
            if name in block:
                break
            block[name] = value
    if not any(name in block for name in _RESENT):
        return []
    return [(name.removeprefix("resent-"), value) for name, value in block.items()]


def _addresses(fields: list[tuple[str, bytes]], name: str) -> tuple[Address, ...]:
    return tuple([each for field_name, value in fields if field_name == name for each in _parsed(value)])


@functools.lru_cache(maxsize=64)
def _parsed(value: bytes) -> tuple[Address, ...]:
    """The addresses of a field; in a batch the sender is the same again and again."""
    return tuple(each for each in parse_addresses(value) if each.mailbox)
