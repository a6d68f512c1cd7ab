"""SMTP by smtplib and aiosmtplib."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders import SENDER, recipients


def smtplib_send(host: str, port: str, message: str, count: str, to: str = "1") -> int:
    import smtplib

    raw = Path(message).read_bytes()
    with smtplib.SMTP(host, int(port), local_hostname="bench") as client:
        for _ in range(int(count)):
            client.sendmail(SENDER, recipients(to), raw)
    return int(count)


def aiosmtplib_send(host: str, port: str, message: str, count: str, to: str = "1") -> int:
    import asyncio

    import aiosmtplib

    raw = Path(message).read_bytes()

    async def run() -> None:
        async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False, local_hostname="bench") as client:
            for _ in range(int(count)):
                await client.sendmail(SENDER, recipients(to), raw)

    asyncio.run(run())
    return int(count)


def smtplib_attachment(host: str, port: str, source: str) -> int:
    import smtplib
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, "b1@example.org", "big"
    message.set_content("see the attachment\n")
    data = Path(source).read_bytes()
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename="big.bin")
    with smtplib.SMTP(host, int(port), local_hostname="bench") as client:
        client.send_message(message)
    return 1
