"""What a test wants to know of a message: subject, text, links; and `assert_mail`, which says what is there instead.

    mail = assert_mail(world, to="alice@example.org", subject="Confirm", text=re.compile(r"code \\d{6}"))
    assert requests.get(mail.links()[0]).ok

Any octets are read, as a lenient mail program reads them: what cannot be decoded is shown with replacements, and
nothing raises. Knows octets, and of messages and folders what it asks of them; no protocol, and no World.
"""

from __future__ import annotations

import email
import email.errors
import email.header
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.message import Message as Parsed
from html.parser import HTMLParser
from typing import Protocol, TypeVar

__all__ = ["Wanted", "assert_mail", "header", "html", "links", "octets", "text"]

Pattern = str | re.Pattern[str]

SHOWN = 20  # messages, and lines of a text, in what a failed assertion says
PEOPLE = ("To", "Cc", "Bcc")
_URL = re.compile(r"\bhttps?://[^\s<>\"']+", re.IGNORECASE)
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"})
_UNSEEN = frozenset({"script", "style", "title"})


# --- writing


def octets(message: bytes | Parsed) -> bytes:
    """A message as it is stored: bytes as they are, one of the email package's with lines that end with CR LF."""
    if isinstance(message, Parsed):
        return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    if not isinstance(message, bytes | bytearray | memoryview):
        raise TypeError(f"a message is bytes, or one of the email package's, not {type(message).__name__}")
    return bytes(message)


# --- reading


def header(raw: bytes, *names: str) -> str:
    """The decoded fields of these names, on one line, commas between; "" if there are none."""
    wanted = {name.lower() for name in names}
    fields = email.message_from_bytes(raw).raw_items()
    return ", ".join(_decoded(value) for name, value in fields if name.lower() in wanted)


def _decoded(value: object) -> str:
    """A field's value with its RFC 2047 words decoded; octets beyond ASCII are UTF-8 (RFC 6532)."""
    octets = str(value).encode("utf-8", "surrogateescape")
    line = re.sub(r"\r?\n(?=[ \t])", "", octets.decode("utf-8", "replace")).strip()
    try:
        return str(email.header.make_header(email.header.decode_header(line)))
    except (email.errors.MessageError, LookupError, ValueError):
        return line


def text(raw: bytes) -> str:
    """The plain text; that of the HTML if there is no other; "" if there is none."""
    plain = _first(raw, "text/plain")
    return plain if plain is not None else _read_html(html(raw)).text


def html(raw: bytes) -> str:
    """The HTML, "" if there is none."""
    return _first(raw, "text/html") or ""


def links(raw: bytes) -> list[str]:
    """What a reader can follow: URLs in the text, then targets and URLs in the HTML, in order, each once."""
    page = _read_html(html(raw))
    found = [*_urls(_first(raw, "text/plain") or ""), *page.targets, *_urls(page.text)]
    return list(dict.fromkeys(found))


def _first(raw: bytes, kind: str) -> str | None:
    """The first part of a kind that is no attachment, line ends as in Python; None if there is none."""
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            return _content(part)
    return None


def _content(part: Parsed) -> str:
    payload = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    try:
        said = octets.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        said = octets.decode("utf-8", "replace")
    return said.replace("\r\n", "\n")


def _urls(said: str) -> Iterator[str]:
    """URLs in a text, without the punctuation of the sentence around them."""
    for match in _URL.finditer(said):
        url = match[0].rstrip(".,;:!?")
        while url.endswith(")") and url.count("(") < url.count(")"):
            url = url[:-1].rstrip(".,;:!?")
        yield url


class _Page(HTMLParser):
    """The text of a page, and the targets of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.pieces: list[str] = []
        self.unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unseen = tag if tag in _UNSEEN else self.unseen
        if tag in _BLOCKS:
            self.pieces.append("\n")
        target = dict(attrs).get("href") if tag in ("a", "area") else None
        if target and not target.startswith("#"):
            self.targets.append(target.strip())

    def handle_endtag(self, tag: str) -> None:
        self.unseen = "" if tag == self.unseen else self.unseen

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(re.sub(r"\s+", " ", data))

    @property
    def text(self) -> str:
        """What is seen, a line for each block."""
        lines = (" ".join(line.split(" ")).strip() for line in "".join(self.pieces).split("\n"))
        return "\n".join(line for line in lines if line)


def _read_html(page: str) -> _Page:
    reader = _Page()
    reader.feed(page)
    reader.close()
    return reader


# --- expecting


class Readable(Protocol):
    """A message, as the World has them."""

    uid: int
    raw: bytes

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...


Mail_co = TypeVar("Mail_co", bound=Readable, covariant=True)


class Place(Protocol[Mail_co]):
    """Where messages come in: a folder, or a World."""

    def wait_for(self, missing: Callable[[Mail_co], object], timeout: float) -> Mail_co | None: ...
    def incoming(self) -> Mapping[str, Iterable[Mail_co]]: ...


_FIELDS: dict[str, Callable[[Readable], str]] = {
    "to": lambda message: header(message.raw, *PEOPLE),
    "sender": lambda message: header(message.raw, "From"),
    "subject": lambda message: message.subject,
    "text": lambda message: message.text,
}


class Wanted:
    """What a message has to contain: strings (addresses whatever the case) or regular expressions, by field."""

    def __init__(self, **fields: Pattern | None) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def missing(self, message: Readable) -> dict[str, str]:
        """The fields that do not fit, and what they are."""
        found = {name: _FIELDS[name](message) for name in self.fields}
        return {name: value for name, value in found.items() if not self._fits(name, value)}

    def _fits(self, name: str, value: str) -> bool:
        wanted = self.fields[name]
        if isinstance(wanted, re.Pattern):
            return wanted.search(value) is not None
        if name in ("to", "sender"):
            return wanted.lower() in value.lower()
        return wanted in value

    def difference(self, there: Mapping[str, Iterable[Readable]]) -> str:
        """What was expected, what differs in the message that comes nearest, and the messages by their folders."""
        lines = ["no such mail; expected", *(f"  {name}: {_quoted(value)}" for name, value in self.fields.items())]
        placed = [(place, message) for place, messages in there.items() for message in messages]
        if not placed:
            return "\n".join([*lines, f"there is no mail at all in {', '.join(there) or 'any folder'}"])
        place, nearest = min(placed, key=lambda each: len(self.missing(each[1])))
        if len(missing := self.missing(nearest)) < len(self.fields) or len(placed) == 1:
            lines.append(f"nearest is UID {nearest.uid} in {place}, but its")
            lines += [f"  {name} is {_quoted(value)}" for name, value in missing.items()]
        lines.append(f"there {'is' if len(placed) == 1 else 'are'}")
        lines += [f"  {place} UID {message.uid}: {_summary(message)}" for place, message in placed[:SHOWN]]
        if more := len(placed[SHOWN:]):
            lines.append(f"  and {more} more")
        return "\n".join(lines)


def _quoted(value: Pattern) -> str:
    if isinstance(value, re.Pattern):
        return f"what {value.pattern!r} finds"
    lines = value.rstrip("\n").split("\n")
    if len(lines) == 1:
        return repr(value)
    shown = [*lines[:SHOWN], *(["..."] if len(lines) > SHOWN else [])]
    return "|\n" + textwrap.indent("\n".join(shown), "    ")


def _summary(message: Readable) -> str:
    return f"to {header(message.raw, *PEOPLE) or 'nobody'}: {message.subject or '(no subject)'}"


def assert_mail(
    where: Place[Mail_co],
    *,
    to: Pattern | None = None,
    sender: Pattern | None = None,
    subject: Pattern | None = None,
    text: Pattern | None = None,
    timeout: float = 0.0,
) -> Mail_co:
    """The first message that fits, in a folder or in any user's INBOX; an AssertionError says what is there instead.

    Args:
        to: contained in To, Cc or Bcc. sender: in From. subject, text: in what is decoded. Each is a string, or a
            regular expression that finds something.
        timeout: how many seconds it may still take to come.
    """
    wanted = Wanted(to=to, sender=sender, subject=subject, text=text)
    found = where.wait_for(wanted.missing, timeout)
    if found is not None:
        return found
    raise AssertionError(wanted.difference(where.incoming()))
