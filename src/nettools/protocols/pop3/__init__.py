"""POP3: a mailbox as a list of messages (RFC 1939 and its extensions, over poplib).

`client` are poplib's classes on our sockets; `opening` how a conversation begins and ends, `session` what is done in
it; `errors` are +OK and -ERR. The functions of the facade are `facade.mailboxes`', for IMAP has them too.
"""

from nettools.protocols.pop3.client import POP3Client, POP3TLSClient
from nettools.protocols.pop3.errors import classify
from nettools.protocols.pop3.session import POP3Session
from nettools.session import Protocol

__all__ = ["PROTOCOL", "POP3Client", "POP3Session", "POP3TLSClient"]

PROTOCOL = Protocol(name="pop3", schemes=("pop3", "pop3s"), session=POP3Session, classify=classify, upgrade="STLS")
POP3Session.PROTOCOL = PROTOCOL
