"""FTP by ftplib and aioftp."""

from __future__ import annotations

from pathlib import Path


def ftplib_get(host: str, port: str, path: str, dest: str) -> int:
    import ftplib

    with ftplib.FTP() as ftp:
        ftp.connect(host, int(port))
        ftp.login()
        with Path(dest).open("wb") as file:
            ftp.retrbinary(f"RETR {path}", file.write)
    return 1


def ftplib_put(host: str, port: str, source: str, path: str) -> int:
    import ftplib

    with ftplib.FTP() as ftp, Path(source).open("rb") as file:
        ftp.connect(host, int(port))
        ftp.login()
        ftp.storbinary(f"STOR {path}", file)
    return 1


def ftplib_folder(host: str, port: str, path: str, dest: str, count: str) -> int:
    import ftplib

    with ftplib.FTP() as ftp:
        ftp.connect(host, int(port))
        ftp.login()
        ftp.cwd(path)
        names = sorted(ftp.nlst())[: int(count)]
        for name in names:
            with Path(dest, name).open("wb") as file:
                ftp.retrbinary(f"RETR {name}", file.write)
    return len(names)


def aioftp_get(host: str, port: str, path: str, dest: str) -> int:
    import asyncio

    import aioftp

    async def run() -> None:
        async with aioftp.Client.context(host, int(port)) as client, client.download_stream(path) as stream:
            with Path(dest).open("wb") as file:
                async for block in stream.iter_by_block(1 << 20):
                    file.write(block)

    asyncio.run(run())
    return 1
