"""IMAP4: mailboxes with folders, flags and search (RFC 3501 and its extensions, over imaplib)."""

from nettools.protocols.imap.client import IMAP4Client, IMAP4TLSClient
from nettools.protocols.imap.errors import classify
from nettools.protocols.imap.keeping import IMAPSession
from nettools.session import Protocol

__all__ = ["PROTOCOL", "IMAP4Client", "IMAP4TLSClient", "IMAPSession"]

PROTOCOL = Protocol(name="imap", schemes=("imap", "imaps"), session=IMAPSession, classify=classify, upgrade="STARTTLS")
IMAPSession.PROTOCOL = PROTOCOL
