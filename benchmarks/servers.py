"""The servers of the benchmarks: nginx, vsftpd, dovecot, postfix's smtp-sink, and for news our own, on free ports.

Needs root and Debian's packages nginx, vsftpd, dovecot-imapd, dovecot-pop3d, postfix. What they serve and write is in
one scratch folder. `inside` is a command that runs a server elsewhere: in the network namespace at the far end of a
link.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import data

PROTOCOLS = ("http", "ftp", "imap", "pop3", "smtp", "nntp")
PROGRAMS = ("nginx", "vsftpd", "dovecot", "smtp-sink")
USERS = {f"u{count}": count for count in (1, 100, 200, 1000, 2000, 10000)}  # with so many messages
LARGE = {f"u{size}m": size for size in (1, 64, 640)}  # with one message of so many MiB
FILES = (1, 64, 102, 640)  # MiB; the big one has 1024
FOLDERS = (1, 100, 1000)  # of so many small files
GROUP, ARTICLES = "bench.test", 100

NGINX = """
daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/nginx.err warn; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 10000000;
  default_type application/octet-stream;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen {port}; root {root}/www; }}
}}
"""

VSFTPD = """
background=NO
listen=YES
listen_port={port}
anonymous_enable=YES
local_enable=NO
anon_root={root}/www
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
connect_from_port_20=NO
pasv_min_port=30000
pasv_max_port=39999
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
secure_chroot_dir={root}/empty
xferlog_enable=NO
use_localtime=NO
"""

DOVECOT = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = imap pop3
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{root}/mail/%u:INDEX={root}/mail/%u.idx
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
pop3_no_flag_updates = yes
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={root}/mail/%u
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class Servers:
    """Started as a context; `root` is the scratch folder (kept between runs: the data take a while to make)."""

    def __init__(self, root: Path, *, host: str = "127.0.0.1", inside: Sequence[str] = ()) -> None:
        self.root, self.host, self._inside = root, host, list(inside)
        self.upload = root / "www" / "up" / "upload"  # where an upload arrives
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ports = dict(zip(PROTOCOLS, _free_ports(len(PROTOCOLS)), strict=True))

    def fields(self) -> dict[str, str]:
        """What a command line may name."""
        urls = {"http": f"http://{self.host}:{self._ports['http']}", "ftp": f"ftp://{self.host}:{self._ports['ftp']}"}
        ports = {f"{name}_port": str(port) for name, port in self._ports.items()}
        return {"host": self.host, "root": str(self.root), "up": self.upload.name, "group": GROUP, **urls, **ports}

    def large_mail(self, user: str) -> Path:
        """The file of a user's only message."""
        (path,) = (self.root / "mail" / user / "cur").iterdir()
        return path

    def sunk(self) -> int:
        """How many messages smtp-sink has counted since it was started."""
        found = re.findall(rb"mesg=(\d+)(?=\D)", (self.root / "smtp-sink.log").read_bytes())
        return int(found[-1]) if found else 0

    def __enter__(self) -> Self:
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            raise SystemExit(f"not installed: {', '.join(missing)}; `make daemons` installs them (root, Debian)")
        self.root.mkdir(parents=True, exist_ok=True)
        self._lock = (self.root / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # one run at a time: the data are the same for all
        try:
            self._make_data()
            for name, argv in self._commands().items():
                self._start(name, argv)
            for port in self._ports.values():
                self._wait(port)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _start(self, name: str, argv: list[str]) -> None:
        with (self.root / f"{name}.log").open("wb") as out:
            process = subprocess.Popen(
                [*self._inside, *argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._processes.append(process)

    def _stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            end = time.monotonic() + 3
            while time.monotonic() < end and any(process.poll() is None for process in self._processes):
                time.sleep(0.02)
        self._lock.close()

    def _commands(self) -> dict[str, list[str]]:
        root = self.root

        def write(name: str, text: str, **more: object) -> str:
            path = root / name
            path.write_text(text.format(root=root, **more))
            path.chmod(0o600)
            return str(path)

        (root / "empty").mkdir(exist_ok=True)
        nginx = write("nginx.conf", NGINX, port=self._ports["http"])
        address = f"{self.host if self._inside else '127.0.0.1'}:{self._ports['smtp']}"
        return {
            "nginx": ["nginx", "-e", str(root / "nginx.err"), "-c", nginx],
            "vsftpd": ["vsftpd", write("vsftpd.conf", VSFTPD, port=self._ports["ftp"])],
            "dovecot": [
                "dovecot",
                "-F",
                "-c",
                write("dovecot.conf", DOVECOT, imap=self._ports["imap"], pop3=self._ports["pop3"]),
            ],
            "smtp-sink": ["smtp-sink", "-c", "-u", "nobody", address, "512"],
            "nntp": [
                *(sys.executable, "-m", "nettools", "serve", "nntp", "--load", str(root / "load")),
                *("--host", self.host, "--expose", "--port", f"nntp={self._ports['nntp']}"),
            ],
        }

    def _wait(self, port: int) -> None:
        probe = [
            *self._inside,
            sys.executable,
            "-c",
            f"import socket; socket.create_connection(({self.host!r}, {port}), 1)",
        ]
        end = time.monotonic() + 15
        while True:
            if self._inside:
                ready = subprocess.run(probe, capture_output=True, check=False).returncode == 0
            else:
                ready = _connects(self.host, port)
            if ready:
                return
            if time.monotonic() > end:
                raise SystemExit(f"nothing listens on {self.host}:{port}; see the logs in {self.root}")
            time.sleep(0.05)

    def _make_data(self) -> None:
        root, www = self.root, self.root / "www"
        for folder in (root, www, www / "up", root / "mail"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        for size in FILES:
            _once(www / f"{size}m.bin", lambda path, size=size: data.big_file(path, size << 20))  # type: ignore[misc]
        _once(www / "big.bin", lambda path: data.big_file(path, 1 << 30))
        _once(www / "1024m.bin", lambda path: path.hardlink_to(www / "big.bin"))
        for count in FOLDERS:
            _once(www / f"many{count}", lambda path, count=count: data.small_files(path, count, 4096))  # type: ignore[misc]
        _once(www / "small.txt", lambda path: path.write_bytes(b"x" * 1024))
        _once(root / "mail10k.eml", lambda path: path.write_bytes(data.message_10k()))
        for user, count in USERS.items():
            _once(root / "mail" / user, lambda path, count=count: data.maildir(path, count))  # type: ignore[misc]
        for user, size in LARGE.items():
            _once(root / "mail" / user, lambda path, size=size: data.large_mail(path, size << 20))  # type: ignore[misc]
        _once(root / "load" / "news" / GROUP, lambda path: data.articles(path, ARTICLES))
        subprocess.run(["chown", "-R", "nobody:nogroup", str(root / "mail")], check=True)
        shutil.chown(www / "up", "ftp", None)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < count:
            sock = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", random.randrange(20000, 30000)))
                found.append(sock.getsockname()[1])
        return found


def _once(path: Path, make: Callable[[Path], object]) -> None:
    """Make what is not there; what was interrupted never stands under its name."""
    if not path.exists():
        half = path.with_name(f"{path.name}.half")
        if half.is_dir():
            shutil.rmtree(half)
        half.unlink(missing_ok=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        make(half)
        half.rename(path)


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True
