"""The FTP fake over the World's files (RFC 959, 2228, 2389, 2428, 3659, 4217).

`server` has logins, TLS, folders and files, `transfers` what moves over data connections, `data` those connections and
what can be made to go wrong with them, `listing` how a folder is written down.
"""

from nettools.testing.ftp.server import FTPServer

__all__ = ["FTPServer"]
