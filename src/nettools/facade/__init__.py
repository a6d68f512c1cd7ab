"""The functions that choose the protocol by the URL's scheme; those of one protocol alone live in its folder.

Each is a session opened, used once and closed, so that whatever a function can do, `connect(url)` can do many times
over one connection. Protocol modules are imported when a URL names them, not before. All are exported by `nettools`.

    connecting  which protocol a URL means, and `connect`
    downloads   files, by HTTP, FTP or Gopher
    mailboxes   IMAP and POP3

Examples in the docstrings run as tests against the fake servers: `http`, `ftp`, `smtp`, `pop3`, `imap` and `nntp` stand
for servers of `nettools.testing`, `alice` for their user's `("alice", "secret")`.
"""
