"""One message's MAIL and RCPT: the command lines, with the parameters that it needs and the server announced.

SIZE (RFC 1870), BODY=8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531) come by themselves; others are the caller's, and each
must have been announced. What the server cannot take is found here, before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from nettools.errors import UnsupportedError, UsageError
from nettools.frozen import Frozen
from nettools.protocols.smtp.errors import NotTakenError, OversizeError

if TYPE_CHECKING:
    from nettools.parse.compose import Prepared

__all__ = ["Envelope", "Letter", "address_for", "parameters"]

_PARAMETER = r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[^\x00-\x20=\x7f][^\x00-\x20\x7f]*)?"
_NEEDS = {  # parameters that are not called as the extension they belong to
    "BODY": "8BITMIME",
    "RET": "DSN",
    "ENVID": "DSN",
    "NOTIFY": "DSN",
    "ORCPT": "DSN",
    "BY": "DELIVERBY",
    "HOLDFOR": "FUTURERELEASE",
    "HOLDUNTIL": "FUTURERELEASE",
    "SOLICIT": "NO-SOLICITING",
}


def parameters(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    """The parameters of MAIL or RCPT as given, checked against the grammar of RFC 5321 4.1.2."""
    found = (given,) if isinstance(given, str) else tuple(given)
    for each in found:
        if not isinstance(each, str) or not re.fullmatch(_PARAMETER, each):
            raise UsageError(f"{what}= {each!r} is no parameter", hint="NAME or NAME=VALUE, such as RET=HDRS")
    return found


class Letter(Frozen):
    """A message to deliver, and how."""

    message: Prepared
    partial: bool = True
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


class Envelope(Frozen):
    """The lines of MAIL and RCPT for one message on one connection."""

    message: Prepared
    mail: bytes
    recipients: tuple[bytes, ...]

    @property
    def lines(self) -> tuple[bytes, ...]:
        return (self.mail, *self.recipients)


def address_for(letter: Letter, features: Mapping[str, str]) -> Envelope:
    """The envelope of a letter, for a server with these features; the message may be encoded anew to fit it.

    Raises:
        OversizeError: it is larger than the server takes. NotTakenError: it needs what was not announced.
    """
    message = letter.message
    for each in (*letter.mail_options, *letter.rcpt_options):
        name = each.partition("=")[0].upper()
        if _NEEDS.get(name, name) not in features:
            raise UnsupportedError(f"the server does not announce {_NEEDS.get(name, name)}, which {name} needs")
    own = {each.partition("=")[0].upper() for each in letter.mail_options}
    words = list(letter.mail_options)
    if message.needs_smtputf8 and "SMTPUTF8" not in features:
        raise NotTakenError(
            "an address or a header has characters beyond ASCII, and the server does not take SMTPUTF8",
            hint="a domain is sent as IDNA; a local part cannot be, and a header of a ready message is not touched",
        )
    if message.needs_smtputf8 and "SMTPUTF8" not in own:
        words.append("SMTPUTF8")
    if message.needs_8bit and "8BITMIME" not in features:
        message = message.in_7bit()
        if message.needs_8bit:
            raise NotTakenError(
                "the message has octets beyond ASCII, and the server does not take 8BITMIME",
                hint="encode its parts as quoted-printable or base64",
            )
    if message.needs_8bit and "BODY" not in own:
        words.append("BODY=8BITMIME")
    if "SIZE" in features:
        limit = features["SIZE"].strip()
        if limit.isascii() and limit.isdigit() and 0 < int(limit[:20]) < message.size:
            raise OversizeError(f"the message has {message.size} octets; the server takes {limit}")
        if "SIZE" not in own:
            words.append(f"SIZE={message.size}")
    encoding = "utf-8" if message.needs_smtputf8 else "ascii"
    mail = " ".join([f"MAIL FROM:<{message.sender}>", *words])
    more = "".join(f" {each}" for each in letter.rcpt_options)
    return Envelope(
        message,
        f"{mail}\r\n".encode(encoding),
        tuple(f"RCPT TO:<{each}>{more}\r\n".encode(encoding) for each in message.recipients),
    )
