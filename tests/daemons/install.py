"""`python -m daemons.install [NAME...]`: install the Debian packages of the servers, and start none of them.

`clients` is a name too: the programs of other people that use the fakes in tests/clients.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

from daemons import NAMES

CLIENTS = (
    "curl", "fetchmail", "isync", "lftp", "lynx", "mpop", "msmtp", "mutt", "slrn", "socat", "swaks", "telnet", "tin",
    "wget",
)  # fmt: skip
POLICY = Path("/usr/sbin/policy-rc.d")
POSTFIX = "postfix postfix/main_mailer_type select Local only\npostfix postfix/mailname string localhost.localdomain\n"


def install(*packages: str, check: bool = True) -> None:
    """Install packages and start nothing (policy-rc.d says so)."""
    made = not POLICY.exists()
    if made:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *packages],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=check,
        )
    finally:
        if made:
            POLICY.unlink()


def mend_inn2() -> None:
    """inn2's set-up fails where the host's name has no domain: give it one and go on."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", "inn2"], capture_output=True, text=True, check=False)
    if done.stdout == "install ok installed":
        return
    conf = Path("/etc/news/inn.conf")
    conf.write_text(conf.read_text().replace("#domain:", "domain:  nettools.test"))
    subprocess.run(["dpkg", "--configure", "inn2"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def main(names: list[str]) -> None:
    subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
    subprocess.run(["debconf-set-selections"], input=POSTFIX, text=True, check=True)
    servers = [name for name in names if name != "clients"]
    wanted = [package for name in servers for package in importlib.import_module(f"daemons.{name}").PACKAGES]
    wanted += CLIENTS if "clients" in names else ()
    install(*wanted, check="inn2" not in wanted)
    if "inn2" in wanted:
        mend_inn2()


if __name__ == "__main__":
    main(sys.argv[1:] or list(NAMES))
