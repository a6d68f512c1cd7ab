"""What every real server needs: a home that its own user can enter, certificates, free ports, a start, a clean stop."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

HOST = "127.0.0.1"
USER, PASSWORD = "alice", "secret"
START_WITHIN = 20.0  # seconds
STOP_WITHIN = 2.0  # seconds for each of SIGTERM and SIGKILL


class NotHere(Exception):  # noqa: N818  # not an error of the test: the reason for a skip
    """This machine cannot run the server."""


class Failed(Exception):  # noqa: N818
    """The server did not start; what it logged is in the message."""


@dataclass
class Service:
    """One protocol of a running server."""

    protocol: str
    port: int
    tls_port: int | None
    starttls: bool
    ca: Path
    other_ca: Path
    server: str  # package and version
    host: str = "localhost"
    user: str = USER
    password: str = PASSWORD
    reset: Callable[[], None] = lambda: None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def auth(self) -> tuple[str, str]:
        return self.user, self.password

    def url(self, kind: str = "plain") -> str:
        """Where it is: `plain` and `starttls` on the clear port, `implicit` on the TLS port."""
        if kind == "implicit":
            return f"{self.protocol}s://{self.host}:{self.tls_port}"
        return f"{self.protocol}://{self.host}:{self.port}"


class Home:
    """A folder with everything of one server, and the processes started in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))  # short: Unix sockets lie below it
        self.path.chmod(0o755)
        self.log = self.folder("log", mode=0o777)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._spawned: list[tuple[str, tuple[object, ...], dict[str, str] | None]] = []
        self._certificates()

    def _certificates(self) -> None:
        authority, other = trustme.CA(), trustme.CA()
        leaf = authority.issue_cert("localhost", HOST, "127.0.0.2", "::1", common_name="localhost")
        self.ca, self.other_ca = self.path / "ca.pem", self.path / "other-ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        other.cert_pem.write_to_path(self.other_ca)
        self.cert = self.write("cert.pem", b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        self.key = self.write("key.pem", leaf.private_key_pem.bytes(), mode=0o600)

    def folder(self, name: str, *, owner: str | None = None, mode: int = 0o755) -> Path:
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner is not None:
            shutil.chown(path, owner, owner)
        return path

    def write(self, name: str, data: str | bytes, *, owner: str | None = None, mode: int = 0o644) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(mode)
        if owner is not None:
            shutil.chown(path, *owner.split(":"))
        return path

    def spawn(self, name: str, *argv: object, env: dict[str, str] | None = None) -> None:
        """Start a server that stays in the foreground; what it says goes to log/NAME.out."""
        self._spawned.append((name, argv, env))
        with (self.log / f"{name}.out").open("ab") as out:
            self._processes.append(
                subprocess.Popen(
                    [str(each) for each in argv],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    cwd=self.path,
                    env={**os.environ, **(env or {})},
                    start_new_session=True,
                )
            )

    def wait_for(self, *ports: int) -> None:
        end = time.monotonic() + START_WITHIN
        for port in ports:
            while not _answers(port):
                if time.monotonic() > end or any(each.poll() is not None for each in self._processes):
                    raise Failed(f"{self.name}: port {port} did not open\n{self.logged()}")
                time.sleep(0.02)

    def logged(self) -> str:
        texts = [f"-- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in sorted(self.log.iterdir())]
        return "\n".join(texts)

    def restart(self, *ports: int) -> None:
        """Stop everything, as an administrator's restart does, and start it again with what it has in its files."""
        self.stop()
        again, self._spawned = self._spawned, []
        for name, argv, env in again:
            self.spawn(name, *argv, env=env)
        self.wait_for(*ports)

    def hang_up(self, program: str) -> None:
        """End the processes that run a program, and leave those that start them."""
        for pid in _family({each.pid for each in self._processes}):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == program:
                    os.kill(pid, signal.SIGTERM)

    def close(self) -> None:
        """Stop everything and remove the folder."""
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def stop(self) -> None:
        """Stop every process that was started here, and what those started, by pid."""
        leaders = {each.pid for each in self._processes}
        family = _family(leaders)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in family | (_family(leaders) if number == signal.SIGKILL else set()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            end = time.monotonic() + STOP_WITHIN
            while time.monotonic() < end and any(each.poll() is None for each in self._processes):
                time.sleep(0.02)
        self._processes.clear()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
        return True
    return False


def _family(leaders: set[int]) -> set[int]:
    """The processes of the sessions that these lead, and all their descendants."""
    table: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    table[int(entry.name)] = (int(fields[1]), int(fields[3]))  # parent, session
    found = {pid for pid, (_, session) in table.items() if pid in leaders or session in leaders}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < count:
            sock = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                sock.bind((HOST, random.randrange(20000, 32000)))
                found.append(sock.getsockname()[1])
        return found


def version(package: str) -> str:
    """`name version` of an installed package.

    Raises:
        NotHere: it is not installed, or this is no Debian.
    """
    if os.geteuid() != 0:
        raise NotHere(f"{package} needs root to change to its own user")
    try:
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Status}|${Version}", package], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise NotHere("no dpkg here: the servers are Debian's packages") from None
    status, _, number = done.stdout.partition("|")
    if status != "install ok installed":
        raise NotHere(f"{package} is not installed; `make daemons` installs it")
    return f"{package} {number}"


def refill(folder: Path, files: dict[str, bytes], owner: str | int | None = None) -> None:
    """Make a folder hold exactly these files."""
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if owner is not None:
        give(folder, owner)


def give(folder: Path, owner: str | int) -> None:
    """A folder and everything in it to another user."""
    for each in (folder, *folder.rglob("*")):
        if not each.is_symlink():
            shutil.chown(each, owner, owner)


@contextlib.contextmanager
def running(name: str) -> Iterator[dict[str, Service]]:
    """The services of a server by protocol, while it runs.

    Raises:
        NotHere: it is not installed.
    """
    import importlib

    module: Any = importlib.import_module(f"daemons.{name}")
    labels = [version(package) for package in module.PACKAGES]
    home = Home(name)
    try:
        yield {service.protocol: service for service in module.start(home, labels[0])}
    finally:
        home.close()
