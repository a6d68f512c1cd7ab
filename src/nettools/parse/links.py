"""Link fields of HTTP (RFC 8288 3): what a page is related to, and how - the next page of a list, for instance.

    Link: <https://h/api?page=2>; rel="next", <https://h/api?page=9>; rel="last"

Read token by token, in linear time; what is no link is left out, and so is one whose context is another page
(`anchor`) or that is no URL. Of several links of one relation the first counts, as the first `rel` of a link does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin

__all__ = ["parse_links"]

_TOKEN = re.compile(r"""<([^<>]*)>|"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|([;,=])|[^\s;,="<]+|\S""", re.DOTALL)


def parse_links(fields: Iterable[str], base: str) -> dict[str, str]:
    """{relation, in lower case: absolute URL} of the Link fields of the page at `base`."""
    related: dict[str, str] = {}
    for field in fields:
        for target, parameters in _links(field):
            if "anchor" in parameters:
                continue
            try:
                url = urljoin(base, target)
            except ValueError:  # such as `http://[`
                continue
            for relation in parameters.get("rel", "").lower().split():
                related.setdefault(relation, url)
    return related


def _links(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    target: str | None = None
    parameters: dict[str, str] = {}
    name, valued = "", False  # of the parameter under way, and whether its `=` has come
    for token in _TOKEN.finditer(field):
        uri, quoted, mark = token.groups()
        if mark == ",":
            if target is not None:
                yield target, parameters
            target, parameters, name = None, {}, ""
        elif mark == ";":
            name, valued = "", False
        elif mark == "=":
            valued = True
        elif uri is not None:
            target = uri.strip() if target is None else target
        elif valued and name:
            value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else token[0]
            parameters.setdefault(name, value)
            name = ""
        else:
            name, valued = token[0].lower(), False
    if target is not None:
        yield target, parameters
