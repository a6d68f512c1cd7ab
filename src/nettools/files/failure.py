"""What the system says of a local file, in nettools' terms."""

from __future__ import annotations

import errno
import os
from typing import Any, cast

from nettools.errors import FileError

__all__ = ["file_error"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def file_error(error: OSError, what: str, path: object, *, reading: bool = False) -> FileError:
    """An OSError on a local file; one that is a FileError already is not said twice."""
    if isinstance(error, FileError):
        return error
    reason = (error.strerror or str(error)).lower()
    return FileError(
        f"cannot {what} {path}: {reason}",
        errno=error.errno,
        filename=os.fspath(cast("Any", path)) if isinstance(path, (str, os.PathLike)) else None,
        exit_code=26 if reading else 23,
        hint="make room, and go on with resume=True or -C" if error.errno in _FULL else None,
        stage="local",
    )
