"""The XML-RPC fake. `server` is the dispatcher over the HTTP fake, `values` reads and writes the XML by hand."""

from nettools.testing.xmlrpc.server import Fault, XMLRPCServer

__all__ = ["Fault", "XMLRPCServer"]
