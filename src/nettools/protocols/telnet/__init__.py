"""Telnet: a dialogue with whatever answers (RFC 854 and its options, over telnetlib).

`client` is telnetlib's class on our sockets; `opening` the connection and what has come over it, `session` what is done
with it; `script` is a dialogue as it is written down, `interactive` a person at the keyboard. `telnet_run` is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import DisconnectedError, NettoolsError
from nettools.protocols.telnet.client import TelnetClient
from nettools.protocols.telnet.script import compile_script
from nettools.protocols.telnet.session import TelnetSession
from nettools.results import Dialogue
from nettools.session import Protocol, run

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import Keywords

__all__ = ["PROTOCOL", "TelnetClient", "TelnetSession", "telnet_run"]


def classify(error: Exception) -> NettoolsError | None:
    """telnetlib's one exception of its own making in nettools' terms."""
    return DisconnectedError("the server closed the connection") if isinstance(error, EOFError) else None


PROTOCOL = Protocol(name="telnet", schemes=("telnet", "telnets"), session=TelnetSession, classify=classify)
TelnetSession.PROTOCOL = PROTOCOL


def telnet_run(url: str, script: Iterable[Any], **opts: Unpack[Keywords]) -> Dialogue:
    """Walk through a dialogue: wait for what is expected, send the answer, step by step.

    Args:
        script: `(expect, send)` pairs, or triples with the seconds that the step may take. `expect` is a str, bytes, a
            compiled pattern, a tuple of such alternatives (the earliest counts), or None for not waiting. `send` is a
            str (a line), bytes (as they are, octets 255 doubled), a `Secret` (a line, masked even when it is echoed), a
            callable that gets the match and returns one of these, or None for nothing.

    Returns:
        Everything up to the last match, as text and as bytes, and what each step received.

    >>> script = [("login: ", "alice"), ("Password: ", Secret("secret")), ("$ ", "echo Hello"), ("Hello", None)]
    >>> telnet_run(telnet.url, script).steps[0]
    'login: '

    Raises:
        DeadlineError, DisconnectedError: an `expect` did not come, in time or before the end; `seen` is what did.
        ClearTextError: a Secret would have gone in clear beyond this machine. TooLargeError: more than `max_size`
        octets came between two matches.
    """
    steps = compile_script(script)
    return run(PROTOCOL, url, lambda session: session.run(steps), opts)
