"""Trees down and up: what is moved, what is left alone, what is removed, and what may not be written here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import DeadlineError, FileError, NotFoundError, UsageError
from nettools.files import names

Site = Any
ALICE = {"auth": ("alice", "secret"), "tls": "off", "timeout": 20}


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


def lists(site: Site, *lines: str) -> None:
    """Whatever folder it is asked for, the server says this."""

    async def answer(client: Any, arg: str) -> str:
        text = "".join(f"type=file;size=1;modify=20200101000000; {line}\r\n" for line in lines)
        return str(await site.server.send(client, text.encode(), "lies"))

    async def retrieve(client: Any, arg: str) -> str:
        return str(await site.server.send(client, b"x", "a file"))

    site.server.do_MLSD, site.server.do_RETR = answer, retrieve


@pytest.mark.parametrize("name", ["con", "nul.txt", "a\x1b[2Jb", "a\u202eb", "back\\slash", ".."])
def test_names_that_cannot_be_files_here_are_told_and_the_rest_arrives(plain: Site, tmp_path: Path, name: str) -> None:
    lists(plain, name, "good")
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", **ALICE)
    assert report.transferred == ("good",)
    assert all(isinstance(error, FileError) for error in report.failed.values())
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["good"]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_mirror_has_one_deadline_for_all_its_files(plain: Site, tmp_path: Path, workers: int) -> None:
    plain.server.world.files.update({f"pub/{number}": b"x" for number in range(20)})
    plain.server.on("RETR").hang(optional=True)  # a busy machine may not come so far in time
    with pytest.raises(DeadlineError, match=r"not finished within 0\.5 s"):
        nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", workers=workers, **{**ALICE, "timeout": 0.5})
    assert len([line for line in plain.server.log.commands() if line.startswith("RETR")]) <= workers


@pytest.mark.skipif(os.name == "nt", reason="these are no names there")
def test_names_that_only_windows_forbids_arrive(plain: Site, tmp_path: Path) -> None:
    lists(plain, "a:b", 'a"b?')
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", **ALICE)
    assert report.failed == {}
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ['a"b?', "a:b"]


def test_names_that_are_one_here_are_not_both_written(
    plain: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_ignores_case", lambda folder: True)
    lists(plain, "Readme", "README")
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", **ALICE)
    assert report.transferred == ("Readme",)
    assert list(report.failed) == ["README"]


def test_links_in_the_way_are_left_alone(plain: Site, tmp_path: Path) -> None:
    target, outside = tmp_path / "m", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "sub").symlink_to(outside)
    (target / "hello.txt").symlink_to(outside / "treasure")
    report = nettools.ftp_mirror(plain.at("pub/"), target, delete=True, **ALICE)
    assert {"hello.txt", "sub", "sub/deep.txt"} <= set(report.failed)
    assert list(outside.iterdir()) == []


def test_one_file_that_fails_does_not_end_the_rest(plain: Site, tmp_path: Path) -> None:
    plain.server.on("RETR", arg="hello").reply("550 not for you, permission denied")
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", workers=3, **ALICE)
    assert list(report.failed) == ["hello.txt"]
    assert len(report.transferred) == 8


def test_a_mirror_down_removes_what_is_gone_and_the_folders_that_are_empty_then(plain: Site, tmp_path: Path) -> None:
    target = tmp_path / "m"
    nettools.ftp_mirror(plain.at("pub/"), target, **ALICE)
    (target / "old" / "deep").mkdir(parents=True)
    (target / "old" / "deep" / "file").write_bytes(b"")
    (target / "kept.part").write_bytes(b"")
    report = nettools.ftp_mirror(plain.at("pub/"), target, delete=True, **ALICE)
    assert report.deleted == ("old/deep/file",)
    assert not (target / "old").exists()
    assert (target / "kept.part").exists()


def test_a_mirror_up_removes_what_is_gone_folders_last(plain: Site, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    nettools.ftp_mirror(tmp_path, plain.at("copy"), **ALICE)
    for path in ("copy/gone/deep/y", "copy/a/z", "copy/z"):
        plain.server.world.files[path] = b""
    plan = nettools.ftp_mirror(tmp_path, plain.at("copy"), delete=True, dry_run=True, **ALICE)
    report = nettools.ftp_mirror(tmp_path, plain.at("copy"), delete=True, **ALICE)
    assert set(plan.deleted) == set(report.deleted) == {"gone/deep/y", "a/z", "z", "gone/deep/", "gone/"}
    assert [name for name in plain.server.world.files if name.startswith("copy")] == ["copy/a/x"]
    assert not plain.server.world.files.is_folder("copy/gone")


def test_what_changed_is_sent_again_and_with_it_its_time(plain: Site, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    os.utime(tmp_path / "x", (1_000_000_000, 1_000_000_000))
    assert nettools.ftp_mirror(tmp_path, plain.at("copy"), **ALICE).transferred == ("x",)
    file = plain.server.world.files.file("copy/x")
    assert file.modified.timestamp() == 1_000_000_000
    assert nettools.ftp_mirror(tmp_path, plain.at("copy"), **ALICE).skipped == ("x",)
    (tmp_path / "x").write_bytes(b"2")
    assert nettools.ftp_mirror(tmp_path, plain.at("copy"), **ALICE).transferred == ("x",)


def test_a_pattern_is_of_names_or_of_paths(plain: Site, tmp_path: Path) -> None:
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", pattern="*.txt", **ALICE)
    assert "sub/deep.txt" in report.transferred
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "n", pattern="sub/*", **ALICE)
    assert set(report.transferred) == {"sub/deep.txt", "sub/with space.txt"}


def test_sides_and_workers_are_checked(plain: Site, tmp_path: Path) -> None:
    for source, dest in ((plain.url, plain.url), ("a", "b")):
        with pytest.raises(UsageError, match="one side"):
            nettools.ftp_mirror(source, dest, **ALICE)
    for workers in (0, 33, True, "4"):
        with pytest.raises(UsageError, match="workers="):
            nettools.ftp_mirror(plain.url, tmp_path, workers=workers, **ALICE)  # type: ignore[arg-type]
    with pytest.raises(FileError) as caught:
        nettools.ftp_mirror(tmp_path / "none", plain.url, **ALICE)
    assert caught.value.exit_code == 26
    with pytest.raises(NotFoundError):
        nettools.ftp_mirror(plain.at("nix"), tmp_path / "m", **ALICE)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError) as caught:
        nettools.ftp_mirror(plain.at("pub"), tmp_path / "file", **ALICE)
    assert caught.value.exit_code == 23


def test_over_a_server_that_tells_minutes_only_nothing_is_fetched_twice(
    fake_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = fake_site("ftp", "plain", without={"MLSD", "MDTM"})
    first = nettools.ftp_mirror(site.at("pub/"), tmp_path / "m", **ALICE)
    assert len(first.transferred) == 9
    assert nettools.ftp_mirror(site.at("pub/"), tmp_path / "m", **ALICE).transferred == ()


@pytest.mark.parametrize(
    ("source", "dest", "code"),
    [
        ("nope://h/pub/", "here", 3),
        ("here", "http://h/pub/", 3),
        ("ftp://h:x/pub/", "here", 3),
        ("here", "there", 2),
        ("ftp://h/a/", "ftp://h/b/", 2),
    ],
)
def test_one_side_of_a_mirror_is_a_url_of_ftp(source: str, dest: str, code: int) -> None:
    with pytest.raises(nettools.UsageError) as caught:
        nettools.ftp_mirror(source, dest)
    assert caught.value.exit_code == code


EXCLUDE = [
    ("*.tmp", {"a.txt", "sub/b.txt", ".git/config", "sub/.git/config"}),
    (".git/", {"a.txt", "b.tmp", "sub/b.txt"}),
    (["sub/*", "*.tmp"], {"a.txt", ".git/config"}),
]


@pytest.mark.parametrize(("exclude", "wanted"), EXCLUDE)
def test_what_is_excluded_is_neither_transferred_nor_deleted_either_way(
    plain: Site, tmp_path: Path, exclude: Any, wanted: set[str]
) -> None:
    names = ("a.txt", "b.tmp", "sub/b.txt", ".git/config", "sub/.git/config")
    for name in names:
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(name.encode())
    up = nettools.ftp_mirror(tmp_path / "tree", plain.at("tree/"), exclude=exclude, **ALICE)
    assert set(up.transferred) == wanted
    for name in names:
        plain.server.world.files[f"all/{name}"] = name
    down = nettools.ftp_mirror(plain.at("all/"), tmp_path / "down", exclude=exclude, **ALICE)
    assert set(down.transferred) == wanted
    plain.server.world.files.make_folder("none")
    (tmp_path / "none").mkdir()
    emptied = nettools.ftp_mirror(tmp_path / "none", plain.at("all/"), exclude=exclude, delete=True, **ALICE)
    assert {name for name in emptied.deleted if not name.endswith("/")} == wanted
    assert not emptied.failed  # no folder is removed that what is excluded stays in
    emptied = nettools.ftp_mirror(plain.at("none/"), tmp_path / "tree", exclude=exclude, delete=True, **ALICE)
    assert set(emptied.deleted) == wanted


def test_a_folder_that_is_excluded_is_not_even_listed(plain: Site, tmp_path: Path) -> None:
    plain.server.world.files["all/.git/config"] = plain.server.world.files["all/a"] = "x"
    nettools.ftp_mirror(plain.at("all/"), tmp_path / "down", exclude=".git", **ALICE)
    assert not any(".git" in command for command in plain.server.log.commands())
    with pytest.raises(UsageError, match="exclude= is a str, or several"):
        nettools.ftp_mirror(plain.at("all/"), tmp_path / "down", exclude=3, **ALICE)  # type: ignore[arg-type]


def test_files_are_on_the_disk_and_their_folders_are_flushed_once(
    plain: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.server.world.files.update({f"many/{n}.txt": b"x" for n in range(20)} | {"many/below/y.txt": b"y"})
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(os.readlink(f"/proc/self/fd/{number}")))
    nettools.ftp_mirror(plain.at("many/"), tmp_path / "many", **ALICE)
    assert sorted(each for each in flushed if Path(each).is_dir()) == [
        str(tmp_path / "many"),
        str(tmp_path / "many/below"),
    ]
    assert len(flushed) == 21 + 2
