"""The NNTP fake: reading and posting over the World's groups (RFC 3977, 2980, 4642, 4643, 6048).

`server` has the session and its commands, `listing` what LIST and its kin say, `articles` what is in an article, and
`names` wildmats, ranges and dates.
"""

from nettools.testing.nntp.server import NNTPServer

__all__ = ["NNTPServer"]
