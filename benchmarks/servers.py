"""The servers of the benchmarks: nginx, vsftpd, dovecot and postfix's smtp-sink, in one scratch folder, on free ports.

Needs root and Debian's packages nginx, vsftpd, dovecot-imapd, dovecot-pop3d, postfix. `inside` is a command that runs a
server elsewhere: in the network namespace at the far end of a link.
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
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import data

PROTOCOLS = ("http", "ftp", "imap", "pop3", "smtp")
USERS = {"u100": 100, "u1000": 1000, "u2000": 2000, "u10000": 10000}
LARGE = {"u64m": 64, "u256m": 256}  # users with one message of so many MiB

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

    def __init__(self, root: Path, *, host: str = "127.0.0.1", inside: Sequence[str] = (), big: int = 1 << 30) -> None:
        self.root, self.host, self._inside, self._big = root, host, list(inside), big
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ports = dict(zip(PROTOCOLS, _free_ports(len(PROTOCOLS)), strict=True))

    def fields(self) -> dict[str, str]:
        """What a command line may name."""
        urls = {"http": f"http://{self.host}:{self._ports['http']}", "ftp": f"ftp://{self.host}:{self._ports['ftp']}"}
        ports = {"ftp_port": "ftp", "imap_port": "imap", "pop3_port": "pop3", "smtp_port": "smtp"}
        return {"host": self.host, "root": str(self.root), **urls, **{k: str(self._ports[v]) for k, v in ports.items()}}

    def large_mail(self, user: str) -> Path:
        """The file of a user's only message."""
        (path,) = (self.root / "mail" / user / "cur").iterdir()
        return path

    def sunk(self) -> int:
        """How many messages smtp-sink has counted since it was started."""
        found = re.findall(rb"mesg=(\d+)(?=\D)", (self.root / "smtp-sink.log").read_bytes())
        return int(found[-1]) if found else 0

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        self._lock = (self.root / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # one run at a time: the data are the same for all
        self._make_data()
        for name, argv in self._commands().items():
            log = self.root / f"{name}.log"
            with log.open("wb") as out:
                self._processes.append(
                    subprocess.Popen(
                        [*self._inside, *argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
                    )
                )
        for port in self._ports.values():
            self._wait(port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
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
        }

    def _wait(self, port: int) -> None:
        probe = [*self._inside, "python3", "-c", f"import socket; socket.create_connection(({self.host!r}, {port}), 1)"]
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
        _once(www / "big.bin", lambda path: data.big_file(path, self._big))
        _once(www / "many", lambda path: data.small_files(path, 1000, 4096))
        _once(www / "small.txt", lambda path: path.write_bytes(b"x" * 1024))
        _once(root / "mail10k.eml", lambda path: path.write_bytes(data.message_10k()))
        for user, count in USERS.items():
            _once(root / "mail" / user, lambda path, count=count: data.maildir(path, count))  # type: ignore[misc]
        for user, size in LARGE.items():
            _once(root / "mail" / user, lambda path, size=size: data.large_mail(path, size << 20))  # type: ignore[misc]
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
    if not path.exists():
        make(path)


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True
