"""The NNTP fake's session and commands.

Replies leave in one write each, so that commands written ahead are answered in order and one turn is one turn.
Extensions are left out by their capability (`OVER`, `HDR`, `POST`, `IHAVE`, `NEWNEWS`, `STARTTLS`, `AUTHINFO`, `SASL`,
`CAPABILITIES`, a LIST keyword, a mechanism) or by the name of a command (`XOVER`, `XHDR`, `LISTGROUP`, `DATE`).
Without `READER` the server begins as one that has to be told MODE READER. `login=True` wants AUTHINFO for everything.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from nettools.testing.lines import LineServer, Refusal, crlf, read_dotted, stuffed
from nettools.testing.nntp import articles, listing
from nettools.testing.nntp.names import SyntaxProblem, parse_moment, parse_range
from nettools.testing.sasl import MECHANISMS
from nettools.testing.server import Connection
from nettools.testing.world import Group

__all__ = ["NNTPServer"]


class _Session:
    """One connection's state: the current group and article, and what was said to log in."""

    def __init__(self, conn: Connection, reading: bool) -> None:
        self.conn = conn
        self.reading = reading
        self.group: Group | None = None
        self.number: int | None = None
        self.name: str | None = None

    def numbers(self) -> list[int]:
        """The current group's numbers in ascending order."""
        if self.group is None:
            raise Refusal("412 No newsgroup has been selected")
        return sorted(self.group.articles)


class NNTPServer(LineServer[_Session]):
    """A server of its World's groups."""

    protocol = "nntp"
    too_long = "501 Line too long"
    prompt, nothing = b"383 ", b"="
    unproved = ("481 Wrong user or password", "481 Cancelled", "482 Malformed exchange")
    anyone = ("CAPABILITIES", "MODE", "QUIT", "HELP", "DATE", "AUTHINFO", "STARTTLS")
    transit = (*anyone, "IHAVE")

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        return frozenset({*cls.verbs(), *listing.LISTS, "READER", "SASL", *MECHANISMS})

    def __init__(self, *args: Any, login: bool = False, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.login = login

    def begin(self, conn: Connection) -> _Session:
        return _Session(conn, self.offers("READER"))

    def greeting(self, session: _Session) -> bytes:
        return self._welcome(session)

    def _welcome(self, session: _Session) -> bytes:
        allowed = self.offers("POST") and session.reading
        return b"200 nettools.testing, posting allowed\r\n" if allowed else b"201 nettools.testing, no posting\r\n"

    async def command(self, session: _Session, verb: str, arg: str) -> str | bytes:
        method = getattr(self, f"do_{verb.lower()}", None) if verb.isalpha() else None
        if verb == "POST" and not self.offers(verb):
            raise Refusal("440 Posting is not permitted")  # RFC 3977 section 6.3.1
        if method is None or not self.offers(verb):
            raise Refusal("500 Unknown command")
        if not session.reading and verb not in self.transit:
            raise Refusal("502 MODE READER first")
        if self.login and session.conn.user is None and verb not in self.anyone:
            raise Refusal("480 Log in first")
        reply: str | bytes = await method(session, arg.strip())
        return reply

    @staticmethod
    def _lines(status: str, lines: list[str]) -> bytes:
        text = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        return f"{status}\r\n".encode() + stuffed(text)

    # -- who is there

    async def do_capabilities(self, session: _Session, arg: str) -> bytes:
        conn = session.conn
        lists = [name for name in listing.LISTS if self.offers(name)]
        found: dict[str, str] = {"VERSION": "2", "IMPLEMENTATION": "nettools.testing"}
        if session.reading:
            found |= {"READER": "", "NEWNEWS": "", "HDR": "", "OVER": "MSGID", "LIST": " ".join(lists), "POST": ""}
        else:
            found["MODE-READER"] = ""
        found["IHAVE"] = ""
        if conn.user is None:
            mechanisms = self.mechanisms(session.conn)
            found["AUTHINFO"] = "USER SASL" if mechanisms else "USER"
            if mechanisms:
                found["SASL"] = " ".join(mechanisms)
        if self.starttls and not conn.tls and conn.user is None:
            found["STARTTLS"] = ""
        lines = [f"{name} {words}".rstrip() for name, words in found.items() if self.offers(name)]
        return self._lines("101 Capabilities", [*lines, *self.extra])

    async def do_mode(self, session: _Session, arg: str) -> bytes:
        if arg.upper() != "READER":
            raise Refusal("501 MODE READER is the only one")
        session.reading = True
        return self._welcome(session)

    async def do_starttls(self, session: _Session, arg: str) -> bytes:
        if not self.starttls:
            raise Refusal("500 Unknown command")
        if session.conn.tls or session.conn.user is not None:
            raise Refusal("502 TLS is on, or you are logged in")
        await session.conn.write(b"382 Begin TLS\r\n")
        await session.conn.start_tls()
        session.group = session.number = session.name = None
        return b""

    async def do_authinfo(self, session: _Session, arg: str) -> str:
        kind, _, value = arg.partition(" ")
        if session.conn.user is not None:
            raise Refusal("502 Already logged in")
        match kind.upper():
            case "USER" if value:
                session.name = value
                return "381 Now the password"
            case "PASS":
                return self._proved(session, value)
            case "SASL" if value and self.mechanisms(session.conn):
                return await self._sasl(session, value)
        raise Refusal("501 AUTHINFO USER, PASS or SASL")

    def _proved(self, session: _Session, password: str) -> str:
        name, session.name = session.name, None
        if name is None:
            raise Refusal("482 AUTHINFO USER first")
        session.conn.user = self.proved(session.conn, name, password)
        return "281 Welcome"

    async def _sasl(self, session: _Session, arg: str) -> str:
        mechanism, _, initial = arg.partition(" ")
        if mechanism.upper() not in self.mechanisms(session.conn):
            raise Refusal("503 Mechanism not recognized")
        session.conn.user = await self.authenticated(session.conn, mechanism, initial)
        return "281 Welcome"

    # -- groups

    async def do_list(self, session: _Session, arg: str) -> bytes:
        name, _, rest = arg.partition(" ")
        make = listing.LISTS.get(name.upper() or "ACTIVE")
        if make is None or not self.offers(name):
            raise Refusal("503 There is no such list" if name else "500 Unknown command")
        return self._lines("215 It follows", make(self.world, rest.strip()))

    async def do_newgroups(self, session: _Session, arg: str) -> bytes:
        return self._lines("231 They follow", listing.new_groups(self.world, parse_moment(arg.split())))

    async def do_newnews(self, session: _Session, arg: str) -> bytes:
        pattern, *moment = arg.split() or [""]
        found = listing.new_news(self.world, pattern, parse_moment(moment))
        return self._lines("230 They follow", found)

    def _find_group(self, name: str) -> Group:
        group = self.world.groups.get(name)
        if group is None:
            raise Refusal("411 There is no such group")
        return group

    async def do_group(self, session: _Session, arg: str) -> str:
        group = self._find_group(arg)
        session.group = group
        session.number = min(group.articles, default=None)
        first, last = listing.bounds(group)
        return f"211 {len(group.articles)} {first} {last} {group.name}"

    async def do_listgroup(self, session: _Session, arg: str) -> bytes:
        name, _, extent = arg.partition(" ")
        if not name and session.group is None:
            raise Refusal("412 No newsgroup has been selected")
        status = await self.do_group(session, name or (session.group.name if session.group else ""))
        first, last = parse_range(extent) if extent else (0, None)
        numbers = [number for number in session.numbers() if number >= first and (last is None or number <= last)]
        return self._lines(status, [str(number) for number in numbers])

    # -- articles

    def _article(self, session: _Session, arg: str) -> tuple[int, bytes]:
        """The article that an argument names: its number (0 for a Message-ID) and octets."""
        if arg.startswith("<"):
            found = next((raw for _, raw in self._named(arg)), None)
            if found is None:
                raise Refusal("430 There is no such article")
            return 0, crlf(found)
        numbers = session.numbers()
        assert session.group is not None
        if arg:
            if not re.fullmatch(r"\d{1,16}", arg, re.ASCII):
                raise SyntaxProblem("a number or Message-ID")
            if int(arg) not in numbers:
                raise Refusal("423 There is no such number in this group")
            session.number = int(arg)
        elif session.number not in numbers:
            raise Refusal("420 There is no current article")
        assert session.number is not None
        return session.number, crlf(session.group.articles[session.number])

    def _named(self, identity: str) -> Iterator[tuple[str, bytes]]:
        """(group and number, octets) of every article with this Message-ID."""
        for name, group in tuple(self.world.groups.items()):
            for number, raw in tuple(group.articles.items()):
                if articles.identity(raw) == identity:
                    yield f"{name}:{number}", raw

    def _answer(self, session: _Session, arg: str, code: int, part: int | None) -> bytes:
        number, data = self._article(session, arg)
        status = f"{code} {number} {articles.message_id(data)}\r\n".encode("utf-8", "surrogateescape")
        return status + stuffed(data if part is None else articles.split(data)[part])

    async def do_article(self, session: _Session, arg: str) -> bytes:
        return self._answer(session, arg, 220, None)

    async def do_head(self, session: _Session, arg: str) -> bytes:
        return self._answer(session, arg, 221, 0)

    async def do_body(self, session: _Session, arg: str) -> bytes:
        return self._answer(session, arg, 222, 1)

    async def do_stat(self, session: _Session, arg: str) -> str:
        number, data = self._article(session, arg)
        return f"223 {number} {articles.message_id(data)}"

    async def do_next(self, session: _Session, arg: str) -> str:
        return self._move(session, 1, "421 There is no next article")

    async def do_last(self, session: _Session, arg: str) -> str:
        return self._move(session, -1, "422 There is no previous article")

    def _move(self, session: _Session, step: int, end: str) -> str:
        numbers = session.numbers()
        if session.number is None or session.number not in numbers:
            raise Refusal("420 There is no current article")
        place = numbers.index(session.number) + step
        if not 0 <= place < len(numbers):
            raise Refusal(end)
        assert session.group is not None
        session.number = numbers[place]
        return f"223 {session.number} {articles.message_id(crlf(session.group.articles[session.number]))}"

    # -- overviews

    def _meant(self, session: _Session, arg: str) -> list[tuple[int, bytes]]:
        """The articles of a range, a Message-ID, or the current one (RFC 3977 section 8.3)."""
        if not arg or arg.startswith("<"):
            return [self._article(session, arg)]
        first, last = parse_range(arg)
        numbers = [number for number in session.numbers() if number >= first and (last is None or number <= last)]
        if not numbers:
            raise Refusal("423 There are no such numbers in this group")
        assert session.group is not None
        return [(number, crlf(session.group.articles[number])) for number in numbers]

    def _xref(self, data: bytes) -> str:
        return " ".join(["localhost", *(place for place, _ in self._named(articles.message_id(data)))])

    async def do_over(self, session: _Session, arg: str) -> bytes:
        found = self._meant(session, arg)
        group = session.group.name if session.group else ""
        lines = [articles.overview(number, data, f"localhost {group}:{number}") for number, data in found]
        return self._lines("224 They follow", lines)

    do_xover = do_over

    async def do_hdr(self, session: _Session, arg: str) -> bytes:
        return self._headers(session, arg, 225, "")

    async def do_xhdr(self, session: _Session, arg: str) -> bytes:
        return self._headers(session, arg, 221, "(none)")

    def _headers(self, session: _Session, arg: str, code: int, none: str) -> bytes:
        name, _, which = arg.partition(" ")
        if not name:
            raise SyntaxProblem("a header field")
        lines = []
        for number, data in self._meant(session, which.strip()):
            value = self._xref(data) if name.lower() == "xref" else articles.metadata(data, name)
            lines.append(f"{number} {articles.one_line(none if value is None else value)}")
        return self._lines(f"{code} They follow", lines)

    # -- posting

    async def do_post(self, session: _Session, arg: str) -> str:
        await session.conn.write(b"340 Send it\r\n")
        return await self._taken(session, "240 Posted", "441 Not posted")

    async def _taken(self, session: _Session, done: str, refused: str) -> str:
        """The reply to an article that comes now."""
        data = await read_dotted(session.conn)
        if await self.intercept(session.conn, ".", ""):
            return ""
        reason = articles.objection(data) or self._store(articles.completed(data))
        if reason is not None:
            raise Refusal(f"{refused}: {reason}")
        return done

    def _store(self, data: bytes) -> str | None:
        """Put an article into each of its groups; why not, where it cannot be."""
        names = [name.strip() for name in (articles.field(data, "Newsgroups") or "").split(",")]
        groups = [group for name in names if (group := self.world.groups.get(name)) is not None]
        if not groups:
            return "there is no such group"
        if next(self._named(articles.message_id(data)), None) is not None:
            return "it is here already"
        if any(group.posting not in ("y", "m") for group in groups):
            return "posting is not allowed there"
        with self.world.change:
            for group in groups:
                if group.posting == "y":  # what a moderator has to see is not published
                    group.add(data)
        return None

    async def do_ihave(self, session: _Session, arg: str) -> str:
        if not articles.MESSAGE_ID.fullmatch(arg):
            raise SyntaxProblem("a Message-ID")
        if next(self._named(arg), None) is not None:
            raise Refusal("435 Not wanted")
        await session.conn.write(b"335 Send it\r\n")
        return await self._taken(session, "235 Transferred", "437 Rejected")

    # -- the rest

    async def do_date(self, session: _Session, arg: str) -> str:
        return f"111 {dt.datetime.now(dt.UTC):%Y%m%d%H%M%S}"

    async def do_help(self, session: _Session, arg: str) -> bytes:
        return self._lines("100 What is known", [name for name in self.verbs() if self.offers(name)])

    async def do_quit(self, session: _Session, arg: str) -> str:
        return "205 Goodbye"
