"""FTP: files and folders in clear or under TLS (RFC 959 and its extensions, over ftplib).

`client` are ftplib's classes on our sockets. A session is built in layers, a class on the one before: `control` (the
conversation), `channel` (data connections), `paths`, `listing`, `transfer`, `session`. `mirror` works with whole
sessions, `errors` are three digits. The functions of the facade are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nettools.protocols.ftp.client import FTPClient, FTPTLSClient
from nettools.protocols.ftp.errors import classify
from nettools.protocols.ftp.session import FTPSession
from nettools.results import FileEntry, MirrorReport, Transfer
from nettools.session import Protocol, run

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterable
    from typing import BinaryIO, Unpack

    from nettools.keywords import FTPKeywords

__all__ = [
    "PROTOCOL",
    "FTPClient",
    "FTPSession",
    "FTPTLSClient",
    "ftp_chmod",
    "ftp_get",
    "ftp_info",
    "ftp_list",
    "ftp_mirror",
    "ftp_mkdir",
    "ftp_put",
    "ftp_remove",
    "ftp_rename",
]

PROTOCOL = Protocol(
    name="ftp", schemes=("ftp", "ftps", "ftpes"), session=FTPSession, classify=classify, upgrade="AUTH TLS", closing=421
)
FTPSession.PROTOCOL = PROTOCOL


def ftp_get(
    url: str,
    dest: str | os.PathLike[str] | BinaryIO | None = None,
    *,
    resume: bool = False,
    checksum: str | None = None,
    keep_time: bool = True,
    range: tuple[int, int | None] | None = None,  # noqa: A002  # the contract's name
    newer_than: dt.datetime | str | os.PathLike[str] | None = None,
    **opts: Unpack[FTPKeywords],
) -> Transfer:
    """Fetch a file into a path (replaced atomically), a folder, a binary file, or, with None, into `.data`.

    Args:
        resume: go on with `dest.part` if the remote file is still the same.
        checksum: `"sha256:..."`; another content is a ChecksumError and leaves no file.
        keep_time: give the file the server's time.
        range: (first, last or None) octets; a negative first is so many from the end.
        newer_than: a moment or a file; what is not newer is not transferred (`skipped`).

    >>> ftp_get(f"{ftp.url}/pub/hello.txt").data
    b'Hello, world.\\n'

    Raises:
        NotFoundError, DeniedError: the server has it not, or not for this user. IncompleteError: it was cut; the part
        stays.
    """
    return run(
        PROTOCOL,
        url,
        lambda session: session.get(
            None,
            dest,
            resume=resume,
            checksum=checksum,
            keep_time=keep_time,
            range=range,
            newer_than=newer_than,
        ),
        opts,
    )


def ftp_put(
    source: Any,
    url: str,
    *,
    resume: bool = False,
    atomic: bool = True,
    append: bool = False,
    parents: bool = False,
    **opts: Unpack[FTPKeywords],
) -> Transfer:
    """Store a path, bytes, a binary file or an iterable of bytes at a URL.

    Args:
        resume: ask how much is there, and send the rest. append: add to the end.
        atomic: store as `NAME.part`, then rename; where the server refuses that, plainly, with a warning in `meta`.
        parents: make missing folders.

    >>> ftp_put(b"data", f"{ftp.url}/in/new.txt", parents=True, auth=alice).size
    4
    """
    return run(
        PROTOCOL,
        url,
        lambda session: session.put(source, None, resume=resume, atomic=atomic, append=append, parents=parents),
        opts,
    )


def ftp_list(
    url: str, *, recursive: bool = False, pattern: str | None = None, method: str = "auto", **opts: Unpack[FTPKeywords]
) -> tuple[FileEntry, ...]:
    """The entries of a folder: by MLSD, else by LIST in the dialect of the server's family.

    >>> [entry.name for entry in ftp_list(f"{ftp.url}/pub/", pattern="*.txt")][:2]
    ['empty.txt', 'grüße.txt']
    """
    return run(
        PROTOCOL, url, lambda session: session.list(None, recursive=recursive, pattern=pattern, method=method), opts
    )


def ftp_info(url: str, **opts: Unpack[FTPKeywords]) -> FileEntry:
    """What a file or folder is.

    >>> ftp_info(f"{ftp.url}/pub/hello.txt").size
    14
    """
    return run(PROTOCOL, url, lambda session: session.info(None), opts)


def ftp_remove(url: str, *, recursive: bool = False, missing_ok: bool = False, **opts: Unpack[FTPKeywords]) -> None:
    """Remove a file; a URL that ends in `/` removes an empty folder; `recursive` everything below."""
    run(PROTOCOL, url, lambda session: session.remove(None, recursive=recursive, missing_ok=missing_ok), opts)


def ftp_rename(url: str, new_path: str, **opts: Unpack[FTPKeywords]) -> FileEntry:
    """Rename; `new_path` is relative to the login folder, or absolute with a leading `/`."""
    return run(PROTOCOL, url, lambda session: session.rename(None, new_path), opts)


def ftp_mkdir(url: str, *, parents: bool = True, **opts: Unpack[FTPKeywords]) -> None:
    """Make a folder, and with `parents` those above it; one that is there already is no error then."""
    run(PROTOCOL, url, lambda session: session.mkdir(None, parents=parents), opts)


def ftp_chmod(url: str, mode: int | str, **opts: Unpack[FTPKeywords]) -> None:
    """Change the permissions of a file or folder (SITE CHMOD): `0o644`, or octal digits, `"644"`.

    Raises:
        UnsupportedError: the server has no such command. NotFoundError: there is no such file.
    """
    run(PROTOCOL, url, lambda session: session.chmod(None, mode), opts)


def ftp_mirror(
    source: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    delete: bool = False,
    pattern: str | None = None,
    exclude: str | Iterable[str] = (),
    workers: int = 4,
    dry_run: bool = False,
    **opts: Unpack[FTPKeywords],
) -> MirrorReport:
    """Make `dest` like `source`; one of them is a URL, the other a folder here.

    Args:
        pattern: only files whose name matches, or whose path does, where it has a `/`.
        exclude: a glob or several; such files, and folders with all in them, are left alone on both sides.
        delete: remove at `dest` what is not at `source`. dry_run: change nothing, and report what would be done.
        workers: connections at a time.

    Raises:
        FileError: names that would leave the folder are in `.failed`, not raised; a missing local source is.
    """
    from nettools.errors import UsageError
    from nettools.protocols.ftp.mirror import is_url, mirror_session

    if is_url(source) == is_url(dest):
        raise UsageError("one side of a mirror is a URL, the other a folder")
    down = is_url(source)
    url = str(source if down else dest)

    def mirror(session: FTPSession) -> MirrorReport:
        sides = (None, dest) if down else (source, None)
        return mirror_session(
            session,
            *sides,
            down=down,
            delete=delete,
            pattern=pattern,
            exclude=exclude,
            workers=workers,
            dry_run=dry_run,
        )

    return run(PROTOCOL, url, mirror, opts)
