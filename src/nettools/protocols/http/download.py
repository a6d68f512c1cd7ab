"""Files over HTTP: conditions and ranges (RFC 9110 13, 14), downloads to a file, continued only if it is the same file.

A `Download` asks its session for responses, and knows no connection. Local files are `files`'.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from nettools.errors import IncompleteError, ProtocolError, RedirectError, UnsupportedError, UsageError
from nettools.files import Destination, modified_of
from nettools.frozen import replace
from nettools.protocols.http.body import decoded
from nettools.protocols.http.fields import content_range, disposition_name, http_date
from nettools.protocols.http.message import Fields
from nettools.protocols.http.redirect import Request
from nettools.results import Headers, Transfer

if TYPE_CHECKING:
    from nettools.protocols.http.connection import Response
    from nettools.protocols.http.exchanges import Exchanges

__all__ = ["Download", "Extent", "check_range", "conditions"]

_COMPRESSED = re.compile(r"(?i)\.(gz|tgz|br|zst|svgz)$")

Extent = tuple[int, int | None]


def conditions(range_: Extent | None, newer_than: Any) -> Fields:
    """Range and If-Modified-Since, from what the caller wants."""
    fields: Fields = []
    if range_ is not None:
        fields.append(("Range", f"bytes={_range_text(range_)}"))
    if newer_than is not None:
        moment = modified_of(newer_than)
        if moment is not None:
            stamp = email.utils.format_datetime(moment.astimezone(dt.UTC), usegmt=True)
            fields.append(("If-Modified-Since", stamp))
    return fields


def check_range(range_: Extent, response: Response, size: int | None = None) -> None:
    """See that a response has the octets that were asked for; `size` is how many came, where it is known.

    A server may send fewer (RFC 9110 15.3.7), which is told where the size of the whole shows that there are more.

    Raises:
        UnsupportedError: it has the whole. ProtocolError: it has others. IncompleteError: it has not all of them.
    """
    if response.status == 200:
        raise UnsupportedError("the server does not send ranges: it sent the whole")
    first, last, total = _part(response.headers)
    wanted = range_[0] if range_[0] >= 0 else None if total is None else max(0, total + range_[0])
    if wanted is not None and first != wanted:
        raise ProtocolError(f"octets from {first} were sent, and those from {wanted} asked for")
    end = range_[1] if total is None else total - 1 if range_[1] is None else min(range_[1], total - 1)
    if end is not None and last > end:
        raise ProtocolError(f"octets up to {last} were sent, and those up to {end} asked for")
    if range_[0] < 0 and last - first + 1 > -range_[0]:  # of a file whose size is not told
        raise ProtocolError(f"{last - first + 1} octets were sent, and the last {-range_[0]} asked for")
    came = last - first + 1 if size is None else size
    more = total is not None and end is not None and last < end
    if came != last - first + 1 or more:
        expected = end - first + 1 if more and end is not None else last - first + 1
        raise IncompleteError(f"{came} of {expected} octets came", received=came, expected=expected)


class Download:
    """One download: what to ask for, where it goes, and what is here already."""

    def __init__(
        self,
        session: Exchanges,
        request: Request,
        dest: Any,
        *,
        follow: int,
        resume: bool = False,
        checksum: str | None = None,
        range_: Extent | None = None,
    ) -> None:
        limit = session.options.max_size if dest is None else session.options.file_limit
        self.session = session
        self.request = request
        self.range = range_
        self._follow = follow
        self._more = {"dest": dest, "url": request.url, "checksum": checksum, "max_size": limit}
        self._name = file_name(request.url)
        self.destination = Destination(name=self._name, resume=None if range_ else resume, **self._more)
        self.offset, self._note = self.destination.found()

    def run(self) -> Transfer:
        """Fetch it: what is missing, or the whole where what is here cannot be continued."""
        done = self._try()
        if done is None:
            self.offset = 0
            done = self._try()
        assert done is not None, "what begins anew has an outcome"
        return done

    def _try(self) -> Transfer | None:
        """Ask, and receive; None when what is here cannot be continued."""
        fields = self.request.headers
        if self.offset:
            fields = [*fields, ("Range", f"bytes={self.offset}-")]
            validator = str(self._note.get("etag") or self._note.get("last_modified") or "")
            if validator and not validator.startswith("W/"):  # RFC 9110 13.1.5: a weak one cannot be used
                fields.append(("If-Range", validator))
        request = replace(self.request, headers=fields)
        session = self.session
        for sent, response, final in session.responses(request, self._follow, "identity"):
            if final:
                return self._answer(sent, response)
            session.drain(response)
        raise AssertionError("the last response is the answer")

    def _answer(self, sent: Request, response: Response) -> Transfer | None:
        headers: Headers = response.headers
        modified = http_date(headers.get("Last-Modified", ""))
        if response.status == 304 and not any(has_field(sent.headers, each) for each in _CONDITIONS):
            raise ProtocolError("the file was not sent (304), and no condition was set")
        if response.status == 304:
            return Transfer(self.destination.path, None, 0, None, modified, skipped=True)
        if response.status == 416 and self.offset:
            self.session.drain(response)
            total = re.fullmatch(r"bytes \*/(\d{1,18})", headers.get("Content-Range", "").strip(), re.ASCII)
            if total is not None and int(total[1]) == self.offset and self._same(headers):
                return self.destination.whole(modified)
            return None
        if response.status < 400 and response.status >= 300:
            raise RedirectError(f"a redirect ({response.status}) in place of the file", code=response.status)
        if response.status >= 400:
            raise self.session.status_error(self.session.page(sent, response, True, ()))
        if self.range is not None:
            check_range(self.range, response)
        begin, size = self._extent(response)
        if self.offset and begin not in (0, self.offset):
            raise ProtocolError(f"octets from {begin} were sent, and those from {self.offset} asked for")
        if begin and (not self._same(headers) or "Content-Encoding" in headers):
            response.abandon()
            return None
        name = disposition_name(headers.get("Content-Disposition", "")) or file_name(sent.url)
        destination = self.destination
        if not begin and destination.path is not None and name != self._name:
            destination = Destination(name=name, resume=None if self.range else False, **self._more)
        return self._receive(response, destination, name, begin, size)

    def _same(self, headers: Headers) -> bool:
        """Whether a part of a file is of the version that is here, as far as both say."""
        note = self._note
        for key, name in (("etag", "ETag"), ("last_modified", "Last-Modified")):
            if note.get(key) and name in headers and note[key] != headers[name]:
                return False
        return note.get("url") != "another"

    def _extent(self, response: Response) -> Extent:
        """Where the octets begin in the file that is written, and its size."""
        headers: Headers = response.headers
        if response.status != 206:
            return 0, response.length if "Content-Encoding" not in headers else None
        first, last, total = _part(headers)
        if not self.offset and self.range is None and not has_field(self.request.headers, "range"):
            raise ProtocolError("a part of the file (206) came, and the whole was asked for")
        if response.length is not None and response.length != last - first + 1:
            raise ProtocolError("a Content-Range that contradicts the Content-Length")
        if not self.offset:
            return 0, last - first + 1
        if total is not None and last != total - 1:
            raise ProtocolError(f"octets up to {last} of {total} were sent, and all asked for")
        return first, total if total is not None else last + 1

    def _receive(
        self, response: Response, destination: Destination, name: str, offset: int, size: int | None
    ) -> Transfer:
        headers: Headers = response.headers
        modified = http_date(headers.get("Last-Modified", ""))
        destination.validator = {
            "etag": headers.get("ETag"),
            "last_modified": headers.get("Last-Modified"),
            "size": size,
        }
        progress = self.session.progress
        with destination:
            destination.expect(size)
            destination.open(offset)
            for piece in self._pieces(response, name, destination):
                if isinstance(piece, int):
                    destination.wrote(piece)
                else:
                    destination.write(piece)
                progress(destination.written, size)
            if size is not None and destination.written != size:
                raise IncompleteError(
                    f"{destination.written} of {size} octets came", received=destination.written, expected=size
                )
            progress(destination.written, destination.written, final=True)
            return destination.commit(modified=modified)

    def _pieces(self, response: Response, name: str, destination: Destination) -> Iterator[bytes | memoryview | int]:
        """The file's octets, or how many of them have gone to it already."""
        coding = response.headers.get("Content-Encoding", "")
        if coding and not _COMPRESSED.search(name):  # such a file is compressed itself, and the server says so of it
            return decoded(self.session.octets(response), coding, None)
        return self.session.poured(response, destination.descriptor, destination.path)


_CONDITIONS = ("if-modified-since", "if-none-match")  # RFC 9110 15.4.5


def has_field(fields: Fields, wanted: str) -> bool:
    """Whether a request has a header of the caller's, whose name is given in lower case."""
    return any(name.lower() == wanted and value is not None for name, value in fields)


def _range_text(range_: Extent) -> str:
    """A range as the header has it (RFC 9110 14.1.2)."""
    try:
        first, last = range_
    except (TypeError, ValueError):
        raise UsageError("range= is (first, last or None), or (-n, None) for the last n octets") from None
    if not all(each is None or (isinstance(each, int) and not isinstance(each, bool)) for each in range_) or (
        first is None or (first < 0 and last is not None) or (last is not None and last < first)
    ):
        raise UsageError("range= is (first, last or None), or (-n, None) for the last n octets")
    return f"-{-first}" if first < 0 else f"{first}-{'' if last is None else last}"


def _part(headers: Headers) -> tuple[int, int, int | None]:
    """Which octets came, and of how many."""
    found = content_range(headers.get("Content-Range", ""))
    if found is None:
        raise ProtocolError("206 without a Content-Range that makes sense")
    return found


def file_name(url: str) -> str:
    """What a URL calls its file."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or "index.html"
