"""Attachments by other names, and messages built to be too much."""

from __future__ import annotations

from threats.cases.tables.shared import ANY
from threats.engine import case


def saved(name: str, filename: str, *absent: str, **more) -> None:
    head = "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    raw = f"{head}Content-Disposition: attachment; {filename}\r\n\r\nevil\r\n"
    expect = dict(ANY, names_clean=True, absent=list(absent), **more.pop("expect", {}))
    case(name, "mail_save", raw=raw.encode(), dir="{dl}", expect=expect, **more)(lambda c, ctx: None)


saved("mail-name-case", 'filename="A.TXT"', dl={"a.txt": b"old"}, expect=dict(file_in={"a.txt": [b"old"]}))
saved("mail-name-charset", "filename*=zlib_codec''%FF%FE; filename*0*=x-none''%41")


def parsed(name: str, raw: bytes, **expect) -> None:
    case(name, "mail_save", raw=raw, dir="{dl}", expect=dict(ANY, by=4, rss=500, **expect))(lambda c, ctx: None)


parsed("mail-header-quotes", b"To: " + b'"\\' * 200000 + b"\r\nContent-Type: " + b'a/b; x="\\' * 50000 + b"\r\n\r\nhi")
parsed(
    "mail-base64-junk",
    b"Content-Type: a/b\r\nContent-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"=A===\xff\r\n" * 100000,
)
parsed(
    "mail-qp-junk",
    b"Content-Type: text/plain; charset=\x1b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + b"=\r\n=ZZ=" * 100000,
)
parsed(
    "mail-charset-codec",
    b"Subject: =?zlib_codec?B?eJw=?= =?unicode_escape?Q?=5Cx1b?= =?idna?Q?xn--?=\r\n"
    b"Content-Type: text/plain; charset=rot13\r\n\r\nhi",
)
parsed("mail-boundary-empty", b'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + b"--\r\n" * 50000)
