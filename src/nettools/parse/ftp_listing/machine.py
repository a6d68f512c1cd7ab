"""The facts of MLSD and MLST (RFC 3659 7)."""

from __future__ import annotations

import re
from typing import Literal

from nettools.errors import ProtocolError
from nettools.parse.ftp_reply import parse_mdtm
from nettools.results import FileEntry

__all__ = ["parse_facts"]

_FACTS = re.compile(r"((?:[^;=\s][^;=]*=[^;]*;)*) (.+)", re.DOTALL)

Kind = Literal["file", "dir", "link", "other"]


def parse_facts(line: str) -> FileEntry | None:
    """`type=file;size=3;modify=20260131120000; name` as an entry; None for what is no such line."""
    match = _FACTS.fullmatch(line)
    if match is None:
        return None
    facts = {}
    for fact in match[1].split(";")[:-1]:
        name, _, value = fact.partition("=")
        facts[name.strip().lower()] = value.strip()
    modified = None
    if "modify" in facts:
        try:
            if not re.fullmatch(r"\d{14,15}(\.\d+)?", facts["modify"]):
                return None
            modified = parse_mdtm(facts["modify"])
        except ProtocolError:
            return None
    size = facts.get("size", facts.get("sizd", ""))
    if size and not size.isdigit():
        return None
    kind, target = _kind(facts.get("type", "file"))
    path = match[2]
    return FileEntry(
        name=path.rstrip("/").rpartition("/")[2] if "type" in facts and kind != "dir" and "/" in path else path,
        path=path,
        kind=kind,
        size=int(size) if size and kind != "dir" else None,
        modified=modified,
        permissions=facts.get("unix.mode"),
        raw=line,
        target=target,
        facts=facts,
        precision="second" if modified is not None else None,
    )


def _kind(value: str) -> tuple[Kind, str | None]:
    lowered = value.lower()
    if lowered in ("dir", "cdir", "pdir"):
        return "dir", None
    if lowered == "file":
        return "file", None
    if lowered.startswith("os.unix=s"):  # slink, symlink: pure-ftpd, proftpd, vsftpd's patches
        return "link", value.partition(":")[2] or None
    return "other", None
