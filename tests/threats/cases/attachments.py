"""Attachments whose names lead elsewhere, and messages that are too much."""

from __future__ import annotations

from threats.engine import case

MIXED = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n"


def save(name, raw, expect=None, **arguments):
    """The attachments of a message are saved; nothing outside of the folder may change."""
    expect = dict(outcome="any", names_clean=True, rss=250, **(expect or {}))
    case(f"mail-{name}", "mail_save", raw=raw, dir="{dl}", expect=expect, **arguments)(lambda c, ctx: None)


def attachment(parameter, body=b"x", *fields):
    head = b"".join(field + b"\r\n" for field in fields)
    return (
        MIXED
        + b"--B\r\n"
        + head
        + b"Content-Disposition: attachment; "
        + parameter
        + b"\r\n\r\n"
        + body
        + b"\r\n--B--\r\n"
    )


def nested(levels):
    body = b"x"
    for level in range(levels):
        mark = b"B%d" % level
        body = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n%b\r\n--%b--\r\n" % (mark, mark, body, mark)
    return body


for kind, parameter in {
    "up": b'filename="../../evil"',
    "absolute": b"filename=/etc/evil",
    "backslash": b'filename="..\\\\..\\\\evil"',
    "drive": b'filename="C:evil"',
    "device": b'filename="CON"',
    "dots": b'filename=".."',
    "nul": b'filename="a\0b"',
    "escape": b'filename="a\x1b[2Jb"',
    "percent": b"filename*=utf-8''..%2F..%2Fevil",
    "percent-control": b"filename*=utf-8''a%00b%0d%0ac",
    "encoded-word": b'filename="=?utf-8?q?=2E=2E=2Fevil?="',
    "pieces": b'filename*0="../";filename*1="evil"',
    "long": b'filename="' + b"n" * 5000 + b'"',
    "hidden": b'filename=".bashrc"',
    "bidi": b'filename="a\xe2\x80\xaegpj.exe"',
}.items():
    save(f"name-{kind}", attachment(parameter))

save("name-link", attachment(b"filename=l"), symlink={"l": "../../canary.txt"})
save("name-taken", attachment(b"filename=o"), dict(file_in={"o": [b"old"]}), dl={"o": b"old"})
save("parts", MIXED + b"--B\r\n\r\nx\r\n" * 20_000 + b"--B--\r\n")
save("levels", nested(300))
save("messages", b"Content-Type: message/rfc822\r\n\r\n" * 500 + b"Subject: s\r\n\r\nx")
save("headers", b"X: y\r\n" * 500_000 + b"\r\nx")
save("folds", b"X: y\r\n" + b" z\r\n" * 500_000 + b"\r\nx")
save("addresses", b"To: " + b"a@b.test, " * 100_000 + b"\r\n\r\nx")
save("comments", b"To: " + b"(" * 100_000 + b"\r\n\r\nx")
save("encoded-words", b"Subject: " + b"=?utf-8?b?YQ==?= " * 50_000 + b"\r\n\r\nx")
save("parameters", attachment(b";".join(b"filename*%d=a" % number for number in range(20_000))))
