"""What the wrapped modules raise, in nettools' terms."""

from __future__ import annotations

import poplib

import pytest

from nettools import AuthError, DeniedError, DisconnectedError, NettoolsError, NotFoundError, ProtocolError, ReplyError
from nettools.protocols import nntp, pop3
from nettools.protocols._deadlib import nntplib


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (poplib.error_proto("-ERR EOF"), DisconnectedError),
        (poplib.error_proto(b"-ERR [AUTH] no"), AuthError),
        (poplib.error_proto(b"-ERR no"), ReplyError),
        (poplib.error_proto("line too long"), ProtocolError),
        (poplib.error_proto(), ProtocolError),
        (ValueError(), None),
    ],
)
def test_poplibs_errors(error: Exception, kind: type[NettoolsError] | None) -> None:
    assert type(pop3.PROTOCOL.classify(error)) is (kind or type(None))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EOFError(), DisconnectedError),
        (nntplib.NNTPTemporaryError("430 none"), NotFoundError),
        (nntplib.NNTPTemporaryError("440 no"), DeniedError),
        (nntplib.NNTPPermanentError("481 no"), AuthError),
        (nntplib.NNTPDataError("line too long"), None),
        (ValueError(), None),
    ],
)
def test_nntplibs_errors(error: Exception, kind: type[NettoolsError] | None) -> None:
    assert type(nntp.PROTOCOL.classify(error)) is (kind or type(None))
