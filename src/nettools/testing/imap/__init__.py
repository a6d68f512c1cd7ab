"""The IMAP4rev1 fake over the World.

`grammar`, `mime`, `structure`, `fetch` and `search` are pure: octets in, values or octets out. `view` is what a session
knows of its folder, `session` its state; `folders`, `listing` and `messages` are the commands, `commands` their table.
`server` alone has to do with connections.
"""

from nettools.testing.imap.server import IMAPServer

__all__ = ["IMAPServer"]
