"""Messages, of mail and of news, as a person reads them, and into files as they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nettools.cli.arguments import Settings
from nettools.cli.calling import Call
from nettools.errors import UsageError

__all__ = ["check_place", "place_of", "save_message", "show_message"]


def place_of(settings: Settings) -> tuple[Path | None, bool]:
    """The file or folder that -o names, and whether it is a folder."""
    if settings.output in (None, "-"):
        return None, False
    path = Path(settings.output)
    return path, path.is_dir() or settings.output.endswith("/")


def check_place(path: Path | None, into: bool, count: int) -> None:
    """Refuse several messages for one file, where the last would be all that is left."""
    if path is not None and not into and count > 1:
        raise UsageError(f"{count} messages do not go into one file", hint=f"name a folder: -o {path}/")


def save_message(raw: bytes, path: Path, into: bool, name: str) -> Path:
    """Write the octets of one message to a file, or under a name of its own into a folder; where they are now."""
    from nettools.files import safe_name, write_new, write_whole

    return write_new(path, safe_name(f"{name}.eml"), raw) if into else write_whole(path, raw)


def show_message(this: Call, fields: Iterable[tuple[str, Any]], message: Any) -> None:
    """The headers that count, the names of attachments, the text, and what could not be read as it should be."""
    for name, value in fields:
        if value:
            this.out.line(f"{name}: {value}".replace("\n", " "))
    for each in message.attachments:
        this.out.line(f"Attachment: {each.name or '(no name)'} ({each.content_type}, {each.size} octets)")
    this.out.line("")
    text = message.text if message.text is not None else getattr(message, "html", None)
    this.out.data((text or "").encode("utf-8", "replace"))
    for defect in message.defects:
        this.out.note(f"defect: {defect}")
