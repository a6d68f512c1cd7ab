"""Gopher: menus, addresses and texts as servers send them (RFC 1436, RFC 4266).

Pure: octets or an address in, frozen values out, in linear time. Real servers are kinder to people than to the RFC:
they send bare LF, leave out the final dot, put plain lines into menus, and few of them double a leading dot. Each of
these is read as it was meant, and a line that is no item never loses the others.

    gopher-entity = *(item) "." CR LF                 RFC 1436 2; the dot is often missing
    item          = type title TAB selector TAB host TAB port [TAB "+"] CR LF
    url           = gopher://host[:port]/[type [selector [%09 words]]]      RFC 4266 2
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from nettools.charsets import is_charset
from nettools.endpoint import parse_host
from nettools.errors import ProtocolError, TooLargeError, UsageError
from nettools.frozen import Frozen
from nettools.parse.given import OCTETS, Check, checked, takes
from nettools.results import GopherItem
from nettools.target import decode
from nettools.target import parse_url as parse_target

__all__ = [
    "DOTTED",
    "REFUSALS",
    "REFUSAL_LIMIT",
    "GopherURL",
    "Text",
    "decode_body",
    "item_url",
    "parse_menu",
    "parse_path",
    "parse_refusal",
    "parse_url",
    "undouble",
]

DOTTED = frozenset("0123467imM")  # types that end with a line of one dot (RFC 1436 3.8); all others are octets
MOST_ITEMS = 1_000_000
REFUSAL_LIMIT = 4096  # octets; an answer that is longer is no error message
REFUSALS = (b"3", b"Error: ")  # how one begins; the second is gophernicus's, to requests for what is no menu

_DOT = re.compile(rb"\n\.\r?\n?\Z")
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")
_NOT_FOUND = re.compile(r"(?i)not (?:be )?(?:found|exist|here)|n't exist|no such|unknown|missing|404")
_DENIED = re.compile(r"(?i)denied|forbidden|permission|not allowed|unauthori[sz]ed|403")


class GopherURL(Frozen):
    """A Gopher address taken apart: `type` is one character, `search` None where there are no words."""

    host: str
    port: int
    type: str = "1"
    selector: str = ""
    search: str | None = None


# --- addresses


@takes(str)
def parse_url(url: str, *, encoding: str = "utf-8") -> GopherURL:
    """A gopher:// or gophers:// URL.

    >>> parse_url("gopher://h/7/find%09two%20words")
    GopherURL(host='h', port=70, type='7', selector='/find', search='two words')

    Raises:
        UsageError: exit code 3; another scheme, or a CR, LF, NUL or TAB where none may stand.
    """
    target = parse_target(url, ("gopher", "gophers"))
    kind, selector, search = parse_path(target.path, target.query, encoding)
    return GopherURL(target.host, target.port, kind, selector, search)


def parse_path(path: str, query: str | None = None, encoding: str = "utf-8") -> tuple[str, str, str | None]:
    """Type, selector and words of a URL's path and query, which are still percent-encoded.

    A bare `?` belongs to the selector, but in the URL of a search, where browsers write it for the TAB.
    """
    if query is not None:
        search = path.startswith("/7") and "%09" not in path + query
        path = (path if path not in ("", "/") else "/1") + f"{'%09' if search else '?'}{query}"
    text = decode(path.removeprefix("/"), encoding, what="path")
    kind, rest = (text[0], text[1:]) if text else ("1", "")
    selector, tab, words = rest.partition("\t")
    if kind == "\t" or "\t" in words or (tab and kind != "7"):
        raise UsageError(
            "the URL has a TAB (%09) where none may stand: it would be read as another field of the request",
            hint="%09 stands once, between selector and words, in the URL of a search (type 7)",
            exit_code=3,
        )
    return kind, selector, words if tab else None


def item_url(kind: str, selector: str, host: str, port: int | None, encoding: str = "utf-8") -> str | None:
    """Where an item of a menu leads; None for text and errors, and for what cannot be an address."""
    if kind in "i3":
        return None
    link = selector.removeprefix("/")  # old servers have one in front
    if kind == "h" and link[:4].upper() == "URL:":
        return link[4:] or None
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    netloc = f"[{host.replace('%', '%25')}]" if ":" in host else host
    if port is None or not 0 < port < 65536 or "\0" in selector or not _is_host(host, netloc):
        return None
    if kind in "8T":  # RFC 1436 3.8: the selector is the name to log in with
        scheme, default = ("telnet", 23) if kind == "8" else ("tn3270", 23)
        user = f"{_quote(selector, encoding, '')}@" if selector else ""
        return f"{scheme}://{user}{netloc}{'' if port == default else f':{port}'}/"
    return f"gopher://{netloc}{'' if port == 70 else f':{port}'}/{quote(kind, safe='+;:')}{_quote(selector, encoding)}"


def _is_host(host: str, netloc: str) -> bool:
    try:
        return _HOST.fullmatch(host) is not None and bool(parse_host(netloc))
    except UsageError:
        return False


def _quote(text: str, encoding: str, safe: str = "/") -> str:
    return quote(text, safe=safe, encoding=encoding, errors="surrogateescape")


# --- menus


@takes(*OCTETS)
def parse_menu(data: bytes, *, encoding: str = "utf-8", check: Check = bool) -> tuple[GopherItem, ...]:
    """The items of a menu, up to its final dot; lines that are no items are left out.

    `check` is called every now and then; what it raises ends the work.

    Selectors keep octets that the encoding does not have as surrogates, so that they go back as they came; titles with
    such octets are read as Latin-1.

    >>> [item.url for item in parse_menu(b"0About\\t/about\\texample.org\\t70\\r\\n.\\r\\n")]
    ['gopher://example.org/0/about']

    Raises:
        ProtocolError: no line of it is an item. TooLargeError: it has more than a million. UsageError: the
        encoding is none.
    """
    if not is_charset(encoding):
        raise UsageError(f"{encoding!r} is no encoding")
    items: list[GopherItem] = []
    noise = False
    for octets in checked(data.split(b"\n"), check):
        line = octets.rstrip(b"\r")
        if line == b".":
            break
        if not line:
            continue
        item = _item(line, encoding)
        if item is None:
            noise = True
            continue
        items.append(item)
        if len(items) > MOST_ITEMS:
            raise TooLargeError(f"the menu has more than {MOST_ITEMS} items")
    if noise and not items:
        raise ProtocolError(
            "this is no Gopher menu", hint="a text or a file is fetched with gopher_get; is it a Gopher server at all?"
        )
    return tuple(items)


def _item(line: bytes, encoding: str) -> GopherItem | None:
    fields = line.removeprefix(b"+INFO: ").split(b"\t", 4)  # Gopher+ puts more behind, and this in front
    head = _title(fields[0], encoding)
    kind, title = head[:1], head[1:]
    if not kind:
        return None
    if len(fields) < 3 and kind not in "i3":
        return None  # nothing to follow: a plain line, or no menu at all
    selector = _selector(fields[1], encoding) if len(fields) > 1 else ""
    host = _title(fields[2], encoding).strip() if len(fields) > 2 else ""
    port = _port(fields[3]) if len(fields) > 3 else None
    return GopherItem(kind, title, selector, host, port, item_url(kind, selector, host, port, encoding))


def _title(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _selector(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding, "surrogateescape")
    except UnicodeDecodeError:  # an encoding of more than one octet, cut
        return octets.decode("latin-1")


def _port(octets: bytes) -> int | None:
    text = octets.strip()
    return int(text) if text.isdigit() and len(text) <= 5 and int(text) < 65536 else None


@takes(*OCTETS)
def parse_refusal(data: bytes, *, encoding: str = "utf-8") -> tuple[str, str] | None:
    """What a server says in place of what was asked for: (kind, text), None for anything but an error.

    An error is a menu whose first item is of type 3 and that has nothing to follow, or the text that gophernicus sends.
    `kind` is "not found", "denied" or "" - the protocol has no codes, so the words tell.
    """
    first = data.split(b"\n", 1)[0]
    if len(data) > REFUSAL_LIMIT:
        return None
    if first.startswith(b"Error: ") and b"Gophered by Gophernicus" in data:
        text = _title(first, encoding).removeprefix("Error: ").strip()
    elif first.startswith(b"3") and first.count(b"\t") >= 3:
        items = parse_menu(data, encoding=encoding)
        if any(item.kind not in "3i" for item in items):
            return None
        text = items[0].title.strip()
    else:
        return None
    kind = "not found" if _NOT_FOUND.search(text) else "denied" if _DENIED.search(text) else ""
    return kind, text


# --- texts


@takes(*OCTETS)
def decode_body(data: bytes, type: str = "0") -> bytes:  # noqa: A002  # the contract's name
    """The octets that were meant: without the final dot and with doubled dots undone, where the type has them.

    Dots are undone only if the server did double them: it sent the final dot, and no line begins with a single one.

    >>> decode_body(b"a\\r\\n..dot\\r\\n.\\r\\n", "0"), decode_body(b"..a", "0"), decode_body(b".\\r\\n", "9")
    (b'a\\r\\n.dot\\r\\n', b'..a', b'.\\r\\n')
    """
    if type not in DOTTED:
        return data
    text = Text()
    text.feed(data)
    body = data[: len(data) - text.dot]
    return b"".join(undouble([body])) if text.doubled else body


class Text:
    """Looks at a text as it arrives: whether it ends with the dot, and whether leading dots are doubled."""

    def __init__(self) -> None:
        self.received = 0
        self._dots = 0  # lines that begin with a dot, the last one included
        self._doubles = 0  # lines that begin with two
        self._tail = b"\n"  # the last octets; before the first there is the end of an imagined line

    def feed(self, block: bytes) -> None:
        """The next octets."""
        self.received += len(block)
        self._dots += (self._tail[-1:] + block).count(b"\n.")
        self._doubles += (self._tail[-2:] + block).count(b"\n..")
        self._tail = (self._tail + block[-4:])[-4:]

    @property
    def least(self) -> int:
        """How many octets of text there are at least, whatever the dots turn out to mean."""
        return self.received - self._doubles - 3

    @property
    def dot(self) -> int:
        """How many octets the final dot has with its line end; 0 where there is none (yet)."""
        match = _DOT.search(self._tail)
        return 0 if match is None else len(match[0]) - 1

    @property
    def doubled(self) -> int:
        """How many lines have a dot too many: none, unless the server ended the text and doubled every one."""
        return self._doubles if self.dot and self._dots - self._doubles == 1 else 0


def undouble(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a text, with one of two leading dots taken off each line."""
    held = b"\n"  # what may be the beginning of a line end and two dots
    begun = False
    for block in blocks:
        data = held + block
        keep = next((size for size in (2, 1) if data.endswith(b"\n."[:size])), 0)
        ready, held = data[: len(data) - keep], data[len(data) - keep :]
        if ready:
            yield ready.replace(b"\n..", b"\n.")[0 if begun else 1 :]
            begun = True
    if held:
        yield held if begun else held[1:]
