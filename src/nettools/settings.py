"""A file of settings, read whole: small, and with the status of the very file that was read.

Who wrote the file and who can read it is judged by that status; opening it a second time could find another file. A
pipe is not waited for, which may have no other end; only one of the shell's is read (`<(pass show mail)`).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nettools.errors import FileError

__all__ = ["read_settings"]

SHELL_PIPES = ("/dev/fd/", "/proc/self/fd/")
MOST = 64 * 1024  # octets: TOML's reader takes quadratic time, and a device has no end


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_settings(path: Path) -> tuple[bytes, os.stat_result]:
    """Its octets and its status.

    Raises:
        FileNotFoundError: it is not there, which may be right. FileError: it cannot be read, is a pipe, or is
        longer than any such file (exit code 26).
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if stat.S_ISFIFO(status.st_mode):
                if not str(path).startswith(SHELL_PIPES):
                    raise FileError(f"{path} is a pipe", filename=str(path), exit_code=26)
                os.set_blocking(file.fileno(), True)
            data = file.read(MOST + 1) or b""
    except (FileNotFoundError, FileError):
        raise
    except (OSError, ValueError) as error:  # ValueError: a name that the system cannot have
        reason = getattr(error, "strerror", None) or "no such name can be"
        raise FileError(f"cannot read {path}: {reason}", filename=str(path), exit_code=26) from error
    if len(data) > MOST:
        raise FileError(f"{path} is longer than {MOST // 1024} KiB", filename=str(path), exit_code=26)
    return data, status
