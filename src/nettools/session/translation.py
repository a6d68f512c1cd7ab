"""Every exception as one of ours, and every error complete: with what it does not know, without what it must not tell.

The first word is the guard's (a deadline that passed), then the protocol's (`Protocol.classify`), then the system's.
An error is completed once, on its way out of an operation: address, protocol, stage, a hint, and secrets masked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    FileError,
    NettoolsError,
    ProtocolError,
    ReplyError,
    UsageError,
)
from nettools.target import Target, tls_scheme
from nettools.wire.guard import Guard
from nettools.wire.tls import TLS_ERRORS, tls_error
from nettools.wire.trace import Trace

__all__ = ["complete", "translate", "translate_over"]


def translate_over(
    socks: Iterable[Guard],
    classify: Callable[[Exception], NettoolsError | None],
    error: Exception,
    host: str,
    *,
    spoken: bool,
) -> NettoolsError:
    """Any exception as nettools' own: what the guard knows, what the protocol knows, what the system says.

    `spoken`: a word has passed since the operation began; before that it cannot be the server's that made no sense.
    """
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        if isinstance(link, NettoolsError):
            return link
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    for sock in socks:
        if sock.failure is not None:
            return sock.failure
    return classify(error) or translate(error, host, spoken=spoken)


def translate(error: Exception, host: str, *, spoken: bool = True) -> NettoolsError:
    """An exception of the system or the standard library that no protocol has a better name for."""
    if isinstance(error, TLS_ERRORS):
        return tls_error(error, host)
    if isinstance(error, TimeoutError):
        return DeadlineError(f"{host} did not answer in time", kind="idle")
    if isinstance(error, (ConnectionError, EOFError)):
        how = "reset" if isinstance(error, ConnectionResetError) else "closed"
        return DisconnectedError(f"{host} {how} the connection")
    if isinstance(error, OSError):
        return FileError(f"{error.strerror or error}", errno=error.errno, filename=_text(error.filename), stage="local")
    if isinstance(error, UnicodeError):
        return UsageError(f"text cannot be encoded: {error.reason if hasattr(error, 'reason') else error}")
    if not spoken:
        return UsageError(f"the arguments make no sense: {error}")
    return ProtocolError(f"{host} sent what cannot be understood: {type(error).__name__}")


def _text(value: object) -> str | None:
    return None if value is None else os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def complete(error: NettoolsError, target: Target, protocol: str, trace: Trace) -> NettoolsError:
    """Fill in what an error does not know of itself, and mask what it must not tell."""
    error.url = error.url or target.url
    error.protocol = error.protocol or protocol
    error.stage = error.stage or trace.stage
    if error.hint is None or isinstance(error, DeadlineError):
        implicit = tls_scheme(target.protocol)
        silent = error.stage == "greeting" and isinstance(error, (DeadlineError, DisconnectedError))
        if silent and trace.tls is None and implicit is not None:
            error.hint = f"if the server on port {target.port} expects TLS from the first byte: use {implicit}://"
    error.args = (trace.mask(error.message),)
    error.url = trace.mask(error.url)
    if error.hint is not None:
        error.hint = trace.mask(error.hint)
    if isinstance(error.reply, str):
        error.reply = trace.mask(error.reply)
    if isinstance(error, ReplyError):
        error.text = trace.mask(error.text)
    trace.stage = "start"
    return error
