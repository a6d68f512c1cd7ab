"""What the verb `save` of `mailbox` does: messages or their attachments into files, what is there left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nettools.cli.calling import Call
from nettools.mailstore import Saved, open_store

__all__ = ["save_attachments", "save_messages"]


def save_messages(this: Call, session: Any, uids: Any, folder: str | None, kind: str, *, delete: bool) -> None:
    """Keep messages, tell where each is, and then delete them at the server if that is asked for."""
    store = open_store(kind, this.settings.output, f"{session.target.url}|{folder or ''}")
    stored, skipped = [], 0
    for each in session.save(store, uids, folder=folder):
        stored.append(each.uid)
        skipped += each.skipped
        _tell(this, each)
    if skipped:
        this.out.note(f"{skipped} already there")
    if delete and stored:
        session.delete(stored, folder=folder)


def _tell(this: Call, each: Saved) -> None:
    if this.out.as_json:
        this.out.json({"uid": each.uid, "path": str(each.path), "size": each.size, "skipped": each.skipped})
    elif not each.skipped:
        this.out.line(str(each.path))


def save_attachments(
    this: Call, session: Any, uids: Any, folder: str | None, pattern: str | None, *, delete: bool
) -> None:
    """Write the attachments of messages, tell where each is, and then delete the messages if that is asked for."""
    stored = []
    for uid in uids if uids is not None else session.search("ALL", folder=folder):
        for path in session.save_attachments(uid, Path(this.settings.output), folder=folder, pattern=pattern):
            _tell(this, Saved(str(uid), path, path.stat().st_size, False))
        stored.append(str(uid))
    if delete and stored:
        session.delete(stored, folder=folder)
