"""What was made to be parsed: the facts of MLSD and MLST (RFC 3659 7), and EPLF."""

from __future__ import annotations

import datetime as dt
import re

from nettools.errors import ProtocolError
from nettools.parse.ftp_listing.entry import Kind, Precision, entry
from nettools.parse.ftp_listing.unix import Unix
from nettools.parse.ftp_reply import parse_mdtm
from nettools.results import FileEntry

__all__ = ["parse_facts", "read_eplf"]

_FACTS = re.compile(r"((?:[^;=\s][^;=]*=[^;]*;)*)(?: |(?<=;)\t)(.+)", re.DOTALL)
_STAMP = re.compile(r"[0-9]{14,15}(?:\.[0-9]+)?")
_NUMBER = re.compile(r"[0-9]{1,20}")
_KINDS: dict[str, Kind] = {"dir": "dir", "cdir": "dir", "pdir": "dir", "file": "file"}


def parse_facts(line: str) -> FileEntry | None:
    """`type=file;size=3;modify=20260131120000; name` as an entry; None for what is no such line."""
    match = _FACTS.fullmatch(line.lstrip(" ") if line.startswith("  ") and ";" in line else line)
    if match is None or "\0" in line:
        return None
    facts = {}
    for fact in match[1].split(";")[:-1]:
        name, _, value = fact.partition("=")
        facts[name.strip().lower()] = value.strip()
    modified = None
    if "modify" in facts:
        modified = _moment(facts["modify"])
        if modified is None:
            return None
    size = facts.get("size") or facts.get("sizd") or ""
    if size and not _NUMBER.fullmatch(size):
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


def _moment(stamp: str) -> dt.datetime | None:
    if not _STAMP.fullmatch(stamp):
        return None
    try:
        if len(stamp) == 14:
            return dt.datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
        return parse_mdtm(stamp)
    except (ProtocolError, ValueError):
        return None


def _kind(value: str) -> tuple[Kind, str | None]:
    lowered = value.lower()
    if lowered in _KINDS:
        return _KINDS[lowered], None
    if lowered.startswith("os.unix=s"):  # slink, symlink: pure-ftpd, proftpd, vsftpd's patches
        return "link", value.partition(":")[2] or None
    return "other", None


def read_eplf(line: str, unix: Unix) -> FileEntry | None:
    """Easily Parsed LIST Format: `+facts,TABname`."""
    del unix
    if not line.startswith("+"):
        return None
    text, tab, name = line[1:].partition("\t")
    if not tab:
        return None
    facts = text.split(",")
    size, stamp = (_number(facts, letter) for letter in "sm")
    modified = None
    if stamp is not None and stamp < 2**37:
        modified = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=stamp)
    mode = next((fact[2:] for fact in facts if fact.startswith("up")), None)
    kind: Kind = "dir" if "/" in facts else "file"
    precision: Precision = "second"
    return entry(line, name, kind, size, modified, precision, mode)


def _number(facts: list[str], letter: str) -> int | None:
    return next((int(fact[1:]) for fact in facts if fact[:1] == letter and _NUMBER.fullmatch(fact[1:])), None)
