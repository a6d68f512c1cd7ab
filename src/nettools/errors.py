"""The tree of errors: what can go wrong in any protocol, said in one vocabulary.

Every error that leaves nettools is a `NettoolsError`; the base itself is never raised. Each class is also the builtin
that it is a kind of (`ConnectionError`, `TimeoutError`, `ValueError`, ...), pickles, and knows its exit code, which is
curl's where curl has one. This module knows no protocol: the protocols' own exceptions become these in `session`, by
the `classify` function of each Protocol record.

Attributes of every error: `url` (without secrets), `protocol`, `stage` (where in the call it happened), `reply` (the
server's own words, if any), `hint` (what to do), `retryable`, `exit_code`; the cause is chained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nettools.results import Page, Reply, SendReport

__all__ = [
    "AuthError",
    "CertificateError",
    "ChecksumError",
    "ClearTextError",
    "ConnectError",
    "DeadlineError",
    "DeniedError",
    "DisconnectedError",
    "FaultError",
    "FileError",
    "HTTPStatusError",
    "IncompleteError",
    "MissingExtraError",
    "NettoolsError",
    "NotFoundError",
    "ProtocolError",
    "ProxyError",
    "RecipientsError",
    "RedirectError",
    "ReplyError",
    "ReplyTooLongError",
    "ResolveError",
    "StaleError",
    "TLSError",
    "TooLargeError",
    "TransferError",
    "UnsupportedError",
    "UsageError",
]


def _restore(cls: type[NettoolsError], message: str, state: dict[str, Any]) -> NettoolsError:
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class NettoolsError(Exception):
    """The base of all errors; never raised itself.

    Args:
        message: what happened, where, without secrets.
        url, protocol, stage, reply, hint: see the module; the conductor fills in those that are missing.
        retryable, exit_code: override the class's own value for this one error.
    """

    retryable: bool = False
    exit_code: int = 1

    url: str | None
    protocol: str | None
    stage: str | None
    reply: Reply | str | None
    _hint: str | None = None
    outcome_unknown: bool = False  # what must not be done twice may have been done
    reports: tuple[SendReport, ...] = ()  # what `send_mails` had done before this ended it

    def __init__(
        self,
        message: str = "",
        *,
        url: str | None = None,
        protocol: str | None = None,
        stage: str | None = None,
        reply: Reply | str | None = None,
        hint: str | None = None,
        retryable: bool | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.args = (message,)
        self.url = url
        self.protocol = protocol
        self.stage = stage
        self.reply = reply
        self.hint = hint
        if retryable is not None:
            self.retryable = retryable
        if exit_code is not None:
            self.exit_code = exit_code

    @property
    def message(self) -> str:
        """What happened, in one sentence."""
        return str(self.args[0]) if self.args else ""

    @property
    def hint(self) -> str | None:
        """What to do. It is a note too (PEP 678), so that a traceback shows it below the message."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        notes: list[str] = [note for note in getattr(self, "__notes__", ()) if note != f"hint: {self._hint}"]
        self._hint = hint
        if notes or hint is not None:
            self.__notes__ = notes if hint is None else [f"hint: {hint}", *notes]

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message, self.__dict__)

    def to_dict(self) -> dict[str, Any]:
        """The object that `--json` prints for an error."""
        reply = self.reply
        return {
            "error": next(cls.__name__ for cls in type(self).__mro__ if cls.__name__ in __all__),
            "message": self.message,
            "stage": self.stage,
            "reply": None if reply is None else str(reply),
            "hint": self.hint,
            "exit_code": self.exit_code,
            "url": self.url,
        }


# --- before anything is sent


class UsageError(NettoolsError, ValueError):
    """The caller's arguments make no sense; nothing was sent."""

    exit_code = 2


class UnknownOptionError(UsageError, TypeError):
    """A keyword that no function, or no function of this protocol, takes."""


class MissingExtraError(NettoolsError, ImportError):
    """A feature needs an optional dependency; the hint names the extra to install."""


class UnsupportedError(NettoolsError):
    """The peer, or nettools, cannot do what was asked; `side` says which."""

    side: Literal["peer", "nettools"]

    def __init__(self, message: str = "", *, side: Literal["peer", "nettools"] = "peer", **more: Any) -> None:
        super().__init__(message, **more)
        self.side = side


class ClearTextError(NettoolsError):
    """A secret would have gone over a connection without TLS; it was not sent."""

    exit_code = 64


# --- the connection


class ConnectError(NettoolsError, ConnectionError):
    """No connection could be made."""

    exit_code = 7
    retryable = True


class ResolveError(ConnectError):
    """The host name has no address."""

    exit_code = 6


class ProxyError(ConnectError):
    """The proxy could not be reached, refused, or failed."""

    exit_code = 97


class TLSError(ConnectError):
    """TLS could not be set up, or was required and is not to be had (exit code 64)."""

    exit_code = 35
    retryable = False


class CertificateError(TLSError):
    """The peer's certificate is not valid for this host, at this date, or by these authorities."""

    exit_code = 60


class DisconnectedError(NettoolsError, ConnectionError):
    """The peer closed or reset the connection before the answer was whole.

    `outcome_unknown` is true when data that must not be sent twice had gone out: whether it took effect is not known.
    `seen` holds what a Telnet dialogue had received by then.
    """

    exit_code = 56
    retryable = True
    seen: str | None

    def __init__(
        self, message: str = "", *, outcome_unknown: bool = False, seen: str | None = None, **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.outcome_unknown = outcome_unknown
        self.seen = seen


class DeadlineError(NettoolsError, TimeoutError):
    """Time ran out: `kind` is `connect`, `idle` or `total`."""

    exit_code = 28
    retryable = True
    kind: Literal["connect", "idle", "total"]
    seen: str | None

    def __init__(
        self,
        message: str = "",
        *,
        kind: Literal["connect", "idle", "total"] = "total",
        outcome_unknown: bool = False,
        seen: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message, **more)
        self.kind = kind
        self.outcome_unknown = outcome_unknown
        self.seen = seen
        if kind == "total":
            self.retryable = False


# --- the peer said no


class ReplyError(NettoolsError):
    """The peer answered, and the answer was no.

    `code` is the protocol's own (550, "NO", "-ERR", an XML-RPC fault's number), `text` its words, `temporary`
    whether the same request may succeed later. `outcome_unknown` is always false: there was an answer.
    """

    exit_code = 8
    code: int | str | None
    text: str
    temporary: bool

    def __init__(
        self,
        message: str = "",
        *,
        code: int | str | None = None,
        text: str = "",
        temporary: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message or f"the server answered {code} {text}".rstrip(), **more)
        self.code = code
        self.text = text
        self.temporary = temporary
        if temporary and "retryable" not in more:
            self.retryable = True


class AuthError(ReplyError):
    """The credentials were refused, or no mechanism that both sides have may carry them."""

    exit_code = 67


class NotFoundError(ReplyError):
    """What was named is not there."""

    exit_code = 78


class DeniedError(ReplyError):
    """The server refuses this to this user."""

    exit_code = 9


class RecipientsError(ReplyError):
    """No recipient was accepted; `refused` is {address: ReplyError}."""

    exit_code = 9
    refused: Mapping[str, ReplyError]

    def __init__(self, message: str = "", *, refused: Mapping[str, ReplyError] | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.refused = dict(refused or {})


class StaleError(ReplyError):
    """What was referred to is not the same any more: another UIDVALIDITY, another version of a file."""


class RedirectError(ReplyError):
    """A redirect that must not be followed, or too many of them."""

    exit_code = 47


class FaultError(ReplyError):
    """An XML-RPC fault: `code`, `text`, and `value` as the server sent it."""

    value: object

    def __init__(self, message: str = "", *, value: object = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.value = value


class HTTPStatusError(ReplyError):
    """An HTTP status of 400 or above; `page` is the whole answer."""

    exit_code = 22
    page: Page

    def __init__(self, message: str = "", *, page: Page, **more: Any) -> None:
        super().__init__(message, **more)
        self.page = page

    @staticmethod
    def of(status: int) -> type[HTTPStatusError]:
        """The class for a status: 401 is also an AuthError, 403 a DeniedError, 404 and 410 a NotFoundError."""
        return _BY_STATUS.get(status, HTTPStatusError)


class HTTPAuthError(HTTPStatusError, AuthError):
    """401: credentials missing or refused."""

    exit_code = 22


class HTTPDeniedError(HTTPStatusError, DeniedError):
    """403: refused to this user."""

    exit_code = 22


class HTTPNotFoundError(HTTPStatusError, NotFoundError):
    """404 or 410: no such resource."""

    exit_code = 22


_BY_STATUS: dict[int, type[HTTPStatusError]] = {
    401: HTTPAuthError,
    403: HTTPDeniedError,
    404: HTTPNotFoundError,
    410: HTTPNotFoundError,
}


# --- the peer broke the protocol, or the data is not whole


class ProtocolError(NettoolsError):
    """The peer sent what the protocol does not allow."""

    exit_code = 8


class ReplyTooLongError(ProtocolError):
    """A line or reply went over its limit."""


class TransferError(NettoolsError):
    """The data that was transferred cannot be used."""

    exit_code = 18


class IncompleteError(TransferError):
    """The transfer ended early: `received` of `expected` octets (None when it was never told)."""

    retryable = True
    received: int | None
    expected: int | None

    def __init__(
        self, message: str = "", *, received: int | None = None, expected: int | None = None, **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.received = received
        self.expected = expected


class TooLargeError(TransferError):
    """More data than `max_size` or the server's own limit allows."""

    exit_code = 63

    @classmethod
    def over(cls, limit: int | None, what: str) -> TooLargeError:
        """What has more than `max_size` octets, such as "the body has"; the hint says how to allow more."""
        return cls(f"{what} more than max_size={limit} octets", hint="allow more with max_size= or --max-size")


class ChecksumError(TransferError):
    """The data does not have the checksum that was asked for."""


class FileError(NettoolsError, OSError):
    """The local side failed: a file or folder cannot be read (exit code 26) or written (23)."""

    exit_code: int = 23

    def __init__(
        self, message: str = "", *, errno: int | None = None, filename: str | None = None, **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.errno = errno
        self.filename = filename

    def __reduce__(self) -> tuple[Any, ...]:
        # errno and filename live in OSError's own slots, outside __dict__
        state = {**self.__dict__, "errno": self.errno, "filename": self.filename}
        return _restore_file_error, (type(self), self.message, state)


def _restore_file_error(cls: type[FileError], message: str, state: dict[str, Any]) -> NettoolsError:
    errno, filename = state.pop("errno"), state.pop("filename")
    error = _restore(cls, message, state)
    assert isinstance(error, FileError)
    error.errno, error.filename = errno, filename
    return error
