"""What the values of arguments stand for: contents, files that are there, headers, and moments.

`-` and `@-` are stdin, `@FILE` is what a file holds. A file that is named and not there is told before anything is
connected to. Knows no protocol.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nettools.cli.streams import reading, standard_input
from nettools.errors import FileError, UsageError

__all__ = ["existing", "header", "newer_than", "read_argument", "read_text", "whole_message"]


def read_argument(value: str) -> bytes:
    """What an argument stands for: `@FILE` and `@-` (or `-`) a file's contents, anything else itself."""
    if value in ("-", "@-"):
        return standard_input().read()
    if value.startswith("@"):
        with reading(value[1:]):
            return Path(value[1:]).read_bytes()
    return value.encode("utf-8", "surrogateescape")


def read_text(value: str) -> str:
    """The same as text; octets that are no UTF-8 survive as surrogates."""
    return read_argument(value).decode("utf-8", "surrogateescape")


def existing(name: str) -> Path:
    """A file to read.

    Raises:
        FileError: there is none of this name, or a folder.
    """
    path = Path(name)
    if not path.exists() or path.is_dir():
        why = "it is a folder" if path.is_dir() else "no such file or directory"
        raise FileError(f"cannot read {name}: {why}", filename=name, exit_code=26)
    return path


def whole_message(name: str) -> bytes | Path:
    """A message that FILE names, or that stdin has where it is `-`."""
    return standard_input().read() if name == "-" else existing(name)


def header(text: str) -> tuple[str, str | None]:
    """`Name: value`; as curl has it, `Name:` is one that is not sent, and `Name;` one without a value."""
    name, colon, value = text.partition(":")
    if not colon:
        if text.endswith(";"):
            return text[:-1], ""
        raise UsageError(f"-H {text!r} has no colon", hint="a header is 'Name: value'")
    return name.strip(), value.strip() or None


def newer_than(value: str) -> Any:
    """A moment: of a file, or as a date or age."""
    path = Path(value)
    if path.exists():
        return path
    from nettools.moments import moment

    try:
        return moment(value)
    except UsageError:
        if not re.search(r"[./]", value):
            raise
        return path  # not there yet: everything is newer
