"""Addresses: what may stand in an envelope, and addresses as callers give them (RFC 5321 4.1.2, 5322 3.4, 6531).

An address that two readers could read in two ways is refused. International domains become IDNA (RFC 5890), so that
only a local part beyond ASCII needs SMTPUTF8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nettools.errors import UsageError
from nettools.parse.message.addresses import parse_addresses
from nettools.results import Address

__all__ = ["People", "check_address", "people", "unique"]

People = str | Address | Iterable[str | Address] | None

LINE_ENDS = re.compile(r"[\r\n\0]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOT_LOCAL = re.compile(r'[\s<>@,;:"()\[\]\\]')
_NOT_HOST = re.compile(r'[\s<>@,;"()\\]')
_BRACKETS = re.compile(r"(?:[^<>]*<[^<>]*>)*[^<>]*")
_HINT = "such as name@example.org"


def check_address(address: str) -> str:
    """The address, with its domain in IDNA, if it may stand in an envelope.

    Raises:
        UsageError: it has a control character, spaces, angle brackets, no local part, or two @ that are not quoted.
    """
    if LINE_ENDS.search(address):
        raise UsageError("an address has a CR, LF or NUL in it")
    if _CONTROL.search(address):
        raise UsageError("an address has a control character in it")
    local, at, host = address.rpartition("@")
    if not at:
        local, host = address, ""
    if not _QUOTED.fullmatch(local) and (not local or _NOT_LOCAL.search(local)):
        raise UsageError(f"{address!r} is no mail address", hint=_HINT)
    if at and (not host or _NOT_HOST.search(host)):
        raise UsageError(f"{address!r} is no mail address", hint=_HINT)
    return f"{local}@{ascii_host(host)}" if at else local


def ascii_host(host: str) -> str:
    """A domain in IDNA.

    Raises:
        UsageError: it is none.
    """
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise UsageError(f"{host!r} is no valid domain: {error}") from None


def people(value: People, what: str) -> tuple[Address, ...]:
    """Addresses as given: one or many, with or without names."""
    if value is None:
        return ()
    if isinstance(value, (str, Address)):
        value = (value,)
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{what}= is an address or several, not {type(value).__name__}")
    result: list[Address] = []
    for each in value:
        if isinstance(each, Address):
            found: tuple[Address, ...] = (each,)
        elif isinstance(each, str):
            found = _parsed(each, what)
        else:
            raise UsageError(f"{what}= is an address or several, not {type(each).__name__}")
        for address in found:
            check_address(address.address)
        result += found
    return tuple(result)


def _parsed(text: str, what: str) -> tuple[Address, ...]:
    if LINE_ENDS.search(text):
        raise UsageError(f"{what}= has a CR, LF or NUL in it")
    if _CONTROL.search(text):
        raise UsageError(f"{what}= has a control character in it")
    found = parse_addresses(text)
    if not found and text.strip():
        raise UsageError(f"{what}= {text!r} is no mail address", hint=_HINT)
    if "@" in text and not any("@" in address.address for address in found):
        raise UsageError(f"{what}= {text!r} is no mail address", hint=_HINT)  # `b@` is not `b`
    unquoted = _QUOTED.sub("", text)
    if "(" not in text and not _BRACKETS.fullmatch(unquoted):
        raise UsageError(f"{what}= {text!r} is no mail address", hint=_HINT)
    if len(re.findall(r"[<(]", unquoted)) < sum(bool(address.name) for address in found):  # `Bob bob@x.org`
        raise UsageError(f"{what}= {text!r} is no mail address", hint=_HINT)
    if not re.search(r'["(\\]', text):
        place = 0
        for address in found:
            place = text.find(address.mailbox, place)  # in the order in which they were found
            if place < 0:
                raise UsageError(f"{what}= {text!r} is no mail address", hint=_HINT)  # white space was folded away
    return found


def unique(addresses: Iterable[Address]) -> tuple[str, ...]:
    """The envelope's form of addresses, each once, in order."""
    return tuple(dict.fromkeys(check_address(each.address) for each in addresses))
