"""BODY and BODYSTRUCTURE as a flat tuple of parts (RFC 3501 7.4.2, RFC 9051 7.5.2).

Parts are numbered as sections are asked for (RFC 3501 6.4.5): a multipart comes before what is in it, a message inside
a message goes on with its number. The lexer has bounded the depth, and a list of what is to do takes the place of
recursion. Servers leave fields out, or send NIL where the grammar has none: such a field is None, and the parts behind
it are kept.

It must not know the MIME of octets: that is `parse.message`, which also reads the parameters of RFC 2231.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nettools.parse import message
from nettools.parse.imap_data.envelope import Envelope, envelope_of
from nettools.parse.imap_data.tokens import number_of, text_of

__all__ = ["Part", "parts_of"]

MESSAGES = frozenset({"message/rfc822", "message/global"})  # these have an ENVELOPE and a body of their own


class Part(NamedTuple):
    """One part of a BODYSTRUCTURE; `section` is its number, "" for a multipart at the top."""

    section: str
    type: str | None
    params: Mapping[str, str] = {}
    id: str | None = None
    description: str | None = None
    encoding: str | None = None
    size: int | None = None
    lines: int | None = None
    disposition: str | None = None
    filename: str | None = None
    envelope: Envelope | None = None


def parts_of(value: Any) -> tuple[Part, ...]:
    """The parts of a BODY or BODYSTRUCTURE, as the lexer gave it."""
    result: list[Part] = []
    todo: list[tuple[Any, str]] = [(value, "")]
    while todo:
        body, section = todo.pop()
        if not isinstance(body, tuple) or not body:
            continue
        if not _is_multipart(body):
            part, inner = _single(body, section or "1")
            result.append(part)
            # a message's multipart has the number of the message, any other body is its part 1 (RFC 3501 6.4.5)
            todo.append((inner, part.section if _is_multipart(inner) else f"{part.section}.1"))
            continue
        count = next((place for place, each in enumerate(body) if not isinstance(each, tuple)), len(body))
        start = count or int(body[0] is None)  # a NIL in place of parts
        subtype, parameters, disposition = (*body[start : start + 3], None, None, None)[:3]
        shown, filename = _disposition(disposition)
        kind = f"multipart/{text_of(subtype).lower() or 'mixed'}"  # RFC 2046 5.1.3: what any other is taken for
        result.append(Part(section, kind, _parameters(parameters), disposition=shown, filename=filename))
        prefix = f"{section}." if section else ""
        todo += [(body[place], f"{prefix}{place + 1}") for place in reversed(range(count))]
    return tuple(result)


def _is_multipart(body: Any) -> bool:
    """Whether it is one; without parts, `("MIXED" ...)` or `(NIL "MIXED" ...)`, it has fewer fields than others."""
    if not isinstance(body, tuple) or not body:
        return False
    if body[0] is None:
        return 1 < len(body) < 7 and isinstance(body[1], bytes)
    return isinstance(body[0], tuple) or len(body) == 1 or isinstance(body[1], tuple)


def _has_message(fields: list[Any]) -> bool:
    """Whether these fields begin with ENVELOPE, body and lines; some servers leave all three out."""
    if len(fields) < 2 or isinstance(fields[0], bytes):
        return False
    return isinstance(fields[0], tuple) or _is_body(fields[1]) or (len(fields) > 2 and number_of(fields[2]) is not None)


def _is_body(value: Any) -> bool:
    """Whether it begins like a body: with another, or with type and subtype; a disposition has no second string."""
    if not isinstance(value, tuple) or not value:
        return False
    return isinstance(value[0], tuple) or (len(value) > 1 and isinstance(value[1], bytes))


def _single(body: tuple[Any, ...], section: str) -> tuple[Part, Any]:
    """A part that is no multipart, and the body of the message that it holds, if it does."""
    kind, subtype, params, number, description, encoding, size = (*body, *(None,) * (7 - len(body)))[:7]
    name = f"{text_of(kind)}/{text_of(subtype)}".lower() if isinstance(kind, bytes) else None
    parameters = _parameters(params)
    extra = list(body[7:])
    envelope: Envelope | None = None
    inner: Any = None
    lines: int | None = None
    if name in MESSAGES and _has_message(extra):
        envelope, inner = envelope_of(extra[0]), extra[1]
        lines = number_of(extra[2]) if len(extra) > 2 else None
        extra = extra[3:]
    elif name is not None and name.startswith("text/") and extra:
        lines = number_of(extra.pop(0))
    disposition, filename = _disposition(extra[1]) if len(extra) > 1 else (None, None)
    part = Part(
        section=section,
        type=name,
        params=parameters,
        id=_text(number),
        description=_text(description),
        encoding=text_of(encoding).lower() if isinstance(encoding, bytes) else None,
        size=number_of(size),
        lines=lines,
        disposition=disposition,
        filename=filename or parameters.get("name"),
        envelope=envelope,
    )
    return part, inner


def _text(value: Any) -> str | None:
    return text_of(value) if isinstance(value, bytes) else None


def _disposition(value: Any) -> tuple[str | None, str | None]:
    """A body's disposition (RFC 2183), and the filename that it gives."""
    if isinstance(value, bytes):  # without its parentheses
        return text_of(value).lower(), None
    if not isinstance(value, tuple) or not value:
        return None, None
    parameters = _parameters(value[1]) if len(value) > 1 else {}
    return text_of(value[0]).lower() or None, parameters.get("filename")


def _parameters(value: Any) -> dict[str, str]:
    if not isinstance(value, tuple):
        return {}
    pairs = zip(value[::2], value[1::2], strict=False)
    found = [(text_of(name).lower(), text_of(word)) for name, word in pairs if isinstance(name, bytes)]
    if not any("*" in name or "=?" in word for name, word in found):
        return dict(found)
    # continuations, charsets (RFC 2231) and encoded words are written as a header again, and read as one
    words = ((name, word.replace("\\", "\\\\").replace('"', '\\"')) for name, word in found)
    return message.parse_parameters("x" + "".join(f'; {name}="{word}"' for name, word in words))[1]
