"""HTTP by requests, urllib, urllib3, httpx, aiohttp, http.client and pycurl."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

MIB = 1 << 20


def requests_file(url: str, dest: str) -> int:
    import requests

    with requests.get(url, stream=True, timeout=30) as response, Path(dest).open("wb") as file:
        file.writelines(response.iter_content(MIB))
    return 1


def urllib_file(url: str, dest: str) -> int:
    from urllib.request import urlopen

    with urlopen(url) as response, Path(dest).open("wb") as file:
        shutil.copyfileobj(response, file)
    return 1


def requests_session(base: str, count: str) -> int:
    import requests

    with requests.Session() as session:
        return sum(len(session.get(f"{base}/small.txt", timeout=30).content) == 1024 for _ in range(int(count)))


def requests_files(base: str, count: str, folder: str) -> int:
    import requests

    with requests.Session() as session:
        for number in range(int(count)):
            name = f"f{number:04d}.bin"
            Path(folder, name).write_bytes(session.get(f"{base}/{name}", timeout=30).content)
    return int(count)


def urllib3_pool(base: str, count: str) -> int:
    import urllib3

    pool = urllib3.PoolManager()
    return sum(len(pool.request("GET", f"{base}/small.txt").data) == 1024 for _ in range(int(count)))


def httpx_client(base: str, count: str) -> int:
    import httpx

    with httpx.Client() as client:
        return sum(len(client.get(f"{base}/small.txt").content) == 1024 for _ in range(int(count)))


def aiohttp_session(base: str, count: str) -> int:
    import asyncio

    import aiohttp

    async def run() -> int:
        done = 0
        async with aiohttp.ClientSession() as session:
            for _ in range(int(count)):
                async with session.get(f"{base}/small.txt") as response:
                    done += len(await response.read()) == 1024
        return done

    return asyncio.run(run())


def aiohttp_files(base: str, count: str, folder: str) -> int:
    import asyncio

    import aiohttp

    async def fetch(session: aiohttp.ClientSession, name: str) -> None:
        async with session.get(f"{base}/{name}") as response:
            Path(folder, name).write_bytes(await response.read())

    async def run() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as session:
            await asyncio.gather(*(fetch(session, f"f{number:04d}.bin") for number in range(int(count))))

    asyncio.run(run())
    return int(count)


def http_client(base: str, count: str) -> int:
    import http.client

    where = urlsplit(base)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    done = 0
    for _ in range(int(count)):
        connection.request("GET", "/small.txt")
        done += len(connection.getresponse().read()) == 1024
    return done


def pycurl_handle(base: str, count: str) -> int:
    import io

    import pycurl

    handle, done = pycurl.Curl(), 0
    handle.setopt(pycurl.URL, f"{base}/small.txt")
    for _ in range(int(count)):
        body = io.BytesIO()
        handle.setopt(pycurl.WRITEDATA, body)
        handle.perform()
        done += len(body.getvalue()) == 1024
    return done
