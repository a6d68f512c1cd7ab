"""Attachments by other names, and messages built to be too much."""

from __future__ import annotations

from threats.cases.tables.shared import ANY
from threats.engine import case


def saved(name: str, filename: str, *absent: str, **more) -> None:
    head = "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    raw = f"{head}Content-Disposition: attachment; {filename}\r\n\r\nevil\r\n"
    expect = dict(ANY, names_clean=True, absent=list(absent), **more.pop("expect", {}))
    case(name, "mail_save", raw=raw.encode(), dir="{dl}", expect=expect, **more)(lambda c, ctx: None)


saved("mail-name-traversal", 'filename="../../evil.txt"')
saved("mail-name-rfc2231", "filename*0*=UTF-8''..%2F..; filename*1*=%2Fevil.txt")
saved("mail-name-rfc2047", 'filename="=?utf-8?B?Li4vLi4vZXZpbC50eHQ=?="')
saved("mail-name-dotfile", 'filename=".bashrc"', ".bashrc")
saved("mail-name-control", "filename*=UTF-8''a%1b%5B2J%00%0ab.txt")
saved("mail-name-overwrite", 'filename="a.txt"', dl={"a.txt": b"old"}, expect=dict(file_in={"a.txt": [b"old"]}))
saved("mail-name-case", 'filename="A.TXT"', dl={"a.txt": b"old"}, expect=dict(file_in={"a.txt": [b"old"]}))
saved("mail-name-symlink", 'filename="a.txt"', symlink={"a.txt": "../../canary.txt"})
saved("mail-name-charset", "filename*=zlib_codec''%FF%FE; filename*0*=x-none''%41")


def parsed(name: str, raw: bytes, **expect) -> None:
    case(name, "mail_save", raw=raw, dir="{dl}", expect=dict(ANY, by=4, rss=500, **expect))(lambda c, ctx: None)


MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
parsed("mail-parts-many", MIXED + b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n" * 300 + b"--b--\r\n")
parsed(
    "mail-parts-deep",
    b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000)),
)
parsed("mail-rfc822-deep", b"Content-Type: message/rfc822\r\n\r\n" * 5000)
parsed("mail-headers-many", b"X-A: b\r\n" * 200000 + b"\r\nhi")
parsed("mail-header-long", b"Subject: " + b"=?utf-8?Q?a?= " * 100000 + b"\r\n\r\nhi")
parsed("mail-header-comments", b"To: " + b"(" * 200000 + b"\r\nContent-Type: a/b; " + b"(" * 100000 + b"\r\n\r\nhi")
parsed("mail-header-quotes", b"To: " + b'"\\' * 200000 + b"\r\nContent-Type: " + b'a/b; x="\\' * 50000 + b"\r\n\r\nhi")
parsed("mail-params-many", b"Content-Type: a/b" + b"; a*0*=x" * 50000 + b"\r\n\r\nhi")
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
