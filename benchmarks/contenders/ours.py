"""nettools, by the facade and by `connect`; tls="off" is said since the far end of a link is not loopback."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders import digest
from benchmarks.contenders.smtp import SENDER, cut, recipients


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
        sizes = [len(each.raw) for each in mail.fetch_many(uids)]
    return {"n": len(sizes), "octets": sum(sizes)}


def mail_file(scheme: str, host: str, port: str, user: str, dest: str) -> int:
    import nettools

    with nettools.connect(_mailbox(scheme, host, port, user), auth=(user, "x"), tls="off") as mail:
        mail.fetch_to(dest, number=1)
    return 1


def send_mails(host: str, port: str, message: str, count: str, to: str) -> int:
    import nettools

    head, _, body = Path(message).read_bytes().partition(b"\r\n\r\n")
    head = head.replace(b"To: b1@example.org", b"To: " + ", ".join(recipients(to)).encode())
    reports = nettools.send_mails(f"smtp://{host}:{port}", [head + b"\r\n\r\n" + body] * int(count))
    return sum(len(report.accepted) == int(to) for report in reports)


def send_attachment(host: str, port: str, source: str, size: str, dest: str) -> int:
    import nettools

    report = nettools.send_mail(
        f"smtp://{host}:{port}", to="b1@example.org", sender=SENDER, subject="big", text="see the attachment\n",
        attachments=[cut(source, size, dest)],
    )  # fmt: skip
    return len(report.accepted)
