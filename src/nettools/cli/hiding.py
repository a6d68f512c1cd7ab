"""The list of processes: secrets on the command line are blanked in it, where the system allows that.

Everybody may read the words that a process was started with. On Linux they are memory of its own, which it may write
over; what was read before it got there is out, so this is a courtesy, and no place for a secret. Knows which options
take one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["hide_secrets"]

_ARGUMENTS = 45  # where /proc/self/stat has their first and last address, behind the name of the process
_OPTION = (
    r"(-[46CGILOSfikqsvy]*[ubHdFxe]|--(?:user|token|cookie|header|data(?:-[a-z]+)?|form|proxy|referer)(?:=|$))(.*)"
)


def hide_secrets(words: Sequence[str]) -> None:
    """Blank the secrets among these words of the process's own command line, if there are any."""
    if not any("@" in word or "=" in word or re.match(_OPTION, word) for word in words):
        return
    try:
        with open("/proc/self/stat", "rb") as status:
            start, end = map(int, status.read().rpartition(b")")[2].split()[_ARGUMENTS : _ARGUMENTS + 2])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            shown = memory.read(end - start)
            hidden = b"\0".join(_hidden(shown.decode("latin-1").split("\0")))
            if hidden != shown:
                memory.seek(start)
                memory.write(hidden)
    except (OSError, ValueError, OverflowError):  # no Linux, or no leave to do so
        return


def _hidden(words: Sequence[str]) -> Iterator[bytes]:
    """The words, each as long as it was."""
    before = ""
    for word in words:
        match = re.fullmatch(_OPTION, word, re.DOTALL)
        option, value = (match[1].rstrip("="), match[2]) if match is not None else (before, word)
        if not option.startswith("--"):
            option = f"-{option[-1:]}"  # the last of several letters takes the value
        before = option if match is not None and not value else ""
        yield (word[: len(word) - len(value)] + _masked(option, value)).encode("latin-1")[: len(word)].ljust(len(word))


def _masked(option: str, value: str) -> str:
    if option in ("-u", "--user"):
        user, colon, password = value.partition(":")
        return user + colon + "***" * bool(password)
    if option == "--token":
        return "***"
    if option in ("-b", "--cookie"):
        return re.sub("=[^;]+", "=***", value)
    from nettools.secret import mask_named

    return mask_named(value.encode("latin-1")).decode("latin-1")
