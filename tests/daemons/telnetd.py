"""inetutils-telnetd: Telnet, with a login program of ours (`shell.py`) in place of /bin/login."""

from __future__ import annotations

import sys
from pathlib import Path

from daemons.base import PASSWORD, USER, Home, Service, free_ports

PACKAGES = ("inetutils-telnetd",)
HERE = Path(__file__).parent


def start(home: Home, label: str) -> list[Service]:
    port, tls_port = free_ports(2)
    both = home.write("both.pem", home.key.read_bytes() + home.cert.read_bytes(), mode=0o600)
    run = f"exec {sys.executable} -I {HERE}/shell.py {USER} {PASSWORD}\n"
    login = home.write("login", f"#!/bin/sh\n{run}", mode=0o755)
    for name, number, certificate in (("plain", port, "-"), ("tls", tls_port, both)):
        home.spawn(name, sys.executable, HERE / "inetd.py", number, certificate, "/usr/sbin/telnetd", "-E", login)
    home.wait_for(port, tls_port)
    facts = {"prompt": "$ "}
    return [Service("telnet", port, tls_port, False, home.ca, home.other_ca, label, facts=facts)]
