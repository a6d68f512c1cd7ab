"""What HTTP gives: a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nettools.charsets import is_charset
from nettools.errors import UsageError
from nettools.frozen import field
from nettools.results.base import Result, as_dict
from nettools.results.headers import Headers

__all__ = ["Page"]


class Page(Result):
    """An HTTP answer (RFC 9110). `content` is without Content-Encoding; `text` by `encoding`; `links` are absolute."""

    url: str
    status: int
    reason: str
    headers: Headers
    content: bytes = field(default=b"", repr=False)
    encoding: str | None = None
    history: tuple[Page, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is below 400: with `check=False`, for those who would rather ask than catch."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The content as text; octets that the encoding does not have become U+FFFD."""
        encoding = self.encoding if self.encoding is not None and is_charset(self.encoding) else "utf-8"
        return self.content.decode(encoding, "replace")

    @property
    def title(self) -> str | None:
        """The text of an HTML page's `<title>`, None where there is none."""
        return self._outline()[0]

    @property
    def links(self) -> tuple[str, ...]:
        """The targets of an HTML page's `<a href>`, absolute, in order, each once."""
        return self._outline()[1]

    def related(self, relation: str) -> str | None:
        """Where a Link field leads (RFC 8288), absolute, or None: `related("next")` is the next page of a list."""
        from nettools.parse.links import parse_links  # only a page that is asked pays for the parser

        if not isinstance(relation, str):
            raise UsageError(f"a relation is a str, not {type(relation).__name__}")
        return parse_links(self.headers.get_all("Link"), self.url).get(relation.lower())

    def _outline(self) -> tuple[str | None, tuple[str, ...]]:
        from nettools.parse.html import outline  # only a page that is asked pays for the parser

        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml"):
            return None, ()
        return outline(self.text, self.url)

    def json(self) -> Any:
        """The content as JSON; ValueError where it is none."""
        return json.loads(self.content)

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it, text, title and links included."""
        result = as_dict(self, include_data)
        history, meta = result.pop("history"), result.pop("meta")
        title, links = self._outline()
        return {**result, "text": self.text, "title": title, "links": list(links), "history": history, "meta": meta}
