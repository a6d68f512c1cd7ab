"""How SASL speaks SMTP (RFC 4954): AUTH, 334 and base64, `*` to cancel, and what each reply means.

Knows mechanisms only by name; which one is tried, and what follows a refusal, is `nettools.sasl`'s business.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from nettools import sasl
from nettools.errors import AuthError, ReplyError
from nettools.protocols.smtp.replies import reply_error

if TYPE_CHECKING:
    from nettools.results import Reply

__all__ = ["Channel"]

LINE = (
    510  # octets of a command line (RFC 5321 4.5.3.1.4); a longer initial response waits to be asked for (RFC 4954 4)
)

UNUSABLE = (500, 501, 502, 503, 504, 534, 538, 555)  # nothing is wrong with the credentials: another mechanism may do


class Channel:
    """One login over `command`, which sends a line and gives the reply."""

    initial_response = True

    def __init__(self, command: Callable[[str], Reply]) -> None:
        self._command = command

    def _step(self, line: str) -> sasl.Step:
        reply = self._command(line)
        code = int(reply.code)
        if code == 334:
            return sasl.Step("challenge", reply.lines[-1] if reply.lines else b"")
        if code == 235:
            return sasl.Step("ok")
        if 400 <= code < 500:  # nothing is wrong with the credentials: another time
            raise reply_error(reply, "login", ReplyError)
        return sasl.Step("unusable" if code in UNUSABLE else "refused", b"", reply_error(reply, "login", AuthError))

    def start(self, mechanism: str, initial: bytes | None) -> sasl.Step:
        if initial is None:
            return self._step(f"AUTH {mechanism}")
        response = base64.b64encode(initial).decode("ascii") or "="
        line = f"AUTH {mechanism} {response}"
        if len(line) <= LINE:
            return self._step(line)
        step = self._step(f"AUTH {mechanism}")
        return self._step(response) if step.kind == "challenge" else step

    def respond(self, data: bytes) -> sasl.Step:
        return self._step(base64.b64encode(data).decode("ascii"))

    def cancel(self) -> sasl.Step:
        reply = self._command("*")
        if reply.code in (235, 334):
            return sasl.Step("ok" if reply.code == 235 else "challenge")
        return sasl.Step("unusable", b"", reply_error(reply, "login", AuthError))

    def login(self, user: str, password: str) -> sasl.Step:
        raise NotImplementedError  # SMTP has no login of its own
