"""One target a parser: a function of octets, and the corpus that it is spoiled from."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import tempfile
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from nettools import NettoolsError, config, netrc
from nettools.files import Destination
from nettools.parse import ftp_reply, gopher, html, imap_data, message, nntp, yenc
from nettools.parse.ftp_listing import parse_listing
from nettools.parse.telnet import Codec, Option
from nettools.protocols.http import auth, cookies, fields
from nettools.protocols.xmlrpc import codec
from nettools.results import Headers
from nettools.sasl.mechanisms import CramMD5, Login, MechanismError, ScramSHA256
from nettools.target import parse_endpoint, parse_url
from nettools.testing.faults import FaultError, load_faults, parse_fault
from nettools.testing.log import read_records
from nettools.testing.replaying import conversations

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


def _challenge(text: str) -> None:
    found = auth.challenges([text, f"Digest {text}"])
    auth.digest(found, "GET", "/", "user", "word", b"")


def _challenges_of_sasl(data: bytes) -> None:
    """A server's side of each dialogue, a line for each turn."""
    for kind in (ScramSHA256, CramMD5, Login):
        mechanism = kind("user", "word", "other", None)
        mechanism.initial()
        with contextlib.suppress(NettoolsError, MechanismError):
            for line in data.split(b"\n")[:3]:
                mechanism.respond(line)
            mechanism.accepted(b"")


def _answer(data: bytes) -> None:
    with contextlib.suppress(xmlrpc.client.Fault):
        codec.unmarshal(data)


def _fault(text: str) -> None:
    for function in (parse_fault, lambda given: list(load_faults(given))):
        with contextlib.suppress(FaultError):
            function(text)


def _file(function: Callable[[Path], Any]) -> Callable[[bytes], None]:
    """A function of a file that only its owner reads."""

    def call(data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            function(Path(file.name))

    return call


def _config(path: Path) -> None:
    with mock.patch.dict(os.environ, NETTOOLS_CONFIG=str(path)):
        for name in config.profiles():
            with contextlib.suppress(NettoolsError):
                config.load_profile(name)


def _note(data: bytes) -> None:
    """The note beside a part, as a download that goes on reads it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.part").write_bytes(b"part")
        Path(folder, "x.part.json").write_bytes(data)
        rest = Destination(Path(folder, "x"), url="http://h/x", resume=True).rest()
        rest.may_be_of(9, dt.datetime.now(dt.UTC))
        assert rest.size == 4


def _records(path: Path) -> None:
    with contextlib.suppress(ValueError):
        conversations(read_records(path))


def _fields(text: str) -> None:
    fields.http_date(text)
    fields.content_range(text)
    fields.disposition_name(text)
    fields.media_type(text)
    cookies.cookie_date(text)


def _cookies(data: bytes) -> None:
    jar = cookies.new_jar()
    lines = data.decode("latin-1").splitlines()  # as HTTP has them
    cookies.store(jar, "http://h.example/a/", Headers([("Set-Cookie", line) for line in lines]))
    sent = cookies.header(jar, "http://h.example/a/b")
    assert sent is None or not {"\r", "\n", "\0"} & set(sent)


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
    "url": (_each(_text(_url), _text(lambda text: parse_endpoint(text, 1))), "urls"),
    "http-fields": (_text(_fields), "http_fields"),
    "http-challenge": (_text(_challenge), "http-challenge"),
    "cookies": (_cookies, "http_fields"),
    "sasl": (_challenges_of_sasl, "sasl"),
    "xmlrpc": (_answer, "xmlrpc"),
    "netrc": (_file(lambda path: netrc.netrc_lookup(path, "h", "u")), "netrc"),
    "config": (_file(_config), "config"),
    "note": (_note, "note"),
    "transcript": (_file(_records), "transcript"),
    "fault": (_text(_fault), "fault"),
}  # fmt: skip

OWN: dict[str, list[bytes]] = {
    "yenc": [b"=ybegin line=128 size=3 name=a.bin\r\n\x8b\x8c\x8d\r\n=yend size=3 crc32=55bc801d\r\n"],
    "html": [b'<html><head><title>T &amp; t</title><base href="/x/"></head><a href="y?z#w">l</a><a href=//h>m</a>'],
    "http_fields": [
        b"a=b; Path=/; Domain=h.example; Max-Age=9\n__Host-c=d; Secure; Expires=Fri, 01 Jan 2027 00:00:00 GMT"
    ],
    "urls": [
        b"https://user:pass@[fe80::1%25eth0]:8080/a%20b?c=d#e",
        b"imap://u;AUTH=*@h/INBOX/;UID=7",
        "http://grüße.example/".encode(),
        b"ftp://h/%2Fa;type=i",
        b"gopher://h/7/s%09w",
        b"unix:///run/x.sock",
    ],
    "http-challenge": [
        b'Digest realm="a, b", qop="auth,auth-int", algorithm=SHA-256, nonce="7ypf", userhash=true, Basic realm="c"',
        b'Negotiate YII=, NTLM, Bearer error="invalid_token"',
    ],
    "sasl": [
        b"r=abc,s=QSXCR+Q6sek8bf92,i=4096\nv=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        b"<1896.697170952@host>",
        b"User Name\nPassword",
    ],
    "xmlrpc": [
        (
            b"<methodResponse><params><param><value><struct><member><name>a</name><value><i8>1</i8>"
            b"</value></member></struct></value></param></params></methodResponse>"
        ),
        (
            b"<methodResponse><params><param><value><array><data><value><dateTime.iso8601>20260101T00:00:00"
            b"</dateTime.iso8601></value><value><base64>YQ==</base64></value><value><double>-1e9</double></value><value>"
            b"<nil/></value><value>t &amp; t</value></data></array></value></param></params></methodResponse>"
        ),
        (
            b"<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>"
            b"<member><name>faultString</name><value>no</value></member></struct></value></fault></methodResponse>"
        ),
    ],
    "netrc": [b'machine h login u password p\nmachine "h i" account a\n# no\nmacdef m\nx\n\ndefault password e\n'],
    "config": [
        b'[profile.a]\ntimeout = 5\ntls = "off"\nretry = 3\nlimit_rate = "1M"\nproxy = "socks5h://h:1"\n',
        b'[profile.b]\nconnect_timeout = 1.5\nnetrc = "f"\nfamily = 6\nmin_version = "1.3"\nmechanism = ["PLAIN"]\n',
    ],
    "note": [b'{"url": "http://h/x", "etag": "\\"a\\"", "modified": "2026-01-01T00:00:00+00:00", "size": 9}'],
    "transcript": [
        (
            b'{"t": 0.1, "connection": 1, "protocol": "smtp", "direction": "S", "bytes": "220 h\\r\\n", "remark": ""}\n'
            b'{"t": 0.2, "connection": 1, "protocol": "smtp", "direction": "C", "bytes": "QUIT\\r\\n", "remark": ""}\n'
        )
    ],
    "fault": [
        b'smtp RCPT arg="a@*" user=alice reply="451 4.3.0 later" times=2 after=1',
        b'{"protocol": "ftp", "verb": "RETR", "reset": 100, "probability": 0.5, "seed": 7}',
        b"imap FETCH truncate=5 connection=2\npop3 connect delay=0.1",
    ],
}


def seeds(corpus: str) -> list[bytes]:
    """The inputs of a corpus of fixtures/parsers, and those of our own."""
    own = OWN.get(corpus, [])
    if not (FOLDER / f"{corpus}.jsonl").exists():
        return own
    rows = [json.loads(line) for line in (FOLDER / f"{corpus}.jsonl").read_text("ascii").splitlines()]
    return own + [row["input"].encode("latin-1" if row.get("input_is") else "utf-8", "surrogateescape") for row in rows]
