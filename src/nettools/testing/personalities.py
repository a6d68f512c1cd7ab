"""Capabilities as an expression, and personalities: a table of what well-known servers leave out and add.

    make_server("smtp", capabilities=ALL - {"PIPELINING"})          make_server("imap", personality="gmail")

A personality is what such a server announces by default and the names of its special folders: nothing else of its
behaviour. All that is taken away is gone for good - commands are refused, not only unannounced. What is added is a name
in the announcement, and only names that ask nothing of the fake: Gmail's X-GM-EXT-1 is announced, its search terms and
labels are not understood; its All Mail is a folder, not a view of the others. Knows no protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["ALL", "PERSONALITIES", "Capabilities", "Personality", "personality_of", "words"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that a fake can do, `removed` left out and `added` announced besides: `ALL - {"SORT"} | {"X-MINE"}`."""

    removed: frozenset[str] = frozenset()
    added: tuple[str, ...] = ()

    def __sub__(self, names: Iterable[str]) -> Capabilities:
        """Without these, whatever the case."""
        gone = frozenset(each.upper() for each in words(names))
        return Capabilities(self.removed | gone, tuple(each for each in self.added if each.upper() not in gone))

    def __or__(self, names: Iterable[str]) -> Capabilities:
        """With these too: one that was left out is back, another is announced."""
        names = words(names)
        back = self.removed & {each.upper() for each in names}
        known = {*self.added, *back}
        return Capabilities(
            self.removed - back, (*self.added, *(each for each in names if {each, each.upper()}.isdisjoint(known)))
        )


def words(names: Iterable[str]) -> tuple[str, ...]:
    """Names, of which a lone string would be letters."""
    if isinstance(names, str):
        raise TypeError(f"capabilities are a set of names, such as {{{names!r}}}")
    return tuple(names)


ALL = Capabilities()


@dataclass(frozen=True, slots=True)
class Personality:
    """How one kind of server appears by one protocol: its capabilities, and its special folders by name."""

    capabilities: Capabilities = ALL
    folders: Mapping[str, str] = field(default_factory=dict)


_CHALLENGES = {"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "EXTERNAL"}
_BEARERS = {"XOAUTH2", "OAUTHBEARER"}
_LOGINS = {"PLAIN", "LOGIN"}
_SORTING = {"SORT", "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES"}
_IMAP_EXTRAS = {"STATUS=SIZE", "BINARY", "QUOTA=RES-STORAGE"}
_SEARCHING = {"ESEARCH", "CONDSTORE", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE"}


def _imap(mechanisms: set[str]) -> Capabilities:
    """All of IMAP without the mechanisms, under the names that it announces them by."""
    return ALL - {f"AUTH={each}" for each in mechanisms}


PERSONALITIES: dict[str, dict[str, Personality]] = {
    "dovecot": {
        "imap": Personality(
            _imap({*_CHALLENGES, *_BEARERS}) - {"QUOTA", "QUOTA=RES-STORAGE", "COMPRESS=DEFLATE", "UTF8=ACCEPT"}
        ),
        "pop3": Personality(ALL - {*_CHALLENGES, *_BEARERS, "APOP", "UTF8"}),
        "smtp": Personality(ALL - {*_CHALLENGES, *_BEARERS, "SMTPUTF8", "DSN"}),  # its submission service
    },
    "gmail": {
        "imap": Personality(
            _imap({*_CHALLENGES, "LOGIN"}) - {*_SORTING, *_IMAP_EXTRAS, "LITERAL+", "STARTTLS"}
            | ("X-GM-EXT-1", "LITERAL-", "APPENDLIMIT=35651584"),
            {
                "[Gmail]/All Mail": "\\All",
                "[Gmail]/Drafts": "\\Drafts",
                "[Gmail]/Important": "\\Important",
                "[Gmail]/Sent Mail": "\\Sent",
                "[Gmail]/Spam": "\\Junk",
                "[Gmail]/Starred": "\\Flagged",
                "[Gmail]/Trash": "\\Trash",
            },
        ),
        "pop3": Personality(
            ALL - {*_CHALLENGES, "LOGIN", "APOP", "UTF8", "PIPELINING", "AUTH-RESP-CODE", "STLS", "STARTTLS"}
            | ("EXPIRE 0", "LOGIN-DELAY 300", "X-GOOGLE-RICO")
        ),
        "smtp": Personality(ALL - {*_CHALLENGES, "DSN"}),
    },
    "exchange": {
        "imap": Personality(
            _imap({*_CHALLENGES, "LOGIN", "OAUTHBEARER"})
            - {*_SORTING, *_IMAP_EXTRAS, *_SEARCHING, "ENABLE", "QUOTA", "UTF8=ACCEPT", "COMPRESS=DEFLATE"}
            | ("IMAP4",),
            {
                "Archive": "\\Archive",
                "Deleted Items": "\\Trash",
                "Drafts": "\\Drafts",
                "Junk Email": "\\Junk",
                "Sent Items": "\\Sent",
            },
        ),
        "pop3": Personality(
            ALL
            - {*_CHALLENGES, "LOGIN", "OAUTHBEARER"}
            - {"APOP", "UTF8", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"}
        ),
        "smtp": Personality(ALL - {*_CHALLENGES, "PLAIN", "OAUTHBEARER"}),
    },
    "minimal": {
        "imap": Personality(
            _imap({*_CHALLENGES, *_BEARERS, *_LOGINS})
            - {*_SORTING, *_IMAP_EXTRAS, *_SEARCHING, "ENABLE", "QUOTA", "UTF8=ACCEPT", "COMPRESS=DEFLATE"}
            - {"LITERAL+", "SASL-IR", "IDLE", "ID", "NAMESPACE", "CHILDREN", "UIDPLUS", "UNSELECT", "MOVE", "STARTTLS"}
        ),
        "pop3": Personality(ALL - {"CAPA", "TOP", "UIDL", "APOP", "SASL", "STLS", "STARTTLS", "UTF8", "RESP-CODES"}),
        "smtp": Personality(
            ALL
            - {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES"}
            - {"AUTH", "STARTTLS"}
        ),
        "ftp": Personality(
            ALL - {"FEAT", "OPTS", "EPSV", "EPRT", "MDTM", "MFMT", "SIZE", "MLSD", "MLST", "AUTH", "STARTTLS"}
        ),
    },
}


def personality_of(name: str | None, protocol: str) -> Personality:
    """How a server of that kind appears by a protocol; None is this fake as it is.

    Raises:
        ValueError: there is no such personality, or it does not speak that protocol.
    """
    if name is None:
        return Personality()
    if name not in PERSONALITIES:
        raise ValueError(f"no personality is called {name!r}; there are {', '.join(PERSONALITIES)}")
    spoken = PERSONALITIES[name]
    if protocol not in spoken:
        raise ValueError(f"{name} does not speak {protocol}; it speaks {', '.join(spoken)}")
    return spoken[protocol]
