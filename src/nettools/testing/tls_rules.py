"""What goes wrong with TLS: `server.tls`, true where TLS is offered, and the rules for its handshakes.

    srv.tls.expired()          srv.tls.strip_starttls()        srv.tls.cut_handshake(times=1)
    srv.tls.wrong_host()       srv.tls.plaintext()             srv.tls.inject_after_starttls(b"250 EVIL\\r\\n")
    srv.tls.untrusted()        srv.tls.old_version()           srv.tls.no_close_notify()

They are rules like others: counted, and an error when no handshake ever met them. RFC 8446; RFC 3207 6 for what is
injected or stripped.
"""

from __future__ import annotations

import ssl
from typing import Unpack

from nettools.testing.connection import READ_SIZE, Connection, Hangup, reading
from nettools.testing.rules import TLS, Counting, Rule, Rules
from nettools.testing.tls import CERTIFICATES, Certificate, refusal, server_context

__all__ = ["TLSRules"]

UPGRADES = frozenset({"STARTTLS", "STLS"})
PLAIN_TEXT = b"220 plain text where TLS was to be\r\n"


class TLSRules:
    """Whether TLS is offered, and what is done to it."""

    def __init__(self, rules: Rules, offered: bool, certificate: Certificate) -> None:
        self._rules = rules
        self._offered = offered
        self.certificate: Certificate = certificate

    def __bool__(self) -> bool:
        return self._offered

    def __repr__(self) -> str:
        return f"<TLS {'offered' if self._offered else 'not offered'}, certificate {self.certificate}>"

    # -- the rules

    def _add(self, action: str, counting: Counting, data: bytes = b"") -> Rule:
        if not self._offered:
            raise ValueError("this server offers no TLS: give it tls=True")
        return self._rules.add(TLS).do(action, counting, data=data)

    def expired(self, **counting: Unpack[Counting]) -> Rule:
        """Show a certificate whose time is over."""
        return self._add("expired", counting)

    def wrong_host(self, **counting: Unpack[Counting]) -> Rule:
        """Show a certificate for another host."""
        return self._add("wrong_host", counting)

    def untrusted(self, **counting: Unpack[Counting]) -> Rule:
        """Show a certificate that nobody known has signed."""
        return self._add("untrusted", counting)

    def old_version(self, **counting: Unpack[Counting]) -> Rule:
        """Speak nothing newer than TLS 1.1."""
        return self._add("old_version", counting)

    def plaintext(self, **counting: Unpack[Counting]) -> Rule:
        """Answer a handshake in plain text."""
        return self._add("plaintext", counting)

    def cut_handshake(self, **counting: Unpack[Counting]) -> Rule:
        """Close the connection in the handshake, after the client's first words."""
        return self._add("cut_handshake", counting)

    def no_close_notify(self, **counting: Unpack[Counting]) -> Rule:
        """End TLS without saying so: just close the connection."""
        return self._add("no_close_notify", counting)

    def strip_starttls(self, **counting: Unpack[Counting]) -> Rule:
        """Do not offer the upgrade to a connection in clear, as somebody in between would have it."""
        return self._add("strip_starttls", counting)

    def inject_after_starttls(self, data: bytes, **counting: Unpack[Counting]) -> Rule:
        """Send this in clear in one segment with the answer to STARTTLS, before the handshake."""
        return self._add("inject_after_starttls", counting, data)

    # -- what they do

    def _find(self, conn: Connection, *actions: str) -> Rule | None:
        return self._rules.find(TLS, user=conn.user, connection=conn.number, actions=frozenset(actions))

    def greet(self, conn: Connection) -> None:
        """A connection in clear begins."""
        conn.stripped = self._offered and self._find(conn, "strip_starttls") is not None

    def asked(self, conn: Connection, verb: str, arg: str) -> None:
        """A command has come; perhaps it asks for the upgrade (FTP calls it AUTH TLS)."""
        if conn.starttls and (verb in UPGRADES or (verb == "AUTH" and arg.upper()[:3] in ("TLS", "SSL"))):
            rule = self._find(conn, "inject_after_starttls")
            if rule is not None:
                conn.inject(rule.data)

    async def secure(self, conn: Connection, context: ssl.SSLContext | None = None) -> None:
        """The handshake, or what the rules say instead.

        Raises:
            Hangup: there is none; the log says why.
        """
        spoiled = self._find(conn, "plaintext", "cut_handshake")
        if spoiled is not None:
            reading(conn.writer, on=True)
            await conn.reader.read(READ_SIZE)
            conn.note(f"TLS: {spoiled.action}")
            if spoiled.action == "plaintext":
                await conn.write(PLAIN_TEXT)
            await conn.cut("drop")
        wrong = self._find(conn, *CERTIFICATES)
        if wrong is not None:
            conn.note(f"TLS: {wrong.action}")
        certificate = next((each for each in CERTIFICATES if wrong is not None and each == wrong.action), None)
        if certificate is not None or context is None:
            context = server_context(certificate or self.certificate)
        if certificate == "old_version":
            await self._alert(conn, context)
        if self._find(conn, "no_close_notify") is not None:
            conn.close_silently()
        try:
            await conn.handshake(context)
        except (ssl.SSLError, OSError) as error:
            conn.note(f"TLS: the handshake failed: {getattr(error, 'reason', None) or error or type(error).__name__}")
            raise Hangup from error

    async def _alert(self, conn: Connection, context: ssl.SSLContext) -> None:
        """Refuse a client that is too new with the alert that asyncio would keep to itself."""
        reading(conn.writer, on=False)
        alert = refusal(context, await conn.peek())
        if alert:
            reading(conn.writer, on=True)
            conn.note("TLS: the client and old_version share no version")
            conn.writer.write(alert)
            await conn.cut("drop")
