"""IMAP4: mailboxes with folders, flags and search (RFC 3501 and its extensions, over imaplib).

`client` are imaplib's classes on our sockets. A session is built in layers, a class on the one before: `opening` (how a
conversation begins, and `login` in it), `folders`, `fetching`, `reading`, `changing`, `watching`, `keeping`, and
`session`, which is all of them. `address` reads URLs, `values` and `attachments` what is said about messages, `errors`
NO and BAD; `deflate` compresses. The functions of the facade are `facade.mailboxes`', for POP3 has them too.
"""

from nettools.protocols.imap.client import IMAP4Client, IMAP4TLSClient
from nettools.protocols.imap.errors import classify
from nettools.protocols.imap.session import IMAPSession
from nettools.session import Protocol

__all__ = ["PROTOCOL", "IMAP4Client", "IMAP4TLSClient", "IMAPSession"]

PROTOCOL = Protocol(name="imap", schemes=("imap", "imaps"), session=IMAPSession, classify=classify, upgrade="STARTTLS")
IMAPSession.PROTOCOL = PROTOCOL
