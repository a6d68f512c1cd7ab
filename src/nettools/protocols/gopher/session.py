"""Menus, texts and files of a Gopher server (RFC 1436, RFC 4266).

Each operation is a connection of its own. What a method is asked for is a selector, a URL of the same server, or an
item of one of its menus; items that lead to another server, port or protocol are never followed. The type (one
character) says how the answer is read: texts and menus may end with a dot, all else is octets until the server closes.
"""

from __future__ import annotations

import contextlib
import mimetypes
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from nettools.errors import DeniedError, NotFoundError, ReplyError, TooLargeError, UnsupportedError, UsageError
from nettools.files import Destination
from nettools.frozen import Frozen, replace
from nettools.parse.gopher import (
    DOTTED,
    REFUSAL_LIMIT,
    REFUSALS,
    Text,
    item_url,
    parse_menu,
    parse_path,
    parse_refusal,
    parse_url,
    undouble,
)
from nettools.protocols.gopher.client import GopherClient
from nettools.results import GopherItem, Reply, Transfer
from nettools.session import Session, operation
from nettools.wire.guard import BLOCK
from nettools.wire.text import check

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["GopherSession"]

SPOOL = 8 * 1024 * 1024  # octets of a text held in memory until its end tells what its dots mean
MENUS = "17+"

Where = str | GopherItem | None


class Request(Frozen):
    """What is asked for: a type, a selector, and the words of a search."""

    kind: str
    selector: str
    words: str | None = None


class GopherSession(Session):
    """`connect("gopher://...")`: `get`, `list`, `search`, `command`, `ping`."""

    client: GopherClient

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self.encoding = options.encoding or "utf-8"
        if target.user is not None:
            raise UsageError("Gopher knows no users", exit_code=3)  # RFC 4266 2.1
        self._own = Request(*parse_path(target.path, target.query, self.encoding))

    # -- one connection for each request

    def _establish(self) -> None:
        self.client = GopherClient(self._dial)

    def _dial(self) -> Any:
        with self.connecting():
            return self._connect()

    def _discard(self) -> None:
        client, self.client = self.client, None  # type: ignore[assignment]
        if client is not None:
            client.close()

    @contextlib.contextmanager
    def _ask(self, line: bytes, *, dotted: bool, refusals: bool = True) -> Iterator[Iterable[bytes]]:
        """Send a request; its answer in blocks. An answer that is nothing but an error is one of ours."""
        self._kept = False  # nothing is kept but the address
        try:
            yield self._unless_refused(self.client.request(line, dotted=dotted), refusals)
        finally:
            if self.client is not None:
                self.client.close()

    def _unless_refused(self, blocks: Iterator[bytes], refusals: bool) -> Iterator[bytes]:
        head = next(blocks, b"")
        while refusals and head.startswith(REFUSALS) and len(head) <= REFUSAL_LIMIT:
            more = next(blocks, None)
            if more is None:
                self._raise_refusal(head)
                break
            head += more
        yield head
        yield from blocks

    def _raise_refusal(self, answer: bytes) -> None:
        refusal = parse_refusal(answer, encoding=self.encoding)
        if refusal is None:
            return
        what, text = refusal
        kind = {"not found": NotFoundError, "denied": DeniedError}.get(what, ReplyError)
        raise kind(f"the server answered with an error: {text}", code="3", text=text, reply=Reply("3", text))

    def _line(self, request: Request) -> bytes:
        parts = [request.selector] if request.words is None else [request.selector, request.words]
        for part, what in zip(parts, ("the selector", "the words"), strict=False):
            if "\t" in check(part, what):
                raise UsageError(f"{what} has a TAB in it", hint="it would have been read as another field")
        return "\t".join(parts).encode(self.encoding, "surrogateescape")

    # -- what is meant

    def _at(self, where: Where) -> Request:
        """What a method's first argument names.

        Raises:
            UsageError: it is on another server, or nothing that Gopher can ask for.
        """
        if where is None:
            return self._own
        if isinstance(where, GopherItem):
            url = item_url(where.kind, where.selector, where.host, where.port, self.encoding)
            if url is None or "://" not in url or not url.startswith("gopher"):
                raise UsageError(f"an item of type {where.kind!r} is nothing to ask this server for", hint=url)
            where = url
        if check(where, "a selector").lower().startswith(("gopher://", "gophers://")):
            address = parse_url(where, encoding=self.encoding)
            if (address.host.lower(), address.port) != (self.target.host.lower(), self.target.port):
                raise UsageError(
                    f"{address.host}:{address.port} is another server than {self.target.netloc}",
                    hint="links are never followed by themselves: open another session for it",
                )
            return Request(address.type, address.selector, address.search)
        named = mimetypes.guess_type(where)[0]
        return Request("0" if named is None or named.startswith("text/") else "9", where)

    # -- files and texts

    @operation("get")
    def get(
        self,
        selector: Where = None,
        dest: Any = None,
        *,
        raw: bool = False,
        resume: bool = False,
        checksum: str | None = None,
    ) -> Transfer:
        """Fetch a file or text; the keywords are those of `gopher_get`.

        Args:
            selector: None is the URL's own; one that names no type is taken for a text unless its ending says
                otherwise.
            resume: accepted for `download`; Gopher cannot send a part, so that a file is always fetched whole.
        """
        del resume
        request = self._at(selector)
        if request.kind in "8T2":
            raise UnsupportedError(f"type {request.kind} is a terminal session, not a document", side="nettools")
        dotted = request.kind in DOTTED and not raw
        limit = self.options.max_size if dest is None else self.options.file_limit
        with (
            self._ask(self._line(request), dotted=dotted, refusals=not raw) as answer,
            Destination(
                dest, name=_name(request.selector), url=self.target.url, checksum=checksum, max_size=limit
            ) as destination,
        ):
            blocks = self._counted(answer)
            for number, block in enumerate(self._text(blocks, limit) if dotted else blocks):
                if not number:
                    destination.open()
                destination.write(block)
            return destination.commit()

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks, and how far it is to whoever wants to know."""
        done = 0
        for block in blocks:
            done += len(block)
            self.progress(done, None)
            yield block
        self.progress(done, done, final=True)

    def _text(self, blocks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
        """A text as it was meant; held until its end, for only that tells whether leading dots were doubled."""
        with tempfile.SpooledTemporaryFile(SPOOL) as spool:
            text = Text()
            for block in blocks:
                text.feed(block)
                if limit is not None and text.least > limit:
                    raise TooLargeError.over(limit, "the text has")
                spool.write(block)
            whole = _first(spool, text.received - text.dot)
            yield from undouble(whole) if text.doubled else whole
            yield b""

    # -- menus

    @operation("list")
    def list(self, selector: Where = None) -> tuple[GopherItem, ...]:
        """The items of a menu: that of the URL, or of a selector."""
        request = self._at(selector)
        if selector is None and request.kind not in MENUS:
            raise UsageError(
                f"the URL names something of type {request.kind!r}, not a menu",
                hint=f"the URL of a menu has a 1 before the selector: {self.target.origin}/1{self.target.path}",
            )
        return self._menu(request)

    @operation("search")
    def search(self, selector: Where, words: str | None = None) -> tuple[GopherItem, ...]:
        """Search: `search(selector, words)`, or `search(words)` for what the URL names."""
        if words is None and isinstance(selector, str):
            selector, words = None, selector
        request = self._at(selector)
        if selector is None and request.kind not in MENUS:
            raise UsageError(
                f"the URL names something of type {request.kind!r}, not a search",
                hint="the URL of a search has a 7 before the selector",
            )
        if words is None or not check(words, "words").strip():
            raise UsageError("a search needs words")
        return self._menu(Request("7", request.selector, words))

    def _menu(self, request: Request) -> tuple[GopherItem, ...]:
        items = parse_menu(self._whole(self._line(request)), encoding=self.encoding, check=self._deadline.check)
        return tuple(map(self._reachable, items)) if self.tls is not None else items

    def _reachable(self, item: GopherItem) -> GopherItem:
        """Menus know no TLS: what lies on the very port that has it is reached by TLS too."""
        here = (item.host.lower(), item.port) == (self.target.host.lower(), self.target.port)
        if item.url is None or not here or not item.url.startswith("gopher:"):
            return item
        return replace(item, url=f"gophers:{item.url.removeprefix('gopher:')}")

    def _whole(self, line: bytes) -> bytes:
        limit = self.options.max_size
        data = bytearray()
        with self._ask(line, dotted=True) as answer:
            for block in answer:
                data += block
                if limit is not None and len(data) > limit:
                    raise TooLargeError.over(limit, "the menu has")
        return bytes(data)

    # -- what every session has

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one line as it is, TABs included (so that Gopher+ can be tried), and give the lines that come back.

        Raises:
            ReplyError: the answer is nothing but an error.
        """
        del multiline  # a connection has one answer, whole
        answer = self._whole(check(line, "the request").encode(self.encoding, "surrogateescape"))
        lines = [each.removesuffix(b"\r") for each in answer.split(b"\n")]
        return Reply("", "", tuple(lines[:-1] if lines[-1] == b"" else lines))

    @operation("ping")
    def ping(self) -> None:
        """Connect and ask for the main menu: somebody answers."""
        with self._ask(b"", dotted=True, refusals=False) as answer:
            next(iter(answer))


def _name(selector: str) -> str:
    """What a file that a selector names is called here."""
    return selector.rstrip("/").rpartition("/")[2] or "gopher"


def _first(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The first octets of a file, in blocks."""
    file.seek(0)
    while size > 0 and (block := file.read(min(size, BLOCK))):
        size -= len(block)
        yield block
