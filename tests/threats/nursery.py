"""Processes for cases, cheap: one that has nettools and the adapter in memory is forked for each of them.

A case needs a process of its own for its directory, environment, limits, signals and peak of memory, but not an
interpreter that starts from nothing, which costs more than most cases do. So a server of a single thread, started once,
forks a child per case. The child leads its own session and has nothing of the server open; its peak of memory begins at
the server's size, as that of a process which had imported the same would.

    python -m threats.nursery FD      is how the server starts; FD is its end of the socket to `Nursery`
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

TESTS = Path(__file__).parents[1]
APART = ("nettools.testing", "nettools.cli")  # no part of the library; the command starts by itself


class Child:
    """A case's process, as far as its parent needs to know: `pid`, its output's file descriptors, and how it ends."""

    def __init__(self, line: socket.socket, pid: int, stdout: int, stderr: int) -> None:
        self.pid, self.stdout, self.stderr, self.returncode = pid, stdout, stderr, None
        self._line = line

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal; TimeoutError if there is none yet."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            self.returncode = int(self._line.recv(64))
        return self.returncode


class Nursery:
    """The parent's side: starts the server, asks it for children one after another, ends it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")])),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "threats.nursery", str(theirs.fileno())],
                env=environ,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def start(self, job: str, cwd: str, environ: Mapping[str, str]) -> Child:
        """A child that plays the job in `cwd`; `environ` is added to what every case has."""
        stdout, stderr = os.pipe(), os.pipe()
        request = json.dumps({"job": job, "cwd": cwd, "environ": dict(environ)}).encode()
        self._line.settimeout(60)
        socket.send_fds(self._line, [request], [stdout[1], stderr[1]])
        os.close(stdout[1])
        os.close(stderr[1])
        return Child(self._line, int(self._line.recv(64)), stdout[0], stderr[0])

    def close(self) -> None:
        self._line.close()
        self._server.wait(30)


def load() -> None:
    """Import what a case may use, so that no case pays for it."""
    import nettools
    import threats.adapter  # noqa: F401

    for module in pkgutil.walk_packages(nettools.__path__, "nettools."):
        if not module.name.startswith(APART) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def serve(line: socket.socket) -> None:
    """Fork a child for each request and tell its pid, then its end; until the parent hangs up."""
    load()
    gc.collect()
    gc.freeze()
    while True:
        request, fds, _, _ = socket.recv_fds(line, 1 << 16, 2)
        if not request:
            return
        pid = os.fork()
        if not pid:
            become(line, json.loads(request), fds)
        for fd in fds:
            os.close(fd)
        line.send(b"%d" % pid)
        _, status = os.waitpid(pid, 0)
        line.send(b"%d" % os.waitstatus_to_exitcode(status))


def become(line: socket.socket, request: dict, fds: list[int]) -> None:
    """Be the process of one case; never returns."""
    from threats.child import child

    try:
        os.setsid()
        line.close()
        for number, fd in enumerate(fds, start=1):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(request["cwd"])
        os.environ.update(request["environ"])
        child(request["job"])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background shell may have left it ignored, for all children
    serve(socket.socket(fileno=int(sys.argv[1])))
