"""Parsers alone: an FTP listing, ENVELOPEs and headers, by ftputil, IMAPClient, Python's email and nettools.

Each tells its own time, the making of the input and the start of Python left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sized


def _timed(parse: Callable[[], Sized]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    count = len(parse())
    return {"n": count, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _lines(count: str) -> list[str]:
    return [
        f"-rw-r--r--   1 owner    group    {number * 37:>9} {MONTHS[number % 12]} {number % 28 + 1:>2}"
        f" {'12:34' if number % 2 else ' 2019'} file number {number}.bin"
        for number in range(int(count))
    ]


def ftputil_lines(count: str) -> dict[str, float]:
    from ftputil.stat import UnixParser

    parser, lines = UnixParser(), _lines(count)
    return _timed(lambda: [parser.parse_line(line) for line in lines])


def our_listing(count: str) -> dict[str, float]:
    from nettools.parse.ftp_listing import parse_listing

    listing = "\r\n".join(_lines(count)).encode()
    return _timed(lambda: parse_listing(listing))


def _envelopes(count: str) -> list[bytes]:
    return [
        b'* %d FETCH (UID %d ENVELOPE ("Mon, 7 Feb 2022 21:52:%02d -0800" "=?utf-8?q?Gr=C3=BC=C3=9Fe?= %d"'
        b' (("Ann Example" NIL "ann" "example.org")) (("Ann Example" NIL "ann" "example.org")) NIL'
        b' ((NIL NIL "bob" "example.com")("Cy" NIL "cy" "example.net")) NIL NIL NIL "<%d@example.org>"))'
        % (number, number, number % 60, number, number)
        for number in range(1, int(count) + 1)
    ]


def imapclient_envelopes(count: str) -> dict[str, float]:
    from imapclient.response_parser import parse_fetch_response

    rows = [line.partition(b"* ")[2].replace(b" FETCH", b"", 1) for line in _envelopes(count)]
    return _timed(lambda: parse_fetch_response(rows))


def our_envelopes(count: str) -> dict[str, float]:
    from nettools.parse.imap_data import parse_fetch

    lines = [line + b"\r\n" for line in _envelopes(count)]
    return _timed(lambda: [parse_fetch(line) for line in lines])


def _heads(count: str) -> list[bytes]:
    from benchmarks.data import message

    distinct = [message(number).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for number in range(200)]
    return [distinct[number % 200] for number in range(int(count))]


def email_headers(count: str) -> dict[str, float]:
    from email import message_from_bytes, policy

    def read(head: bytes) -> bool:
        message = message_from_bytes(head, policy=policy.default)
        return all(message[name] is not None for name in ("From", "To", "Subject", "Date"))

    heads = _heads(count)
    return _timed(lambda: [head for head in heads if read(head)])


def our_headers(count: str) -> dict[str, float]:
    from nettools.parse.message import decode_header, parse_addresses, parse_date, parse_headers

    def read(head: bytes) -> bool:
        headers = parse_headers(head)
        parse_addresses(headers["From"])
        parse_addresses(headers["To"])
        parse_date(headers["Date"])
        return bool(decode_header(headers["Subject"]))

    heads = _heads(count)
    return _timed(lambda: [head for head in heads if read(head)])
