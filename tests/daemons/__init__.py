"""Real servers from Debian's packages, on loopback: what the contract tests run over besides the fakes.

A module a server: its packages, and `start(home, label)`, which writes its settings below `home`, starts it on free
ports and gives its `Service` records. All begin with what a World of `nettools.testing` begins with (user alice,
password secret, the same files, the group local.test), so that one contract test serves both; `reset()` brings a server
back to that. Nothing here is imported by nettools. Needs root, since the servers change to users of their own.

    python -m daemons.install        the packages, by apt-get
"""

NAMES = ("nginx", "vsftpd", "postfix", "dovecot", "inn2", "telnetd", "gophernicus")
