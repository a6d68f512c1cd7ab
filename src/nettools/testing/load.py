"""A World from plain files, and into them: `nettools serve --load DIR --save DIR`.

files/**                       the tree of files
mail/USER[/FOLDER]/*.eml       messages; a Maildir (cur, new, tmp) or an mbox file named FOLDER.mbox is taken too
news/GROUP/*.eml               articles
users.toml                     NAME = "password"

Files have their times, and messages the time of their arrival. What is saved is loaded again: a folder whose messages
have flags is saved as a Maildir, which keeps them (keywords are not kept), any other as .eml files.
"""

from __future__ import annotations

import datetime as dt
import json
import mailbox
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from nettools.testing.world import Folder, Group, World

__all__ = ["load_world", "save_world"]

PARTS = ("files", "mail", "news", "users.toml")
MAILDIR = ("cur", "new", "tmp")

MAILDIR_FLAGS = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "D": "\\Draft", "T": "\\Deleted"}


def load_world(world: World, folder: str | os.PathLike[str]) -> World:
    """Put what a folder holds into a World.

    Raises:
        ValueError: it holds something else, or a user that nobody knows; the message says what.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"{root} is no folder")
    _check_folder(root)
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


def _check_folder(root: Path) -> None:
    for entry in sorted(root.iterdir()):
        if entry.name not in PARTS or entry.is_dir() == (entry.name == "users.toml"):
            raise ValueError(f"{entry.name} is neither files/, mail/, news/ nor users.toml")


def _users(world: World, path: Path) -> None:
    if not path.exists():
        return
    try:
        users = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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
    entries = sorted(place.iterdir())
    if {"cur", "new"} <= {each.name for each in entries}:
        _maildir(_folder(world, user, name), place)
        entries = [entry for entry in entries if entry.name not in MAILDIR]
    elif not entries:
        _folder(world, user, name)
    for entry in entries:
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
            _folder(world, user, name).append(_crlf(entry.read_bytes()), internaldate=_time(entry))
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
            folder.append(_crlf(path.read_bytes()), flags=flags, internaldate=_time(path))


def _time(path: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).replace(microsecond=0)


# --- into files


def save_world(world: World, folder: str | os.PathLike[str]) -> None:
    """Write a World as plain files; what was saved there before is replaced, and nothing else is.

    Raises:
        ValueError: the folder holds something else, or a name cannot be one of a file.
    """
    root = Path(folder)
    if root.is_dir():
        _check_folder(root)
    new = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.absolute().parent))
    try:
        _write(world, new)
        root.mkdir(exist_ok=True)
        for name in PARTS:
            _remove(root / name)
            if (new / name).exists():
                os.replace(new / name, root / name)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write(world: World, root: Path) -> None:
    pairs = (f"{json.dumps(name)} = {json.dumps(password)}\n" for name, password in world.users.items())
    (root / "users.toml").write_text("".join(pairs), "utf-8")
    for name in world.files:
        file = world.files.file(name)
        if file is not None:
            _put(_inside(root / "files", *name.split("/")), file.data, file.modified)
    for user, box in world.mail.items():
        for name, messages in box.folders.items():
            place = _inside(root / "mail", user, *([] if name == "INBOX" else name.split("/")))
            place.mkdir(parents=True, exist_ok=True)
            _write_messages(place, messages)
    for name, group in world.groups.items():
        place = _inside(root / "news", name)
        place.mkdir(parents=True)
        for number, raw in group.articles.items():
            (place / f"{number:08}.eml").write_bytes(raw)


def _write_messages(place: Path, folder: Folder) -> None:
    letters = {flag: letter for letter, flag in MAILDIR_FLAGS.items()}
    flagged = any(flag in letters for message in folder for flag in message.flags)
    if flagged:
        for name in MAILDIR:
            (place / name).mkdir()
    for message in folder:
        info = "".join(sorted(letters[flag] for flag in message.flags if flag in letters))
        path = place / "cur" / f"{message.uid:08}:2,{info}" if flagged else place / f"{message.uid:08}.eml"
        _put(path, message.raw, message.internaldate)


def _put(path: Path, data: bytes, modified: dt.datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (modified.timestamp(), modified.timestamp()))


def _inside(root: Path, *parts: str) -> Path:
    """A path below a folder, of names that are names."""
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\0" in part:
            raise ValueError(f"{part!r} cannot be the name of a file")
    return root.joinpath(*parts)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
