"""What a netrc file has for a host: the file that curl, ftp and their kin share.

The stdlib's `netrc` keeps one entry a machine and hands out the `default` entry to any host whatever; here all entries
are kept, the host must be the one asked for, as written, and a password that others can read is refused.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from nettools.errors import FileError, UsageError
from nettools.secret import Secret
from nettools.settings import read_settings

__all__ = ["Login", "netrc_lookup"]


class Login(NamedTuple):
    """What an entry says: a user, a password, either or both."""

    user: str | None
    password: Secret | None


def netrc_lookup(path: bool | Path, host: str, user: str | None) -> Login | None:
    """What a netrc file has for exactly this host, as written, and this user if one is named.

    The `default` entry is not used: it would give a password to any host whatever.

    Raises:
        FileError: others can read a file that holds the password; or a file that was named cannot be read (exit code
        26). UsageError: the file is malformed.
    """
    named = not isinstance(path, bool)
    file = Path(os.environ.get("NETRC") or "~/.netrc") if isinstance(path, bool) else path
    try:
        data, status = read_settings(file.expanduser())
        text = data.decode("utf-8-sig")
    except RuntimeError:  # nobody's home is known
        return None
    except FileNotFoundError:
        if not named:
            return None
        raise FileError(f"cannot read {file}: no such file", filename=str(file), exit_code=26) from None
    except UnicodeDecodeError as error:
        raise FileError(f"{file} is no UTF-8", filename=str(file), exit_code=26) from error
    entries = _parse_netrc(text, file)
    for machine, login, password in entries:
        if machine.lower() != host.lower() or (user is not None and login != user):
            continue
        if password is not None and (status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or _foreign(status.st_uid)):
            raise FileError(
                f"{file} holds a password that others can read",
                filename=str(file),
                hint=f"chmod 600 {file}",
                exit_code=26,
            )
        return Login(login, None if password is None else Secret(password))
    return None


def _foreign(owner: int) -> bool:
    return hasattr(os, "getuid") and owner not in (os.getuid(), 0)


_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_ESCAPED = re.compile(r"\\(.)")
_FIELDS = {"login": 0, "user": 0, "account": 1, "password": 2}


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(match[1], match[1])


def _parse_netrc(text: str, file: Path) -> list[tuple[str, str | None, str | None]]:
    """(machine, login, password) of each entry in order; several of one machine are kept, unlike the stdlib's."""
    entries: list[tuple[str, list[str | None]]] = []
    wanted: str | None = None  # the keyword whose value comes next
    in_macro = False
    for number, line in enumerate(text.splitlines(), 1):
        if in_macro:
            in_macro = bool(line.strip())
            continue
        for match in _TOKEN.finditer(line):
            token = match[2] if match[1] is None else _ESCAPED.sub(_unescaped, match[1])
            keyword = token.lower()
            if wanted == "machine":
                entries.append((token, [None, None, None]))
            elif wanted is not None:
                entries[-1][1][_FIELDS[wanted]] = token
            elif token.startswith("#"):
                break
            elif keyword == "macdef":
                in_macro = True
                break
            elif keyword == "default":
                entries.append(("", [None, None, None]))
            elif keyword != "machine" and not (keyword in _FIELDS and entries):
                raise UsageError(
                    f"{file}, line {number}: this is no netrc entry", hint="machine HOST login USER password PASSWORD"
                )
            wanted = keyword if wanted is None and keyword != "default" else None
    return [(name, values[0], values[2]) for name, values in entries if name]
