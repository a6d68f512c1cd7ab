"""From a call to a session: its address, options and credentials settled, then made, opened, or used once and closed.

Whatever a function of the facade does, it does through `run` or `run_stream`; `connect` is `open_session`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from nettools.errors import NettoolsError, UsageError
from nettools.options import resolve_options
from nettools.session.conversation import Session
from nettools.session.protocol import Protocol
from nettools.target import parse_url

__all__ = ["make_session", "open_session", "run", "run_stream"]

T = TypeVar("T")
S = TypeVar("S", bound=Session)


def make_session(protocol: Protocol[S], url: str, keywords: Mapping[str, Any]) -> S:
    """A session that has not connected yet: address, options and credentials are settled and checked."""
    options = resolve_options(protocol.name, keywords)
    target = parse_url(url, protocol.schemes)
    try:
        return protocol.session(target, options)
    except NettoolsError as error:
        error.url, error.protocol = error.url or target.url, error.protocol or protocol.name
        raise


def open_session(protocol: Protocol[S], url: str, keywords: Mapping[str, Any], kind: type[Session] | None = None) -> S:
    """A session, connected and logged in, of the `kind` that is expected: what `connect(url)` gives."""
    session = make_session(protocol, url, keywords)
    if kind is not None:
        _require_kind(session, kind)
    session.perform(session._arrive)
    return session


def _require_kind(session: Session, kind: object) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Session)):
        raise UsageError("kind= is a class of sessions, such as nettools.IMAPSession")
    if not isinstance(session, kind):
        made = type(session).__name__
        raise UsageError(
            f"{session.url} gives a session of {made}, not of {kind.__name__}", url=session.url, exit_code=3
        )


def run(protocol: Protocol[S], url: str, action: Callable[[S], T], keywords: Mapping[str, Any]) -> T:
    """A session opened, used once and closed: what every function of the facade is.

    The operation opens it, so that arguments that make no sense are told before anything is connected.
    """
    session = make_session(protocol, url, keywords)
    session.single = True
    with session:
        return session.prepare(lambda: action(session))


def run_stream(
    protocol: Protocol[S], url: str, action: Callable[[S], Iterator[T]], keywords: Mapping[str, Any]
) -> Iterator[T]:
    """As `run`, for a generator: the session is open until the last item was taken, or the generator closed.

    Address and options are checked at once, not when the first item is asked for.
    """
    session = make_session(protocol, url, keywords)
    session.single = True

    def items() -> Iterator[T]:
        with session:
            yield from action(session)

    return items()
