"""The FTP fake used by clients that nobody here wrote, in clear and under TLS."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Fake = Any
BIG = os.urandom(1_500_000)
KINDS = ["plain", "starttls", "implicit"]


def run(argv: list[str], folder: Path) -> bytes:
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    env = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(argv, cwd=folder, capture_output=True, timeout=60, check=False, env=env)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, net_servers: Callable[..., Fake]) -> tuple[Fake, str]:
    return net_servers("ftp", tls=True, require_reuse=request.param != "plain"), request.param


def test_lftp_puts_mirrors_fetches_in_pieces_and_resumes(server: tuple[Fake, str], tmp_path: Path) -> None:
    fake, kind = server
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "part").write_bytes(BIG[:400_000])
    (tmp_path / "tree" / "a").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "y ü").write_text("1")
    (tmp_path / "tree" / "x").write_text("2")
    settings = {
        "plain": "set ftp:ssl-allow no",
        "starttls": f"set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:ca-file {fake.ca}",
        "implicit": f"set ftp:ssl-protect-data yes; set ssl:ca-file {fake.ca}",
    }[kind]
    url = fake.tls_url if kind == "implicit" else fake.url
    commands = (
        f"set cmd:fail-exit yes; set net:timeout 10; set net:max-retries 1; {settings}; open -u alice,secret {url}; "
        "put big -o big; mirror -R tree tree; mirror tree back; pget -n 3 big -o pieces; get -c big -o part; "
        "mv big moved; rm moved; mkdir q; rmdir q; quit"
    )
    run(["lftp", "--norc", "-e", commands], tmp_path)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "part").read_bytes() == BIG
    assert not filecmp.dircmp(tmp_path / "tree", tmp_path / "back").diff_files
    assert (tmp_path / "back" / "a" / "y ü").read_text() == "1"
    assert fake.world.files["tree/x"] == b"2"


def test_curl_stores_fetches_resumes_and_lists(server: tuple[Fake, str], tmp_path: Path) -> None:
    fake, kind = server
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "part").write_bytes(BIG[:5000])
    tls = {"plain": [], "starttls": ["--ssl-reqd"], "implicit": []}[kind]
    url = fake.tls_url if kind == "implicit" else fake.url
    curl = ["curl", "-sS", "--cacert", str(fake.ca), *tls, "-u", "alice:secret"]
    run([*curl, "-T", "big", "--ftp-create-dirs", f"{url}/new/up"], tmp_path)
    assert fake.world.files["new/up"] == BIG
    run([*curl, "-C", "-", f"{url}/new/up", "-o", "part"], tmp_path)
    assert (tmp_path / "part").read_bytes() == BIG
    assert run([*curl, "-r", "7-11", f"{url}/pub/hello.txt"], tmp_path) == b"world"
    assert b"hello.txt" in run([*curl, "-l", f"{url}/pub/"], tmp_path).split()
    assert b"Content-Length: 14" in run([*curl, "-I", f"{url}/pub/hello.txt"], tmp_path)
