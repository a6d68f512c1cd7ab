"""POP3 by poplib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contenders import VERIFY, counted


def _poplib(host: str, port: str, user: str) -> Any:
    import poplib

    client = poplib.POP3(host, int(port))
    client.user(user)
    client.pass_("x")
    client.stat()
    return client


def poplib_all(host: str, port: str, user: str, count: str) -> dict[str, int]:
    client = _poplib(host, port, user)
    numbers = range(1, int(count) + 1)
    if VERIFY:
        found = counted(b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in numbers)
    else:
        found = {"n": len(numbers), "octets": sum(client.retr(number)[2] for number in numbers)}
    client.quit()
    return found


def poplib_file(host: str, port: str, user: str, dest: str) -> int:
    client = _poplib(host, port, user)
    lines = client.retr(1)[1]
    client.quit()
    Path(dest).write_bytes(b"\r\n".join(lines) + b"\r\n")
    return 1
