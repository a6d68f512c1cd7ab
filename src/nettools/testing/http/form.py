"""Forms that the HTTP fake gets: url-encoded, and multipart (RFC 7578)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from nettools.testing.http.message import BadRequest, Request

__all__ = ["Part", "described", "parts_of", "together"]


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form, or a file."""

    name: str
    content: bytes
    filename: str | None = None
    kind: str | None = None


def parts_of(request: Request) -> list[Part] | None:
    """The parts of a form, in order; None for what is no form."""
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        return [Part(name, value.encode()) for name, value in pairs]
    if not kind.lower().startswith("multipart/form-data"):
        return None
    match = re.search(r'boundary="?([^";]+)', kind)
    if match is None:
        raise BadRequest("a form without a boundary")
    return _multipart(request.body, match[1].encode("latin-1"))


def _multipart(body: bytes, boundary: bytes) -> list[Part]:
    parts = []
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BadRequest("a form without an end")
    for piece in pieces[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'[ ;]name="([^"]*)"', text)
        if name is None:
            raise BadRequest("a part of a form without a name")
        filename = re.search(r'filename="([^"]*)"', text)
        kind = re.search(r"(?im)^content-type:[ \t]*([^\r\n]+)", text)
        parts.append(Part(name[1], content, filename and filename[1], kind and kind[1].strip()))
    return parts


def described(parts: list[Part]) -> dict[str, Any]:
    """Fields and files, files by their name, type, size and digest."""
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, dict[str, Any]]] = []
    for part in parts:
        if part.filename is None:
            fields.append((part.name, part.content.decode("utf-8", "replace")))
        else:
            digest = hashlib.sha256(part.content).hexdigest()
            about = {"filename": part.filename, "type": part.kind, "size": len(part.content), "sha256": digest}
            files.append((part.name, about))
    return {"fields": together(fields), "files": together(files)}


def together(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values by name; those of a name that comes several times as a list."""
    result: dict[str, list[Any]] = {}
    for name, value in pairs:
        result.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in result.items()}
