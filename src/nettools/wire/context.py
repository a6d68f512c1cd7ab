"""TLS as it is made: one context for every protocol, whose `wrap_socket` gives back a guarded socket.

The standard library's STARTTLS, STLS and AUTH TLS call `context.wrap_socket(sock, server_hostname=...)` and keep what
they get; because `SSLContext.sslsocket_class` is ours, the deadline, the limits and the trace survive the upgrade. The
system's trust store is used on every platform (the `truststore` package), private authorities are added beside it,
certificates and names are verified unless the caller says otherwise. RFC 8446, 6125; RFC 3207 6 for what was injected
before a handshake.
"""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
import sys
import warnings
from typing import TYPE_CHECKING, Any

import truststore

from nettools.errors import FileError, ProtocolError, UsageError
from nettools.wire.guard import Guard, hand_over
from nettools.wire.tls import TLS_ERRORS, tls_error

if TYPE_CHECKING:
    from nettools.policies import TLS

__all__ = ["WireContext", "context_for", "server_context"]

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


OPENSSL_VERIFIES = sys.platform not in ("darwin", "win32")  # so truststore only has to find the authorities


class WireContext(truststore.SSLContext):
    """A client's SSLContext whose sockets are guarded and whose handshake keeps the deadline."""

    server_name: str | None = None
    verified = True

    def __init__(self, protocol: int = ssl.PROTOCOL_TLS_CLIENT) -> None:
        super().__init__(protocol)
        # elsewhere truststore's own class has to verify, and it does one handshake at a time
        base = ssl.SSLSocket if OPENSSL_VERIFIES else self._ctx.sslsocket_class
        self._ctx.sslsocket_class = type("WireSSLSocket", (Guard, base), {})
        self._store: tuple[str | None, ...] | None = None  # where the authorities in it came from

    def _wrap(self, sock: Any, **settings: Any) -> Any:
        """`wrap_socket`, with the system's store read once and not for every connection (30 ms of work)."""
        store = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        if OPENSSL_VERIFIES and self._store == store:
            return self._ctx.wrap_socket(sock, **settings)
        wrapped = super().wrap_socket(sock, **settings)
        self._store = store
        return wrapped

    def wrap_socket(  # inherited
        self,
        sock: Any,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        name = self.server_name or server_hostname
        if isinstance(sock, Guard):
            _refuse_injection(sock)
            # `localhost.` and a zone are the caller's way to say it; no certificate has them
            name = name and name.rstrip(".").partition("%")[0]
        wrapped = self._wrap(
            sock,
            server_side=server_side,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,  # a body that the close ends must end by close_notify
            server_hostname=name,
            session=session,
        )
        try:
            hand_over(sock, wrapped)
            if isinstance(wrapped, Guard):
                wrapped.handshake()
            elif do_handshake_on_connect:
                wrapped.do_handshake()
        except BaseException as error:
            wrapped.close()
            if isinstance(error, TLS_ERRORS):
                raise tls_error(error, name) from error
            raise
        return wrapped  # type: ignore[no-any-return]


def _refuse_injection(sock: Guard) -> None:
    """RFC 3207 6: what came in clear before the handshake must not be taken for the server's own words."""
    if sock.heard and sock.injected():
        sock.close()
        raise ProtocolError(
            "the server, or somebody in between, sent plain text behind the answer, where TLS had to begin",
            hint="an attempt to inject commands or replies, or a proxy that answers in the server's place",
        )


def context_for(tls: TLS, alpn: tuple[str, ...] | None = None) -> WireContext:
    """The context for these settings; made once, so that sessions can be resumed and the store is read once.

    Files that have changed since are read again.

    Raises:
        FileError: a file cannot be read (exit code 26), or the key log not written. UsageError: it is no certificate.
    """
    keylog = tls.keylog or os.environ.get("SSLKEYLOGFILE")
    files = tuple(_stamp(each) for each in (tls.ca, tls.cert, tls.key))
    return _context(tls, alpn, None if not keylog else os.fspath(keylog), files)


def _stamp(path: str | os.PathLike[str] | None) -> tuple[int, int] | None:
    """What tells that a file has changed; None for what is no file."""
    if path is None or _is_text(path):
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _is_text(ca: str | os.PathLike[str]) -> bool:
    return isinstance(ca, str) and "-----BEGIN" in ca


@functools.lru_cache(maxsize=32)
def _context(tls: TLS, alpn: tuple[str, ...] | None, keylog: str | None, files: object) -> WireContext:
    context = WireContext(ssl.PROTOCOL_TLS_CLIENT)
    _set_version(context, tls.min_version)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.verified = False
    context.server_name = tls.server_name
    if tls.ca is not None:
        _load_authorities(context, tls.ca)
    if tls.cert is not None:
        _load_certificate(context, tls)
    names = tls.alpn or alpn
    if names:
        context.set_alpn_protocols(list(names))
    if keylog is not None:
        try:
            context._ctx.keylog_filename = keylog
        except (OSError, ValueError) as error:
            raise FileError(f"cannot write the key log {keylog}", filename=keylog) from error
    return context


def _set_version(context: ssl.SSLContext, lowest: str) -> None:
    """The lowest version that is spoken; one that is old has old ciphers too."""
    if lowest not in ("1.0", "1.1"):
        context.minimum_version = _VERSIONS[lowest]
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who asks for it has no other server
        context.minimum_version = _VERSIONS[lowest]
    (context._ctx if isinstance(context, WireContext) else context).set_ciphers("DEFAULT:@SECLEVEL=0")


def server_context(tls: TLS) -> ssl.SSLContext:
    """A server's context with this certificate; with `ca`, clients have to show one of its.

    Raises:
        UsageError: there is no certificate. FileError: it cannot be read.
    """
    if tls.cert is None:
        raise UsageError("a TLS server needs a certificate", hint="TLS(cert=..., key=...), --cert and --key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = type("WireServerSocket", (Guard, ssl.SSLSocket), {})
    _set_version(context, tls.min_version)
    _load_certificate(context, tls)
    if tls.ca is not None:
        _load_authorities(context, tls.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if tls.alpn:
        context.set_alpn_protocols(list(tls.alpn))
    return context


def _load_authorities(context: ssl.SSLContext, ca: str | os.PathLike[str]) -> None:
    text = os.fspath(ca)
    try:
        if _is_text(ca):
            context.load_verify_locations(cadata=text)
        elif os.path.isdir(text):
            _load_folder(context, text)
        else:
            context.load_verify_locations(cafile=text)
    except (ssl.SSLError, ValueError) as error:
        raise UsageError("ca= is no certificate in PEM form, nor a file or folder of them") from error
    except OSError as error:
        raise _unreadable("certificate authorities", text, error) from error


def _load_folder(context: ssl.SSLContext, folder: str) -> None:
    """A folder as OpenSSL has it, its files called by their hashes; and every other file of certificates in it."""
    context.load_verify_locations(capath=folder)
    for name in sorted(os.listdir(folder)):
        if name.endswith((".pem", ".crt", ".cer")):
            with contextlib.suppress(ssl.SSLError):  # something else is kept there too
                context.load_verify_locations(cafile=os.path.join(folder, name))


def _load_certificate(context: ssl.SSLContext, tls: TLS) -> None:
    cert = os.fspath(tls.cert or "")
    try:
        context.load_cert_chain(cert, None if tls.key is None else os.fspath(tls.key), password=_no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(f"{cert} is no certificate with its key in PEM form") from error
    except OSError as error:
        raise _unreadable("certificate", cert, error) from error


def _unreadable(what: str, name: str, error: OSError) -> FileError:
    reason = (error.strerror or str(error)).lower()
    return FileError(f"cannot read the {what} {name}: {reason}", filename=name, errno=error.errno, exit_code=26)


def _no_passphrase() -> str:
    raise ValueError("the key is encrypted")  # never ask on the terminal, as OpenSSL would
