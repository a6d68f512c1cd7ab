"""A fake Gopher server: the World's files as menus, texts and binaries; selectors are their paths (RFC 1436).

Folders are menus (type 1), the main one with a search (type 7, `/_search`) and a link (`h`); names decide the type of a
file. Words behind the selector of a folder search what lies below it. What is not there is an item of type 3.

Texts are sent as they are, without a final dot, as most servers do; `dots=True` doubles leading dots and ends them with
one, as the RFC has it. `bare_lf=True` sends menus with LF alone. `plus=True` marks items for Gopher+, and answers its
requests: `+` is the item behind a status line with its length, `!` are its attributes, `$` those of all in a folder.
"""

from __future__ import annotations

import html
import mimetypes
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from nettools.testing.server import Connection, LineTooLongError, Server

__all__ = ["GopherServer"]

SEARCH = "/_search"
ADMIN = "Nobody <nobody@localhost>"
LINK = "https://www.rfc-editor.org/rfc/rfc1436"
TYPES = {
    "text/html": "h",
    "image/gif": "g",
    "application/pdf": "d",
    "application/json": "0",
    "application/xml": "0",
    "image": "I",
    "audio": "s",
    "video": ";",
    "text": "0",
}

Item = tuple[str, str, str]  # type, title, selector


def type_of(name: str) -> str:
    """The type of a file with this name."""
    kind = mimetypes.guess_type(name)[0] or ""
    return TYPES.get(kind) or TYPES.get(kind.partition("/")[0]) or "9"


class GopherServer(Server):
    """`gopher_server.url`; `dots`, `bare_lf` and `plus` are the ways in which real servers differ."""

    protocol: ClassVar[str] = "gopher"
    has_starttls: ClassVar[bool] = False

    def __init__(self, *args: Any, dots: bool = False, bare_lf: bool = False, plus: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self.dots, self.plus = dots, plus
        self.end = "\n" if bare_lf else "\r\n"

    async def session(self, conn: Connection) -> None:
        """One request, one answer."""
        try:
            line = await conn.readline()
        except LineTooLongError:
            await conn.write(self._menu(conn, [("3", "a selector of this length is not allowed", "")]))
            return
        if not line:
            return
        selector, *fields = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape").split("\t")
        asked = next((each for each in fields if each.startswith(("+", "$", "!"))), "")  # Gopher+ is no search
        words = "" if fields[:1] == [asked] else "".join(fields[:1])
        if await self.intercept(conn, "SEARCH" if words else "GET", selector):
            return
        if asked and self.plus:
            await conn.write(self._extended(conn, selector, words, asked[0]))
        else:
            await conn.write(self._answer(conn, selector, words))

    # -- answers

    def _answer(self, conn: Connection, selector: str, words: str) -> bytes:
        files = self.world.files
        if selector.startswith("URL:"):
            return _redirect(selector[4:])
        if selector == SEARCH:
            return self._menu(conn, self._found("", words) if words else [("i", "Search for words in all files", "")])
        file = files.file(selector)
        if file is not None:
            return _dotted(file.data) if self.dots and type_of(selector) == "0" else file.data
        if not files.is_folder(selector):
            return self._menu(conn, [("3", f"'{selector}' was not found", "")])
        return self._menu(conn, self._found(selector, words) if words else self._folder(selector))

    def _folder(self, path: str) -> Iterable[Item]:
        path = self.world.files.path(path)
        if not path:
            yield "i", "A World of files", ""
        for name, file, _ in self.world.files.children(path):
            selector = f"/{path}/{name}" if path else f"/{name}"
            yield "1" if file is None else type_of(name), name, selector
        if not path:
            yield "7", "Search", SEARCH
            yield "h", "The protocol", f"URL:{LINK}"

    def _found(self, path: str, words: str) -> Iterable[Item]:
        prefix = f"{folder}/" if (folder := self.world.files.path(path)) else ""
        for name, data in self.world.files.items():
            text = f"{name} {data.decode('utf-8', 'ignore')}".lower()
            if name.startswith(prefix) and all(word in text for word in words.lower().split()):
                yield type_of(name), name.rpartition("/")[2], f"/{name}"

    def _menu(self, conn: Connection, items: Iterable[Item]) -> bytes:
        return self._text(self._lines(conn, items))

    def _text(self, lines: Iterable[str]) -> bytes:
        return self.end.join((*lines, ".", "")).encode("utf-8", "surrogateescape")

    def _lines(self, conn: Connection, items: Iterable[Item]) -> Iterator[str]:
        host, port = conn.local
        for kind, title, selector in items:
            if re.search(r"[\t\r\n\0]", selector):
                continue  # a name that no menu can carry
            where = ("error.host", 1) if kind in "i3" else (host, port)
            title = re.sub(r"[\t\r\n\0]", "?", title)
            yield f"{kind}{title}\t{selector}\t{where[0]}\t{where[1]}" + ("\t+" if self.plus else "")

    # -- Gopher+

    def _extended(self, conn: Connection, selector: str, words: str, asked: str) -> bytes:
        files = self.world.files
        if not (files.is_folder(selector) or files.file(selector) or selector == SEARCH or selector[:4] == "URL:"):
            return self._text(["--1", f"1 {ADMIN}", f"'{selector}' was not found"])
        if asked == "+":
            data = self._answer(conn, selector, words)
            return f"+{len(data)}{self.end}".encode() + data
        name = selector.rpartition("/")[2] or "/"
        items = [("1" if files.is_folder(selector) else type_of(name), name, selector)]
        if asked == "$":
            items = [item for item in self._folder(selector) if item[0] not in "i7" and item[2][:4] != "URL:"]
        return self._text(["+-1", *(line for item in items for line in self._attributes(conn, item))])

    def _attributes(self, conn: Connection, item: Item) -> Iterator[str]:
        """The blocks of an item: its line of a menu, who is to be asked, and the forms that it has."""
        files, selector = self.world.files, item[2]
        file = files.file(selector)
        for line in self._lines(conn, [item]):
            yield f"+INFO: {line}"
            yield "+ADMIN:"
            yield f" Admin: {ADMIN}"
            if file is not None or files.is_folder(selector):
                yield f" Mod-Date: {files.modified(selector):%a %b %d %H:%M:%S %Y <%Y%m%d%H%M%S>}"
            yield "+VIEWS:"
            if file is None:
                yield " application/gopher+-menu: <1k>"
            else:
                kind = mimetypes.guess_type(selector)[0] or "application/octet-stream"
                yield f" {kind}: <{-(-len(file.data) // 1024)}k>"


def _dotted(data: bytes) -> bytes:
    """A text as the RFC has it: CR LF, leading dots doubled, a lone one at the end."""
    text = re.sub(rb"\r?\n", b"\r\n", data)
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", text) + b".\r\n"


def _redirect(url: str) -> bytes:
    """A page that leads on, for clients that know no `URL:`."""
    shown = html.escape(url)
    return (
        f'<!DOCTYPE html>\n<meta http-equiv="refresh" content="0; url={shown}">\n<a href="{shown}">{shown}</a>\n'
    ).encode("utf-8", "surrogateescape")
