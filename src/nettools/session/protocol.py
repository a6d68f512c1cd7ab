"""What one protocol is: the record that drives the facade, the command line and the contract tests.

A protocol's folder makes one of these; nothing here, nor in the rest of `session`, names a protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from nettools.errors import NettoolsError
from nettools.frozen import Frozen

__all__ = ["Protocol"]

S = TypeVar("S")  # the protocol's session, of which nothing needs to be known here


class Protocol(Frozen, Generic[S]):
    """What one protocol is: the record that drives the facade, the command line and the contract tests.

    `classify` turns an exception of the wrapped module into nettools' own, None where it knows none better;
    `schemes` are those its functions take; `upgrade` the name of its STARTTLS command, None where it has none;
    `closing` the code of the reply with which a server says that it closes the connection.
    """

    name: str
    schemes: tuple[str, ...]
    session: type[S]
    classify: Callable[[Exception], NettoolsError | None]
    upgrade: str | None = None
    closing: int | None = None
