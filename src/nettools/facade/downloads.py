"""Files, whatever serves them: one of them, or one after another over kept connections."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from nettools.errors import NettoolsError
from nettools.facade.connecting import protocol_for, protocol_named
from nettools.session import Session, make_session, run
from nettools.target import Target, parse_url

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import DownloadKeywords
    from nettools.results import Transfer

__all__ = ["Downloads", "download"]

SCHEMES = ("http", "https", "ftp", "ftps", "ftpes", "gopher", "gophers")
KEYWORDS = {
    "http": (
        *("method", "params", "headers", "data", "json", "files"),
        *("follow", "range", "newer_than", "unix_socket"),
    ),
    "ftp": ("keep_time", "range", "newer_than"),
    "gopher": (),
}  # what each takes besides resume= and checksum=


def download(
    url: str,
    dest: str | os.PathLike[str] | BinaryIO | None,
    *,
    resume: bool = False,
    checksum: str | None = None,
    **opts: Unpack[DownloadKeywords],
) -> Transfer:
    """Fetch a file by HTTP, FTP or Gopher into `dest`: a path (replaced atomically), a folder, or a binary file.

    Args:
        resume: go on with what an interrupted download left in `dest.part`, if the remote file is still the same.
            Gopher cannot send the rest of a file: there it is fetched anew.
        checksum: `"sha256:..."` (or md5, sha1, sha512); another content is a ChecksumError and leaves no file.

    >>> download(f"{http.url}/pub/hello.txt", folder).path.name
    'hello.txt'
    """
    protocol = protocol_for(url, SCHEMES)
    given: dict[str, Any] = {**opts}
    own = {name: given.pop(name) for name in KEYWORDS[protocol.name] if name in given}

    def fetch(session: Any) -> Transfer:
        method = session.download if protocol.name == "http" else session.get
        result: Transfer = method(None, dest, resume=resume, checksum=checksum, **own)
        return result

    return run(protocol, url, fetch, given)


class Downloads:
    """Downloads one after another over kept connections, one for each server: what a worker of `download_many` has.

    The sessions of the last few servers are kept. `depth` is how many files may be fetched in one go: more than one
    where the last one was small and quick. Belongs to one thread.
    """

    KEPT = 4
    DEPTH = 16
    SMALL = 64 * 1024  # octets of a file behind which others may wait
    QUICK = 1.0  # seconds that it may have taken, look-up and connection included

    def __init__(self, opts: Mapping[str, Any]) -> None:
        self._own = {name: value for name, value in opts.items() if name in ("resume", "checksum")}
        self._opts = {name: value for name, value in opts.items() if name not in self._own}
        self._sessions: dict[tuple[str, str | None, Any], Session] = {}
        self._interrupted = False
        self.depth = 1

    def expect(self, urls: Sequence[str]) -> None:
        """What `fetch` will be asked for, in this order: HTTP may ask for several at once."""
        if len(urls) < 2 or self._own.get("resume"):
            return
        with contextlib.suppress(NettoolsError):  # which is told when it is that URL's turn
            first = parse_url(urls[0], SCHEMES)
            if first.protocol == "http":
                session: Any = self._session(first, urls[0])
                session.expect(url for url in urls if self._key(parse_url(url, SCHEMES)) == self._key(first))

    def fetch(self, url: str, dest: str) -> Transfer:
        """As `download`."""
        self.depth = 1
        target = parse_url(url, SCHEMES)
        done = self._fetch(target, url, dest)
        quick = done.meta.timings.get("total", 0.0) <= self.QUICK
        if target.protocol == "http" and done.size <= self.SMALL and quick:
            self.depth = self.DEPTH
        return done

    def _fetch(self, target: Target, url: str, dest: str) -> Transfer:
        keywords = KEYWORDS[target.protocol]
        own = {name: value for name, value in self._opts.items() if name in keywords}
        if target.protocol == "http":
            session = self._session(target, url)
            return cast("Transfer", session.download(url, dest, **self._own, **own))  # type: ignore[attr-defined]
        if target.protocol == "ftp":
            from nettools.protocols.ftp.paths import url_path

            path, kind = url_path(target.path, self._opts.get("encoding") or "utf-8")
            if kind not in ("a", "d"):
                session = self._session(target, target.origin)
                return cast("Transfer", session.get(path, dest, **self._own, **own))  # type: ignore[attr-defined]
        return download(url, dest, **self._own, **self._opts)

    @staticmethod
    def _key(target: Target) -> tuple[str, str | None, Any]:
        return target.origin, target.user, target.password

    def _session(self, target: Target, url: str) -> Session:
        key = self._key(target)
        session = self._sessions.pop(key, None)
        if session is None:
            keywords = KEYWORDS[target.protocol]
            opts = {name: value for name, value in self._opts.items() if name not in keywords}
            if target.user is not None and target.password is not None:
                opts.setdefault("auth", (target.user, target.password))
            session = make_session(protocol_named(target.protocol), url, opts)
        self._sessions[key] = session  # the last one used is the last to go
        if self._interrupted:  # while it was made
            session.close()
        if len(self._sessions) > self.KEPT:
            self._sessions.pop(next(iter(self._sessions))).close()
        return session

    def interrupt(self) -> None:
        """From another thread: end what is under way, and begin nothing more."""
        self._interrupted = True
        for session in tuple(self._sessions.values()):
            session.close()

    def close(self) -> None:
        """End every conversation."""
        while self._sessions:
            self._sessions.popitem()[1].close()
