"""IMAP by imaplib, IMAPClient and imap-tools."""

from __future__ import annotations

import imaplib

from benchmarks.contenders import counted, digest

ITEMS = "(UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])"


def _imaplib(host: str, port: str, user: str) -> imaplib.IMAP4:
    client = imaplib.IMAP4(host, int(port))
    client.login(user, "x")
    client.select("INBOX", readonly=True)
    return client


def imaplib_raw(host: str, port: str, user: str, count: str) -> int:
    client = _imaplib(host, port, user)
    _, rows = client.fetch(f"1:{count}", ITEMS)
    client.logout()
    return sum(isinstance(row, tuple) for row in rows)


def imaplib_decoded(host: str, port: str, user: str, count: str) -> dict[str, int]:
    import email
    import re
    from email.header import decode_header, make_header
    from email.utils import parsedate_to_datetime

    client = _imaplib(host, port, user)
    _, rows = client.fetch(f"1:{count}", ITEMS)
    client.logout()
    pattern = re.compile(rb"UID (\d+) FLAGS \(([^)]*)\)")
    found = []
    for row in rows:
        if isinstance(row, tuple):
            match, headers = pattern.search(row[0]), email.message_from_bytes(row[1])
            assert match is not None
            names = (str(make_header(decode_header(headers[name] or ""))) for name in ("From", "Subject"))
            found.append((int(match[1]), match[2].split(), parsedate_to_datetime(headers["Date"]), *names))
    return {"n": len(found), "digest": digest(row[-1] for row in found)}


def imapclient_list(host: str, port: str, user: str, count: str) -> dict[str, int]:
    from email.header import decode_header, make_header

    import imapclient

    def decoded(value: bytes | None) -> str:
        return str(make_header(decode_header((value or b"").decode("utf-8", "replace"))))

    client = imapclient.IMAPClient(host, int(port), ssl=False)
    client.login(user, "x")
    client.select_folder("INBOX", readonly=True)
    wanted = ["UID", "FLAGS", "RFC822.SIZE", "INTERNALDATE", "ENVELOPE"]
    rows = client.fetch(client.search("ALL")[: int(count)], wanted)
    found = []
    for uid, row in sorted(rows.items()):
        envelope = row[b"ENVELOPE"]
        sender = decoded(envelope.from_[0].name)
        found.append((uid, row[b"FLAGS"], row[b"RFC822.SIZE"], envelope.date, sender, decoded(envelope.subject)))
    client.logout()
    return {"n": len(found), "digest": digest(row[-1] for row in found)}


def imap_tools_list(host: str, port: str, user: str, count: str) -> dict[str, int]:
    import imap_tools

    with imap_tools.MailBoxUnencrypted(host, int(port)).login(user, "x") as box:
        messages = box.fetch(limit=int(count), headers_only=True, bulk=True, mark_seen=False)
        found = [(each.uid, each.flags, each.date, each.from_values, each.subject) for each in messages]
        return {"n": len(found), "digest": digest(row[-1] for row in found)}


def imaplib_whole(host: str, port: str, user: str, count: str) -> dict[str, int]:
    client = _imaplib(host, port, user)
    _, rows = client.fetch(f"1:{count}", "(UID BODY.PEEK[])")
    client.logout()
    return counted(row[1] for row in rows if isinstance(row, tuple))


def imaplib_file(host: str, port: str, user: str, dest: str) -> int:
    client = _imaplib(host, port, user)
    _, rows = client.fetch("1", "(BODY.PEEK[])")
    client.logout()
    with open(dest, "wb") as file:
        file.write(rows[0][1])
    return 1


def imapclient_whole(host: str, port: str, user: str, count: str) -> dict[str, int]:
    import imapclient

    client = imapclient.IMAPClient(host, int(port), ssl=False)
    client.login(user, "x")
    client.select_folder("INBOX", readonly=True)
    rows = client.fetch(client.search("ALL")[: int(count)], ["BODY.PEEK[]"])
    client.logout()
    return counted(row[b"BODY[]"] for _, row in sorted(rows.items()))


def imap_tools_whole(host: str, port: str, user: str, count: str) -> int:
    import imap_tools

    with imap_tools.MailBoxUnencrypted(host, int(port)).login(user, "x") as box:
        return sum(1 for _ in box.fetch(limit=int(count), bulk=True, mark_seen=False))
