"""A file of settings, read whole: small, and with the status of the very file that was read.

Who wrote the file and who can read it is judged by that status; opening it a second time could find another file.
"""

from __future__ import annotations

import os
from pathlib import Path

from nettools.errors import FileError

__all__ = ["read_settings"]

MOST = 64 * 1024  # octets: TOML's reader takes quadratic time, and a device has no end


def read_settings(path: Path) -> tuple[bytes, os.stat_result]:
    """Its octets and its status.

    Raises:
        FileNotFoundError: it is not there, which may be right. FileError: it cannot be read, or is longer than any
        such file (exit code 26).
    """
    try:
        with path.open("rb") as file:
            data, status = file.read(MOST + 1), os.fstat(file.fileno())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", filename=str(path), exit_code=26) from error
    if len(data) > MOST:
        raise FileError(f"{path} is longer than {MOST // 1024} KiB", filename=str(path), exit_code=26)
    return data, status
