"""How SASL speaks IMAP (RFC 3501 6.2.2, RFC 4959), and the LOGIN of old (RFC 3501 6.2.3).

The last line of a login may take the command behind it along: `ahead`. It must not know folders, nor what that
command is for.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from nettools.errors import AuthError, DisconnectedError, ReplyError
from nettools.protocols.imap.client import Answer, Argument, IMAP4Client, astring
from nettools.protocols.imap.errors import reply_error
from nettools.sasl import Step

if TYPE_CHECKING:
    from nettools.parse.imap_data import Response

__all__ = ["Channel"]

_CODED = ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED")


class Channel:
    """A connection as `sasl.authenticate` wants it; `ahead_tag` is set once the command `ahead` went out."""

    def __init__(
        self,
        client: IMAP4Client,
        learn: Callable[[Answer], None],
        *,
        initial_response: bool,
        ahead: tuple[bytes, ...] = (),
    ) -> None:
        self.client = client
        self.learn = learn
        self.initial_response = initial_response
        self.ahead = ahead
        self.ahead_tag: str | None = None
        self._tag = self._mechanism = ""
        self._spoken = False  # the server has seen credentials

    def start(self, mechanism: str, initial: bytes | None) -> Step:
        self._mechanism, self._spoken = mechanism, initial is not None
        more = () if initial is None else (base64.b64encode(initial) or b"=",)
        at_once = initial is not None and mechanism == "PLAIN"
        self._send(b"AUTHENTICATE", mechanism.encode("ascii"), *more, whole=at_once)
        return self._step()

    def respond(self, data: bytes) -> Step:
        self._spoken = True
        if not data and self._mechanism.startswith("SCRAM-") and self.ahead:
            # the server has proved itself: the empty answer only lets it say OK (RFC 5802 5, RFC 3501 6.2.2)
            self.client.hold(b"\r\n")
            self.ahead_tag = self.client.start(*self.ahead)
            return self._step()
        return self._say(base64.b64encode(data))

    def cancel(self) -> Step:
        self._spoken = False
        return self._say(b"*")

    def login(self, user: str, password: str) -> Step:
        self._spoken = True
        arguments: list[Argument] = [b"LOGIN", astring(user), astring(password)]
        if all(isinstance(each, bytes) for each in arguments):
            self._send(*arguments, whole=True)
            return self._step()
        return self._outcome(self.client.execute(*arguments))

    def _send(self, *arguments: Argument, whole: bool) -> None:
        """Send a command; one that the server answers without asking takes `ahead` along."""
        along = whole and bool(self.ahead)
        self._tag = self.client.start(*arguments, hold=along)
        if along:
            self.ahead_tag = self.client.start(*self.ahead)

    def _say(self, line: bytes) -> Step:
        self.client.sock.sendall(line + b"\r\n")
        return self._step()

    def _step(self) -> Step:
        untagged: list[Response] = []
        while True:
            response = self.client.read_response()
            if response.kind == "continuation":
                return Step("challenge", (response.text or "").encode("ascii", "replace"))
            if response.tag == self._tag:
                self.client.answered(self._tag)
                return self._outcome(Answer(response, tuple(untagged)))
            if response.status == "BYE":
                raise DisconnectedError(f"the server said goodbye: {response.text or 'BYE'}")
            untagged.append(response)

    def _outcome(self, answer: Answer) -> Step:
        response = answer.tagged
        if response.status == "OK":
            self.learn(answer)
            return Step("ok")
        error = reply_error(response, "login", kind=AuthError)
        if not isinstance(error, AuthError):
            raise error
        if error.temporary:
            raise ReplyError(error.message, code=error.code, text=error.text, temporary=True, reply=error.reply)
        coded = any(code in error.text for code in _CODED)
        if coded or (response.status == "NO" and self._spoken):
            return Step("refused", b"", error)
        if self.ahead_tag is not None:  # refused with it; the next mechanism finds the conversation in step
            self.client.finish(self.ahead_tag)
            self.ahead_tag = None
        return Step("unusable", b"", error)
