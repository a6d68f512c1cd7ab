"""A World from plain files, for `nettools serve --load DIR`.

files/**                       the tree of files
mail/USER[/FOLDER]/*.eml       messages; a Maildir (cur, new, tmp) or an mbox file named FOLDER.mbox is taken too
news/GROUP/*.eml               articles
users.toml                     NAME = "password"
"""

from __future__ import annotations

import datetime as dt
import mailbox
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from nettools.testing.world import Folder, Group, World

__all__ = ["load_world"]

MAILDIR_FLAGS = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "D": "\\Draft", "T": "\\Deleted"}


def load_world(world: World, folder: str | os.PathLike[str]) -> World:
    """Put what a folder holds into a World.

    Raises:
        ValueError: it holds something else, or a user that nobody knows; the message says what.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"{root} is no folder")
    for entry in sorted(root.iterdir()):
        if entry.name not in ("files", "mail", "news", "users.toml") or entry.is_dir() == (entry.name == "users.toml"):
            raise ValueError(f"{entry.name} is neither files/, mail/, news/ nor users.toml")
    _users(world, root / "users.toml")
    for path in _below(root / "files"):
        moment = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).replace(microsecond=0)
        world.files.put(path.relative_to(root / "files").as_posix(), path.read_bytes(), moment)
    _mail(world, root / "mail")
    for group in _folders(root / "news"):
        articles = world.groups.setdefault(group.name, Group(group.name))
        for path in _eml(group):
            articles.add(_crlf(path.read_bytes()))
    return world


def _users(world: World, path: Path) -> None:
    if not path.exists():
        return
    try:
        users = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"users.toml is no TOML: {error}") from None
    for name, password in users.items():
        if not isinstance(password, str):
            raise ValueError(f'users.toml: {name} = "password"')
        world.add_user(name, password)


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _folders(folder: Path) -> Iterator[Path]:
    """The folders of a folder that may hold nothing else."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir():
            raise ValueError(f"{entry.parent.name}/{entry.name} is no folder")
        yield entry


def _eml(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix != ".eml":
            raise ValueError(f"{folder.name}/{path.name} is no .eml file")
        yield path


def _crlf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _mail(world: World, folder: Path) -> None:
    for user in _folders(folder):
        if user.name not in world.users:
            raise ValueError(f"mail/{user.name}: there is no user {user.name}; users.toml names them")
        _mailbox(world, user.name, user, "INBOX")


def _mailbox(world: World, user: str, place: Path, name: str) -> None:
    """The messages of a folder, and the folders in it."""
    if {"cur", "new"} <= {each.name for each in place.iterdir()}:
        _maildir(_folder(world, user, name), place)
        return
    for entry in sorted(place.iterdir()):
        inner = entry.stem if name == "INBOX" else f"{name}/{entry.stem}"
        if entry.is_dir():
            _mailbox(world, user, entry, entry.name if name == "INBOX" else f"{name}/{entry.name}")
        elif entry.suffix == ".mbox":
            box = mailbox.mbox(str(entry), create=False)
            target = _folder(world, user, inner)
            for key in box.keys():  # noqa: SIM118  # iterating over an mbox parses every message
                target.append(_crlf(box.get_bytes(key)))
            box.close()
        elif entry.suffix == ".eml":
            _folder(world, user, name).append(_crlf(entry.read_bytes()))
        else:
            raise ValueError(f"mail/{user}/{entry.name} is no .eml file, .mbox file or folder")


def _folder(world: World, user: str, name: str) -> Folder:
    box = world.mail[user]
    return box.folders[name] if name in box.folders else box.create(name)


def _maildir(folder: Folder, place: Path) -> None:
    for part in ("cur", "new"):
        for path in sorted((place / part).iterdir()):
            letters = path.name.rpartition(":2,")[2] if ":2," in path.name else ""
            flags = [MAILDIR_FLAGS[letter] for letter in letters if letter in MAILDIR_FLAGS]
            folder.append(_crlf(path.read_bytes()), flags=flags)
