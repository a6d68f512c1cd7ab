"""POP3 by poplib."""

from __future__ import annotations


def poplib_all(host: str, port: str, user: str, count: str) -> int:
    import poplib

    client = poplib.POP3(host, int(port))
    client.user(user)
    client.pass_("x")
    client.stat()
    done = sum(bool(client.retr(number)[1]) for number in range(1, int(count) + 1))
    client.quit()
    return done
