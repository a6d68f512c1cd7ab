"""Certificates for the fakes: an authority made for this process, and certificates good and bad.

Made by `trustme` (the extra `testing`), imported when TLS is asked for. Certificates carry a CN as well as SANs,
because some old clients look there. Nothing is written but the authority's public certificate, in a folder removed at
exit.
"""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import shutil
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

__all__ = ["CERTIFICATES", "Certificate", "ca_path", "refusal", "server_context"]

Certificate = Literal["good", "expired", "wrong_host", "untrusted", "old_version"]
CERTIFICATES: tuple[Certificate, ...] = ("good", "expired", "wrong_host", "untrusted", "old_version")
NAMES = ("localhost", "127.0.0.1", "::1")


def _trustme() -> Any:
    try:
        import trustme
    except ImportError as error:
        raise ImportError("TLS in the fake servers needs trustme: pip install nettools[testing]") from error
    return trustme


@functools.cache
def _authority(trusted: bool) -> Any:
    return _trustme().CA(organization_name="nettools testing" if trusted else "nobody knows me")


@functools.cache
def ca_path() -> Path:
    """The file of the authority that signed the good certificates (PEM)."""
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
