"""The HTTP fake. `message` reads requests and writes responses, `server` has files and uploads, `routes` the routes to
try a client on, `access` users, `form` what forms hold.
"""

from nettools.testing.http.message import Request, Response
from nettools.testing.http.server import HTTPServer

__all__ = ["HTTPServer", "Request", "Response"]
