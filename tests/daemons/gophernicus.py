"""gophernicus: Gopher, and TLS in front of it (gophers); it ends no text with a dot."""

from __future__ import annotations

import sys
from pathlib import Path

from daemons.base import Home, Service, free_ports, refill
from nettools.testing import World

PACKAGES = ("gophernicus",)
HERE = Path(__file__).parent
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
SEARCH = "#!/bin/sh\nprintf '0result for %s\\t/pub/hello.txt\\tlocalhost\\t{port}\\r\\n.\\r\\n' \"$QUERY_STRING\"\n"


def start(home: Home, label: str) -> list[Service]:
    port, tls_port = free_ports(2)
    root = home.folder("gopher")
    refill(root, dict(World().files))
    home.write("gopher/cgi-bin/search.cgi", SEARCH.format(port=port), mode=0o755)
    both = home.write("both.pem", home.key.read_bytes() + home.cert.read_bytes(), mode=0o600)
    program = (*AS_NOBODY, "/usr/sbin/gophernicus", "-h", "localhost", "-r", str(root), "-nm", "-nu")
    for name, number, certificate in (("plain", port, "-"), ("tls", tls_port, both)):
        home.spawn(name, sys.executable, HERE / "inetd.py", number, certificate, *program, "-p", number)
    home.wait_for(port, tls_port)
    facts = {"root": root, "search": "/cgi-bin/search.cgi"}
    return [Service("gopher", port, tls_port, False, home.ca, home.other_ca, label, facts=facts)]
