"""TLS as it is told: what a connection's TLS is, and what went wrong with it, in nettools' terms (RFC 8446, 6125).

How it is made is `context`'s business, which is imported for the first handshake only.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from typing import Any

from nettools import results
from nettools.errors import CertificateError, TLSError

__all__ = ["TLS_ERRORS", "describe", "tls_error"]

TLS_ERRORS: tuple[type[Exception], ...] = (ssl.SSLError, ssl.CertificateError)


def describe(sock: object) -> results.TLSInfo | None:
    """The TLS of a socket, None where there is none."""
    if not isinstance(sock, ssl.SSLSocket):
        return None
    version, cipher = sock.version(), sock.cipher()
    if version is None or cipher is None:
        return None
    certificate = sock.getpeercert() or {}
    not_after = certificate.get("notAfter")
    return results.TLSInfo(
        version=version,
        cipher=cipher[0],
        subject=_name(certificate.get("subject")),
        issuer=_name(certificate.get("issuer")),
        not_after=None
        if not isinstance(not_after, str)
        else dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), dt.UTC),
    )


def _name(rdns: Any) -> str | None:
    if not rdns:
        return None
    return ", ".join(f"{key}={value}" for rdn in rdns for key, value in rdn)


def tls_error(error: Exception, host: str | None) -> TLSError:
    """An error of the ssl module in nettools' terms, with what would help."""
    where = host or "the server"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_error(error, where)
    text = str(getattr(error, "reason", None) or error)
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text or "UNKNOWN_PROTOCOL" in text:
        return TLSError(
            f"{where} answered in plain text where TLS was expected",
            hint="the port speaks no TLS from the first byte: use the scheme without s, or STARTTLS",
        )
    if "UNSUPPORTED_PROTOCOL" in text or "PROTOCOL_VERSION" in text:
        return TLSError(
            f"{where} and nettools share no TLS version",
            hint='a lower one can be allowed: TLS(min_version="1.0"), --tls-min',
        )
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or "EOF" in text:
        return TLSError(
            f"{where} closed the connection during the TLS handshake",
            hint="it may want a client certificate, TLS(cert=..., key=...), or speak no TLS here",
        )
    if "CERTIFICATE_REQUIRED" in text or "HANDSHAKE_FAILURE" in text or "ALERT" in text:
        return TLSError(
            f"{where} refused the TLS handshake: {_words(text)}",
            hint="it may ask for a client certificate: TLS(cert=...)",
        )
    return TLSError(f"TLS with {where} failed: {_words(text)}")


def _words(reason: str) -> str:
    return re.sub(r"\s*\(_ssl\.c:\d+\)|\[[^\]]*\]\s*", "", reason).replace("_", " ").strip().lower()


def _certificate_error(error: ssl.SSLCertVerificationError, host: str) -> CertificateError:
    message = (error.verify_message or str(error)).rstrip(".")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    renew = "the server's owner has to renew it; check this machine's clock"
    match error.verify_code:  # X509_V_ERR_*, openssl/x509_vfy.h
        case 10:
            return CertificateError(f"the certificate of {host} has expired (today is {today})", hint=renew)
        case 9:
            return CertificateError(f"the certificate of {host} is not valid yet (today is {today})", hint=renew)
        case 62 | 64:
            return CertificateError(
                f"the certificate is not for {host}: {message}",
                hint="use the name that the certificate has, or TLS(server_name=...) if you know why it differs",
            )
        case 18 | 19 | 20 | 21:
            return CertificateError(
                f"the certificate of {host} is signed by nobody this machine trusts: {message}",
                hint="name the authority's certificate with TLS(ca=...) or --cacert",
            )
    return CertificateError(f"the certificate of {host} is not valid: {message}")
