"""Certificates for the fakes: an authority made for this process, and certificates good and bad.

Made by `trustme` (the extra `testing`), imported when TLS is asked for. Certificates carry a CN as well as SANs,
because some old clients look there. Nothing is written but the authority's public certificate, in a folder removed at
exit; `keep_authority` keeps one in a folder of the user's.
"""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import os
import shutil
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal, Self

__all__ = ["CERTIFICATES", "Certificate", "ca_path", "keep_authority", "refusal", "server_context"]

Certificate = Literal["good", "expired", "wrong_host", "untrusted", "old_version"]
CERTIFICATES: tuple[Certificate, ...] = ("good", "expired", "wrong_host", "untrusted", "old_version")
NAMES = ("localhost", "127.0.0.1", "::1")

_kept: Any = None  # the authority that outlives this process, and its certificate's file
_kept_path: Path | None = None


def _trustme() -> Any:
    try:
        import trustme
    except ImportError as error:
        raise ImportError("TLS in the fake servers needs trustme: pip install nettools[testing]") from error
    return trustme


@functools.cache
def _authority(trusted: bool) -> Any:
    if trusted and _kept is not None:
        return _kept
    return _trustme().CA(organization_name="nettools testing" if trusted else "nobody knows me")


def keep_authority(folder: Path) -> Path:
    """Take the authority from a folder, or make one there, so that whoever trusts it once trusts the next servers too.

    Its key is readable by its owner alone: who has it can speak for any host to those who trust the certificate.

    Returns: the certificate's file.
    """
    global _kept, _kept_path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        _kept = _trustme().CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        _kept = _trustme().CA(organization_name="nettools development")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_kept.private_key_pem.bytes())
        _kept.cert_pem.write_to_path(str(certificate))
    for cached in (_authority, ca_path, server_context):
        cached.cache_clear()
    _kept_path = certificate
    return certificate


@functools.cache
def ca_path() -> Path:
    """The file of the authority that signed the good certificates (PEM)."""
    if _kept_path is not None:
        return _kept_path
    folder = Path(tempfile.mkdtemp(prefix="nettools-ca-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "ca.pem"
    _authority(True).cert_pem.write_to_path(str(path))
    return path


@functools.cache
def server_context(certificate: Certificate = "good") -> ssl.SSLContext:
    """A server's context with such a certificate; `old_version` has a good one, and nothing newer than TLS 1.1."""
    authority = _authority(certificate != "untrusted")
    names: tuple[str, ...] = NAMES
    more: dict[str, Any] = {}
    if certificate == "wrong_host":
        names = ("elsewhere.example",)
    if certificate == "expired":
        day = dt.timedelta(days=1)
        more = {"not_before": dt.datetime.now(dt.UTC) - 3 * day, "not_after": dt.datetime.now(dt.UTC) - day}
    issued = authority.issue_cert(*names, common_name=names[0], **more)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    if certificate == "old_version":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


class WithoutTickets(ssl.SSLContext):
    """Another context's handshakes, without the session tickets that TLS 1.3 sends behind them.

    A client that only uploads never reads them, and closes: its system then resets the connection, and what was under
    way is lost. Sessions of the other context can still be resumed, which a context of its own would not know.
    """

    _context: ssl.SSLContext

    def __new__(cls, context: ssl.SSLContext) -> Self:
        self = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        self._context = context
        return self

    def wrap_bio(self, *args: Any, **more: Any) -> ssl.SSLObject:
        """As the other context's; the number of tickets is taken over when the connection is made."""
        tickets, self._context.num_tickets = self._context.num_tickets, 0
        try:
            return self._context.wrap_bio(*args, **more)
        finally:
            self._context.num_tickets = tickets


def refusal(context: ssl.SSLContext, hello: bytes) -> bytes:
    """The alert with which a server refuses a client's first words; b"" if it would not."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(hello)
    try:
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    except ssl.SSLWantReadError:
        return b""
    except ssl.SSLError:
        return outgoing.read()
    return b""
