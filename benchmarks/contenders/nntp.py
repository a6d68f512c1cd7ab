"""NNTP by nntplib, which left the standard library with Python 3.13; `standard-nntplib` brings it back."""

from __future__ import annotations

import warnings

from benchmarks.contenders import counted


def nntplib_articles(host: str, port: str, group: str, count: str) -> dict[str, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import nntplib

    with nntplib.NNTP(host, int(port)) as client:
        client.group(group)
        return counted(b"\r\n".join(client.article(number)[1].lines) + b"\r\n" for number in range(1, int(count) + 1))
