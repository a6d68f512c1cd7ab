"""The conductor: the one way from a call to a conversation and back to a result.

    target -> options -> credentials -> attempts -> dial -> client -> upgrade -> login -> operation -> result

A function of the facade is a session opened, used once and closed; `connect` gives the same session to keep. A protocol
brings a `Protocol` record and a subclass of `Session`, decorates its methods, and knows nothing of what is here:

    protocol      the record that says what one protocol is
    link          how a server is reached, and what may go over that connection: dial, TLS, upgrade, clear-text rule
    conversation  `Session`: opening and closing, attempts, what may be repeated, deadlines, the bounded goodbye
    translation   every exception as one of ours, and what an error must not tell
    operations    the decorators that make a method an operation or a stream of results
    calls         from a URL and keywords to a session: made, opened, or used once

Each imports only those above it, but that `conversation` also needs `translation`.
"""

from nettools.session.calls import make_session, open_session, run, run_stream
from nettools.session.conversation import GOODBYE, Session
from nettools.session.operations import operation, stream
from nettools.session.protocol import Protocol
from nettools.session.translation import translate

__all__ = [
    "GOODBYE",
    "Protocol",
    "Session",
    "make_session",
    "open_session",
    "operation",
    "run",
    "run_stream",
    "stream",
    "translate",
]
