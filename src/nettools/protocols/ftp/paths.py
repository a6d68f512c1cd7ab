"""Paths: in URLs, in commands, and as the octets that the server has them as.

In a URL `a/b` is relative to the login folder and `%2Fa` absolute; in methods a leading / is absolute. A name that a
listing brought in no known encoding goes back to the server as it came.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
from typing import TYPE_CHECKING

from nettools.errors import UsageError
from nettools.parse.ftp_reply import parse_pwd
from nettools.protocols.ftp.channel import Channel
from nettools.results import FileEntry
from nettools.target import decode

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Paths", "url_path"]


def url_path(path: str, encoding: str = "utf-8") -> tuple[str, str]:
    """The path of an FTP URL, and its type (a, i, d or ""): relative to the login folder, with `%2F` absolute."""
    match = re.search(r";type=([aid])$", path, re.IGNORECASE)
    kind = match[1].lower() if match is not None else ""
    if match is not None:
        path = path[: match.start()]
    path = path.removeprefix("/")
    absolute = path[:3].upper() == "%2F"
    decoded = decode(path, encoding, what="path")
    return ("/" + decoded.lstrip("/") if absolute else decoded), kind


class Paths(Channel):
    """Where a session is, and what its commands name."""

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self.path, self.kind = url_path(target.path, options.encoding or "utf-8")
        self._entered = False
        self._octets: dict[str, bytes] = {}  # names that are no UTF-8, as the server has them

    def _establish(self) -> None:
        super()._establish()
        if self._entered:
            self._arrive()

    def _arrive(self) -> None:
        self._entered = True
        if self.path.endswith("/") and self.path.strip("/"):
            self._ask(self._line("CWD", self.path.rstrip("/")))
        else:
            self._ask_all()  # PROT and FEAT are part of being connected

    def _at(self, path: str | None) -> str:
        """A path as the server is asked for it; None is the URL's."""
        if path is None:
            return "" if self._entered and self.path.endswith("/") else self.path
        if not isinstance(path, str):
            raise UsageError(f"a path on the server is a str, not {type(path).__name__}")
        return path

    def _file_at(self, path: str | None) -> str:
        """A path that has to be a file's."""
        name = self._at(path)
        if not name.strip("/") or name.endswith("/") or (path is None and self.kind == "d"):
            raise UsageError(f"{name or '/'} is a folder, not a file", hint="ftp_list lists it, ftp_mirror copies it")
        return name

    def _line(self, verb: str, path: str) -> str | bytes:
        """A command with a path; names that came as other octets than UTF-8 go back as they came."""
        if not path:
            return verb
        if path.startswith("-"):
            path = f"./{path}"  # some servers take it for an option of ls
        parts = path.split("/")
        if any(part in self._octets for part in parts):
            octets = (self._octets.get(part, part.encode("utf-8", "surrogateescape")) for part in parts)
            return verb.encode() + b" " + b"/".join(octets)
        return f"{verb} {path}"

    def _remember_octets(self, data: bytes, entries: tuple[FileEntry, ...]) -> None:
        """Names that were read as Latin-1 go back to the server as the octets they came as."""
        if data.isascii():
            return
        for entry in entries:
            if entry.name.isascii():
                continue
            with contextlib.suppress(UnicodeError, LookupError):
                if entry.name.encode(self.encoding) in data:
                    continue
            octets = entry.name.encode("latin-1", "replace")
            if octets in data:
                self._octets[entry.name] = octets

    @property
    def encoding(self) -> str:
        """Of names."""
        return self.options.encoding or "utf-8"

    def _is_folder(self, folder: str) -> bool:
        """Whether the server lets us in; then we are where we were again."""
        here, there = self._ask_all("PWD", self._line("CWD", folder))
        if there.code not in (200, 250):
            return False
        self._ask(self._line("CWD", parse_pwd(str(here))))
        return True

    @staticmethod
    def _joined(folder: str, name: str) -> str:
        return f"{folder.rstrip('/')}/{name}" if folder else name

    @staticmethod
    def _split(path: str) -> tuple[str, str]:
        """Folder and name of a path."""
        bare = path.rstrip("/") or path[:1]
        return posixpath.dirname(bare), posixpath.basename(bare) or bare
