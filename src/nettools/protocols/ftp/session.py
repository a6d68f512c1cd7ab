"""`connect("ftp://...")`: everything that can be done over one connection (RFC 959, 3659).

Paths: relative ones begin in the login folder, or in the folder that `connect("ftp://host/folder/")` has entered; a
leading / is absolute. Folders are read in `listing`, files moved in `transfer`, trees in `mirror`; here names change.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from nettools.errors import DeniedError, NotFoundError, ProtocolError, UnsupportedError, UsageError
from nettools.files import is_plain
from nettools.protocols.ftp.errors import reply_error
from nettools.protocols.ftp.transfer import Transfers
from nettools.results import FileEntry, MirrorReport
from nettools.session import operation

__all__ = ["FTPSession"]


FOLDER = "it is a folder: a path that ends in / removes an empty one, recursive=True (-r) everything in it"
NO_SUCH_COMMAND = (500, 501, 502, 504)


def _octal(mode: object) -> str:
    digits = f"{mode:03o}" if isinstance(mode, int) and not isinstance(mode, bool) and mode >= 0 else mode
    if not isinstance(digits, str) or not re.fullmatch("[0-7]{3,4}", digits):
        raise UsageError(f"mode is permissions such as 0o644 or '644', not {mode!r}")
    return digits


class FTPSession(Transfers):
    """`list get put info remove rename mkdir chmod mirror listing command ping`, see the functions of those names."""

    @operation("remove")
    def remove(self, path: str | None = None, *, recursive: bool = False, missing_ok: bool = False) -> None:
        """Remove a file, an empty folder (a path that ends in /), or everything below (`recursive`)."""
        name = self._at(path)
        bare = name.rstrip("/")
        if bare in ("", ".", ".."):
            raise UsageError(f"{name or '/'} is not removed", hint="name a file, or a folder by its own name")
        try:
            if recursive:
                self._remove_tree(bare)
            else:
                with self.committed():
                    self._ask(self._line("RMD" if name.endswith("/") else "DELE", bare))
        except (NotFoundError, DeniedError) as error:  # some servers give no reason, or the wrong one
            entry = self._entry(bare)
            if entry is None:
                if not missing_ok or isinstance(error, DeniedError):
                    raise
                return
            hint = FOLDER if entry.kind == "dir" and not name.endswith("/") and not recursive else None
            if isinstance(error, DeniedError):
                error.hint = hint
                raise
            raise DeniedError(error.message, code=error.code, text=error.text, reply=error.reply, hint=hint) from error

    def _entry(self, path: str) -> FileEntry | None:
        """What is there, None where nothing is, or nothing that may be looked at."""
        try:
            return self.info(path)
        except (NotFoundError, DeniedError):
            return None

    def _remove_tree(self, name: str) -> None:
        entry = self.info(name)
        if entry.kind != "dir":
            self._ask(self._line("DELE", name))
            return
        folders = [name]
        files: list[str] = []
        for each, _ in self._walk(name, "auto", recursive=True):
            if not is_plain(each.name):
                raise ProtocolError(f"the server lists {each.name!r}, which is no name: nothing was removed")
            (folders if each.kind == "dir" else files).append(each.path)
        with self.committed():
            for path in files:
                self._ask(self._line("DELE", path))
            for path in sorted(folders, key=lambda each: each.count("/"), reverse=True):
                self._ask(self._line("RMD", path))

    @operation("rename")
    def rename(self, path: str | None, new_path: str) -> FileEntry:
        """Rename a file or folder, within a folder or to another one; what it is now."""
        old = self._at(path).rstrip("/")
        if not old:
            raise UsageError("name what is to be renamed")
        if not isinstance(new_path, str) or not new_path.strip("/"):
            raise UsageError("name the new path")
        lines = self._line("RNFR", old), self._line("RNTO", new_path)
        while self._due and not all(line.isascii() for line in lines):
            self._ask_all()  # what a name in UTF-8 needs cannot come between the two
        reply = self._try(lines[0])
        if reply.code != 350:
            raise reply_error(reply, f"RNFR {old}")
        with self.committed():
            self._ask(lines[1])
        return self.info(new_path)

    @operation("mkdir")
    def mkdir(self, path: str | None = None, *, parents: bool = True) -> None:
        """Make a folder; with `parents` those above it too, and none of them need be new."""
        name = self._at(path).rstrip("/")
        if not name:
            raise UsageError("name the folder to be made")
        if parents:
            self._make_folders(name)
        else:
            with self.committed():
                self._ask(self._line("MKD", name))

    def chmod(self, path: str | None, mode: int | str) -> None:
        """Change the permissions of a file or folder; see `ftp_chmod`."""
        self._chmod(path, self.prepare(lambda: _octal(mode)))

    @operation("chmod")
    def _chmod(self, path: str | None, digits: str) -> None:
        reply = self._try(self._line(f"SITE CHMOD {digits}", self._at(path).rstrip("/") or "."))
        if reply.code in NO_SUCH_COMMAND:
            raise UnsupportedError(f"the server has no SITE CHMOD: {reply}", side="peer")
        if cast("int", reply.code) >= 400:
            raise reply_error(reply, f"SITE CHMOD {path or self.target.path}")

    def set_modified(self, path: str, moment: dt.datetime) -> bool:
        """MFMT, where the server has it; whether it has."""
        if "MFMT" not in self._features:
            return False
        return self._try(self._line(f"MFMT {moment.astimezone(dt.UTC):%Y%m%d%H%M%S}", path)).code == 213

    def sibling(self) -> FTPSession:
        """Another session like this one, not connected yet."""
        other = type(self)(self.target, self.options)
        other._entered, other._one_by_one = self._entered, self._one_by_one
        return other

    def mirror(
        self,
        source: str | Path,
        dest: str | Path,
        *,
        delete: bool = False,
        pattern: str | None = None,
        exclude: str | Iterable[str] = (),
        workers: int = 4,
        dry_run: bool = False,
    ) -> MirrorReport:
        """Make `dest` like `source`; see `ftp_mirror`. The local side is a `pathlib.Path`, the remote one a str."""
        from nettools.protocols.ftp.mirror import mirror_session

        if isinstance(source, Path) == isinstance(dest, Path):
            raise UsageError("one side of a mirror is a pathlib.Path, the other a path on the server")
        down = isinstance(dest, Path)
        return mirror_session(
            self,
            source,
            dest,
            down=down,
            delete=delete,
            pattern=pattern,
            exclude=exclude,
            workers=workers,
            dry_run=dry_run,
        )
