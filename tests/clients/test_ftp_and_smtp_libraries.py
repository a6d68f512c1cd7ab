"""The FTP and SMTP fakes used by libraries that nobody here wrote: aioftp, ftputil, aiosmtplib."""

from __future__ import annotations

import asyncio

import pytest

from nettools.testing import servers


def test_aioftp_lists_resumes_renames_and_breaks_off() -> None:
    aioftp = pytest.importorskip("aioftp")

    async def talk(host: str, port: int) -> bytes:
        async with aioftp.Client.context(host, port, "alice", "secret") as client:
            assert "/pub/hello.txt" in [str(path) for path, _ in await client.list("/pub")]
            async with client.upload_stream("/new") as stream:
                await stream.write(b"a\nbc")
            async with client.upload_stream("/new", offset=2) as stream:
                await stream.write(b"X")
            async with client.append_stream("/new") as stream:
                await stream.write(b"Y")
            await client.make_directory("/d/e")
            await client.rename("/new", "/d/e/x")
            big = await client.download_stream("/big")
            await big.read(100)
            await client.abort()
            big.close()
            async with client.download_stream("/d/e/x", offset=1) as stream:
                return bytes(await stream.read())

    with servers("ftp") as running:
        running.world.files["big"] = bytes(30_000_000)
        assert asyncio.run(talk(running.ftp.host, running.ftp.port)) == b"\nXY"


def test_ftputil_writes_text_and_moves_trees() -> None:
    ftputil = pytest.importorskip("ftputil")
    with servers("ftp") as running:
        session = ftputil.session.session_factory(port=running.ftp.port)
        with ftputil.FTPHost(running.ftp.host, "alice", "secret", session_factory=session) as host:
            host.set_time_shift(0)
            assert host.path.getsize("/pub/hello.txt") == 14
            host.makedirs("/a/b")
            with host.open("/a/b/t", "w", encoding="utf-8") as file:
                file.write("one\ntwo\n")
            host.rename("/a", "/c")
            assert [name for name, _, _ in host.walk("/c")] == ["/c", "/c/b"]
            assert host.path.getmtime("/c/b/t") > 0
            host.remove("/c/b/t")
            host.rmtree("/c")
        assert not running.world.files.is_folder("c")


def test_aiosmtplib_sends_under_starttls() -> None:
    aiosmtplib = pytest.importorskip("aiosmtplib")
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("smtp", tls=True) as running:
        sending = aiosmtplib.send(
            b"Subject: by aiosmtplib\r\n\r\n.dot\r\n",
            sender="bob@example.org",
            recipients=["alice@example.org"],
            hostname=running.smtp.host,
            port=running.smtp.port,
            start_tls=True,
            cert_bundle=str(running.ca),
            username="alice",
            password="secret",
        )
        asyncio.run(sending)
        assert running.world.wait_for_mail(subject="aiosmtplib").text == ".dot\n"
        assert running.smtp.envelopes[0].user == "alice"
