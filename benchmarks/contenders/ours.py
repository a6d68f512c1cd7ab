"""nettools, by the facade and by `connect`; tls="off" is said since the far end of a link is not loopback."""

from __future__ import annotations

from benchmarks.contenders import SENDER, counted, digest, recipients


def download(url: str, dest: str) -> int:
    import nettools

    nettools.download(url, dest)
    return 1


def http_session(base: str, count: str) -> int:
    import nettools

    with nettools.connect(base) as http:
        return sum(len(http.fetch("/small.txt").content) == 1024 for _ in range(int(count)))


def ftp_get(url: str, dest: str) -> int:
    import nettools

    nettools.ftp_get(url, dest)
    return 1


def ftp_put(source: str, url: str) -> int:
    import nettools

    nettools.ftp_put(source, url)
    return 1


def ftp_mirror(url: str, dest: str) -> int:
    import nettools

    return len(nettools.ftp_mirror(url, dest).transferred)


def download_many(base: str, count: str, dest: str) -> int:
    import nettools

    urls = [f"{base}/f{number:04d}.bin" for number in range(int(count))]
    return sum(outcome.ok for outcome in nettools.download_many(urls, dest))


def _mailbox(scheme: str, host: str, port: str, user: str) -> str:
    return f"{scheme}://{user}@{host}:{port}/" + ("INBOX" if scheme == "imap" else "")


def mail_list(scheme: str, host: str, port: str, user: str, count: str) -> dict[str, int]:
    import nettools

    infos = nettools.list_mail(
        _mailbox(scheme, host, port, user), auth=(user, "x"), tls="off", limit=int(count), newest_first=False
    )
    rows = [(info.uid, info.flags, info.size, info.date, info.sender, info.subject) for info in infos]
    return {"n": len(rows), "digest": digest(row[-1] for row in rows)}


def mail_whole(scheme: str, host: str, port: str, user: str, count: str) -> dict[str, int]:
    import nettools

    with nettools.connect(_mailbox(scheme, host, port, user), auth=(user, "x"), tls="off") as mail:
        uids = range(1, int(count) + 1) if scheme == "imap" else None
        return counted(each.raw for each in mail.fetch_many(uids))


def articles(host: str, port: str, group: str, count: str) -> dict[str, int]:
    import nettools

    found = nettools.fetch_articles(f"nntp://{host}:{port}/{group}", range(1, int(count) + 1))
    return counted(each.raw for each in found)


def mail_file(scheme: str, host: str, port: str, user: str, dest: str) -> int:
    import nettools

    with nettools.connect(_mailbox(scheme, host, port, user), auth=(user, "x"), tls="off") as mail:
        mail.fetch_to(dest, number=1)
    return 1


def _message(path: str, to: str) -> bytes:
    with open(path, "rb") as file:
        message = file.read()
    return message.replace(b"To: b1@example.org", b"To: " + ", ".join(recipients(to)).encode(), 1)


def send_mails(host: str, port: str, message: str, count: str, to: str = "1") -> int:
    import nettools

    reports = nettools.send_mails(f"smtp://{host}:{port}", [_message(message, to)] * int(count))
    return sum(len(report.accepted) == int(to) for report in reports)


def send_different(host: str, port: str, message: str, count: str) -> int:
    import nettools

    messages = [_message(message, "1").replace(b"<m10k@", b"<m10k.%d@" % number, 1) for number in range(int(count))]
    return sum(len(report.accepted) for report in nettools.send_mails(f"smtp://{host}:{port}", messages))


def send_attachment(host: str, port: str, source: str) -> int:
    import nettools

    report = nettools.send_mail(
        f"smtp://{host}:{port}", to="b1@example.org", sender=SENDER, subject="big", text="see the attachment\n",
        attachments=[source],
    )  # fmt: skip
    return len(report.accepted)
