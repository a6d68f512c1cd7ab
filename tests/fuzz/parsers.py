"""One target a parser: a function of octets, and the corpus that it is spoiled from."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nettools import NettoolsError
from nettools.parse import ftp_reply, gopher, html, imap_data, message, nntp, yenc
from nettools.parse.ftp_listing import parse_listing
from nettools.parse.telnet import Codec, Option
from nettools.target import parse_endpoint, parse_url

__all__ = ["PARSERS", "seeds"]

FOLDER = Path(__file__).parents[2] / "fixtures" / "parsers"


def _each(*functions: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    """Several functions of one input: an error of ours in one does not keep the others from it."""

    def call(data: bytes) -> None:
        for function in functions:
            with contextlib.suppress(NettoolsError):
                function(data)

    return call


def _text(function: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda data: function(data.decode("utf-8", "surrogateescape"))


def _listing(data: bytes) -> None:
    with contextlib.suppress(NettoolsError):
        parse_listing(data)
    parse_listing(data, mlsd=True)


def _mail(data: bytes) -> None:
    mail = message.parse_mail(data)
    assert mail.raw == data
    mail.to_dict(include_data=True)


def _envelope(data: bytes) -> None:
    for item in imap_data.parse_fetch(data):
        if item.envelope is not None:
            imap_data.decode_addresses(item.envelope.to)


def _telnet(data: bytes) -> None:
    whole, pieces = (Codec(local=list(Option), remote=list(Option)) for _ in range(2))
    expected = whole.receive(data)
    got = [pieces.receive(data[place : place + 3]) for place in range(0, len(data), 3)]
    assert (b"".join(each[0] for each in got), b"".join(each[1] for each in got)) == expected
    whole.send(data)


def _url(text: str) -> None:
    target = parse_url(text)
    assert parse_url(target.url).url == target.url


def _menu(data: bytes) -> None:
    gopher.parse_refusal(data)
    gopher.decode_body(data)
    for item in gopher.parse_menu(data):
        item.to_dict()


PARSERS: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "ftp-listing": (_listing, "ftp_list"),
    "ftp-reply": (
        _each(
            ftp_reply.parse_reply, ftp_reply.parse_pwd, ftp_reply.parse_pasv, ftp_reply.parse_epsv,
            ftp_reply.parse_mdtm, ftp_reply.parse_size, ftp_reply.parse_feat,
        ),
        "ftp_replies",
    ),
    "imap-tokens": (imap_data.parse_tokens, "imap"),
    "imap-response": (imap_data.parse_response, "imap"),
    "imap-fetch": (_envelope, "imap"),
    "imap-data": (
        _each(
            imap_data.parse_list, imap_data.parse_status, imap_data.parse_search, imap_data.parse_sort,
            imap_data.parse_esearch, imap_data.parse_thread, imap_data.parse_quota, imap_data.parse_quotaroot,
            imap_data.parse_namespace, imap_data.decode_folder,
        ),
        "imap",
    ),
    "imap-folder-name": (_text(imap_data.encode_folder), "imap"),
    "header": (
        _each(
            message.decode_header, message.parse_addresses, message.parse_date, message.parse_parameters,
            message.parse_headers,
        ),
        "headers",
    ),
    "mail": (_mail, "messages"),
    "nntp": (
        _each(
            nntp.parse_overview_fmt, nntp.parse_overview, nntp.parse_active, nntp.parse_newsgroups, nntp.parse_group,
            nntp.parse_article, nntp.parse_date, nntp.parse_capabilities,
        ),
        "nntp",
    ),
    "yenc": (yenc.decode_yenc, "yenc"),
    "gopher-menu": (_menu, "gopher"),
    "gopher-url": (_text(gopher.parse_url), "gopher"),
    "telnet": (_telnet, "telnet"),
    "html": (lambda data: html.outline(data.decode("utf-8", "replace"), "http://h/a/"), "html"),
    "url": (_each(_text(_url), _text(lambda text: parse_endpoint(text, 1))), "url"),
}  # fmt: skip

OWN: dict[str, list[bytes]] = {
    "yenc": [b"=ybegin line=128 size=3 name=a.bin\r\n\x8b\x8c\x8d\r\n=yend size=3 crc32=55bc801d\r\n"],
    "html": [b'<html><head><title>T &amp; t</title><base href="/x/"></head><a href="y?z#w">l</a><a href=//h>m</a>'],
    "url": [
        b"https://user:pass@[fe80::1%25eth0]:8080/a%20b?c=d#e",
        b"imap://u;AUTH=*@h/INBOX/;UID=7",
        "http://grüße.example/".encode(),
        b"ftp://h/%2Fa;type=i",
        b"gopher://h/7/s%09w",
        b"unix:///run/x.sock",
    ],
}


def seeds(corpus: str) -> list[bytes]:
    """The inputs of a corpus of fixtures/parsers, or of our own."""
    if corpus in OWN:
        return OWN[corpus]
    rows = [json.loads(line) for line in (FOLDER / f"{corpus}.jsonl").read_text("ascii").splitlines()]
    return [row["input"].encode("latin-1" if row.get("input_is") else "utf-8", "surrogateescape") for row in rows]
