"""The outline of an HTML page: its title and its links (HTML Living Standard 4.2.2, 4.2.3, 4.6.1).

Not a renderer: the standard library's tokenizer is fed once, tags are looked at, nothing is executed or fetched. A page
that is no proper HTML gives what could be seen of it.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

__all__ = ["outline"]


class _Outline(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.title: str | None = None
        self.targets: dict[str, None] = {}
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and self.title is None:
            self._in_title, self.title = True, ""
        elif tag in ("a", "area", "base"):
            href = dict(attrs).get("href")
            if href is None:
                return
            try:
                target = urljoin(self.base, href.strip())
            except ValueError:  # a link that is no URL, such as `http://[`
                return
            if tag == "base":
                self.base = target
            else:
                self.targets[target] = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and self.title is not None:
            self.title += data


def outline(text: str, base: str) -> tuple[str | None, tuple[str, ...]]:
    """The title (white space folded, None where there is none) and the absolute link targets, in order, each once."""
    unfinished = text.find("<", text.rfind(">") + 1)  # the tokenizer would look at every beginning of a tag again
    if unfinished >= 0:
        text = text[:unfinished]
    parser = _Outline(base)
    try:
        parser.feed(text)
        parser.close()
    except (AssertionError, ValueError):  # the tokenizer gives up on some broken declarations
        pass
    title = None if parser.title is None else " ".join(parser.title.split())
    return title, tuple(parser.targets)
