"""How a file is written: the old one whole until the new one is, whatever stands in the way."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import ChecksumError, FileError, TooLargeError, UnsupportedError, UsageError
from nettools.files import Destination, matcher, save_attachments, write_new, write_whole
from nettools.files.destination import CHEAP
from nettools.results import Attachment, Transfer

MOMENT = dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=dt.UTC)


def write(dest: Any, *blocks: bytes, offset: int = 0, **more: Any) -> Transfer:
    with Destination(dest, **more) as destination:
        destination.open(offset)
        for block in blocks:
            destination.write(block)
        return destination.commit(modified=MOMENT)


def test_a_file_gets_its_name_its_time_and_the_old_ones_permissions(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o640)
    done = write(path, b"new", b"er")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"newer", 0o640)
    assert path.stat().st_mtime == MOMENT.timestamp()
    assert (done.path, done.size, done.sha256) == (path, 5, hashlib.sha256(b"newer").hexdigest())
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_the_old_file_is_whole_and_the_part_stays(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with Destination(path) as destination:
        destination.open()
        destination.write(b"ne")
    assert path.read_bytes() == b"old"
    assert (tmp_path / "x.part").read_bytes() == b"ne"


def test_a_process_that_is_killed_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    script = (
        "import os, sys\nfrom nettools.files import Destination\n"
        "with Destination(sys.argv[1]) as d:\n d.open()\n d.write(b'ne')\n os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert write(path, b"new").size == 3


def test_what_never_began_leaves_nothing(tmp_path: Path) -> None:
    with Destination(tmp_path / "x") as destination:
        destination.open()
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_or_too_much_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ChecksumError, match="sha256:"):
        write(tmp_path / "x", b"data", checksum="sha256:" + "0" * 64)
    with pytest.raises(TooLargeError, match="max_size=3"):
        write(tmp_path / "x", b"da", b"ta", max_size=3)
    assert list(tmp_path.iterdir()) == []
    assert write(tmp_path / "x", b"data", checksum="md5:" + hashlib.md5(b"data").hexdigest()).size == 4


@pytest.mark.parametrize("text", ["sha256", "sha256:xyz", "crc32:00000000", ":", "sha256:" + "g" * 64])
def test_what_is_no_checksum_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="is no checksum"):
        Destination(None, checksum=text)


def test_a_folder_keeps_what_it_has_and_numbers_what_is_new(tmp_path: Path) -> None:
    names = [write(str(tmp_path) + "/", b"x", name="../a.txt").path for _ in range(3)]
    assert [each and each.name for each in names] == ["a.txt", "a (1).txt", "a (2).txt"]
    made = write_new(tmp_path / "new", "", b"x")
    assert made == tmp_path / "new" / "download"


def test_a_free_number_is_found_without_trying_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", *(f"a ({number}).txt" for number in range(1, 201))):
        (tmp_path / name).touch()
    looks: list[object] = []
    there = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: looks.append(path) or there(path))
    assert write_new(tmp_path, "a.txt", b"x").name == "a (201).txt"
    assert len(looks) < 40


def test_a_folder_without_hard_links_does_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "not here")

    monkeypatch.setattr(os, "link", refuse)
    assert [write_new(tmp_path, "a", b"x").name for _ in range(2)] == ["a", "a (1)"]


def test_a_file_that_is_continued_in_a_folder_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"beg")
    with Destination(tmp_path, name="x", resume=True) as destination:
        assert destination.found() == (3, {})
        destination.open(3)
        destination.write(b"in")
        done = destination.commit()
    assert (done.path, done.resumed_from) == (tmp_path / "x", 3)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"begin")]


def test_the_note_tells_whose_part_it_is(tmp_path: Path) -> None:
    for url, expected in (("u://1", {"url": "u://1", "etag": "e"}), ("u://2", {"url": "another"})):
        with Destination(tmp_path / "x", url="u://1", validator={"etag": "e"}) as destination:
            destination.open()
            destination.write(b"part")
        assert Destination(tmp_path / "x", url=url, resume=True).found() == (4, expected)
    for text in ("[nonsense", "[" * 60_000, '"' + "x" * 70_000 + '"'):
        (tmp_path / "x.part.json").write_text(text)
        rest = Destination(tmp_path / "x", url="u://1", resume=True).rest()
        assert (rest.size, rest.note) == (4, None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_the_note_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"part")
    os.mkfifo(tmp_path / "x.part.json")
    with Destination(tmp_path / "x", url="u://1", validator={"etag": "e"}, resume=True) as destination:
        assert destination.rest().note is None
        destination.open()
        destination.write(b"whole")
        destination.commit()
    assert (tmp_path / "x").read_bytes() == b"whole"


def test_without_a_note_what_was_changed_later_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"part")
    rest = Destination(tmp_path / "x", resume=True).rest()
    assert rest.may_be_of(9, MOMENT)
    assert not rest.may_be_of(9, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert not rest.may_be_of(3, MOMENT)
    assert not rest.may_be_of(None, MOMENT)


def test_two_transfers_do_not_write_one_part(tmp_path: Path) -> None:
    with Destination(tmp_path / "x") as first:
        first.open()
        first.write(b"1")
        with pytest.raises(FileError, match="another transfer"), Destination(tmp_path / "x") as second:
            second.open(1)  # it would go on with what the first is writing
        assert write(tmp_path / "x", b"2").path == tmp_path / "x"
        assert first.commit().path == tmp_path / "x"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"1"
    with Destination(str(tmp_path) + "/", name="y") as first:
        first.open()
        first.write(b"1")
        assert write(str(tmp_path) + "/", b"2", name="y").path == tmp_path / "y"
        assert first.commit().path == tmp_path / "y (1)"


@pytest.mark.parametrize("name", ["x.part", "x.part.json"])
def test_a_link_in_the_place_of_the_part_leads_nowhere(tmp_path: Path, name: str) -> None:
    treasure = tmp_path / "treasure"
    treasure.write_bytes(b"gold")
    (tmp_path / name).symlink_to(treasure)
    (tmp_path / "x").write_bytes(b"beg")
    with Destination(tmp_path / "x", resume=True) as destination:
        refused = contextlib.nullcontext() if name == "x.part.json" else pytest.raises(FileError, match="cannot write")
        with refused:
            destination.open(3)
    assert treasure.read_bytes() == b"gold"


@pytest.mark.parametrize(("size", "known"), [(CHEAP, True), (CHEAP + 1, False), (None, False)])
def test_the_digest_of_a_small_file_is_of_what_was_moved(tmp_path: Path, size: int | None, known: bool) -> None:
    data = b"x" * (size or 5)
    with Destination(tmp_path / "x") as destination:
        destination.expect(size)
        destination.open()
        destination.write(data)
        done = destination.commit()
    (tmp_path / "x").unlink()
    assert done.sha256 == (hashlib.sha256(data).hexdigest() if known else None)


def test_a_link_is_written_through_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    done = write("/dev/null", b"data")
    assert (done.path, done.size, done.sha256) == (Path("/dev/null"), 4, hashlib.sha256(b"data").hexdigest())
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert not Path("/dev/null.part").exists()


def test_a_full_disk_is_a_file_error_with_a_hint() -> None:
    with pytest.raises(FileError, match="no space left") as caught:
        write("/dev/full", b"data")
    assert caught.value.exit_code == 23
    assert "resume" in (caught.value.hint or "")


def test_what_cannot_be_written_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "x", tmp_path / "none" / "x", tmp_path / ("n" * 300)):
        with pytest.raises(FileError) as caught:
            write(path, b"x")
        assert caught.value.exit_code == 23


@pytest.mark.parametrize("dest", ["", "a\0b", 3, object(), b"\0"])
def test_what_is_no_destination_is_a_usage_error(dest: Any) -> None:
    with pytest.raises(UsageError, match="dest="):
        Destination(dest)


class Slow(io.RawIOBase):
    """Takes three octets at a time, as a raw file may."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        self.data += bytes(block[:3])
        return min(3, len(block))


def test_a_binary_file_gets_everything(tmp_path: Path) -> None:
    slow = Slow()
    done = write(slow, b"a longer text")
    assert (slow.data, done.path, done.data) == (b"a longer text", None, None)
    assert done.sha256 == hashlib.sha256(b"a longer text").hexdigest()


@pytest.mark.parametrize("make", [io.StringIO, lambda: io.BytesIO(b"") if False else _closed()])
def test_a_file_that_takes_no_bytes_is_a_file_error(make: Callable[[], Any]) -> None:
    with pytest.raises(FileError, match="cannot write"):
        write(make(), b"x")


def _closed() -> io.BytesIO:
    file = io.BytesIO()
    file.close()
    return file


def test_what_was_written_is_taken_back_where_that_can_be(tmp_path: Path) -> None:
    for dest in (None, tmp_path / "x", io.BytesIO(b"")):
        with Destination(dest) as destination:
            destination.open()
            destination.write(b"wrong")
            destination.restart()
            destination.write(b"right")
            done = destination.commit()
        assert done.sha256 == hashlib.sha256(b"right").hexdigest()
    with Destination(Slow()) as destination:
        destination.write(b"wrong")
        with pytest.raises(UnsupportedError, match="taken back"):
            destination.restart()


def test_a_digest_is_worked_out_when_it_is_asked_for_of_what_was_written(tmp_path: Path) -> None:
    done = write(tmp_path / "x", b"data")
    assert pickle.loads(pickle.dumps(done)).sha256 == hashlib.sha256(b"data").hexdigest()
    changed = write(tmp_path / "y", b"data")
    (tmp_path / "y").write_bytes(b"something else")
    assert changed.sha256 is None
    assert write(None, b"data").to_dict()["sha256"] == hashlib.sha256(b"data").hexdigest()


def test_files_that_are_here_whole(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "x", b"1").read_bytes() == b"1"


def attached(*names: str | None) -> list[Attachment]:
    """Attachments of these names; each holds its place."""
    return [Attachment(name, "application/pdf", b"%d" % place) for place, name in enumerate(names)]


def test_attachments_that_are_wanted_get_names_of_their_own(tmp_path: Path) -> None:
    attachments = attached("A.PDF", "b.txt", None, "a.pdf", "A.PDF")
    saved = save_attachments(attachments, tmp_path / "new", matcher("*.pdf"))
    assert [(path.name, path.read_bytes()) for path in saved] == [("A.PDF", b"0"), ("a.pdf", b"3"), ("A (1).PDF", b"4")]
    assert [path.name for path in save_attachments(attachments[2:3], tmp_path, matcher(None))] == ["part-1"]
    with pytest.raises(UsageError):
        matcher(b"*.pdf")  # type: ignore[arg-type]


def test_files_of_one_message_are_flushed_together_and_the_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    saved = save_attachments(attached(*["same.txt"] * 40), tmp_path, matcher(None))
    assert [path.read_bytes() for path in saved] == [b"%d" % n for n in range(40)]
    assert (flushed.count(False), flushed.count(True)) == (40, 2)
    assert {path.suffix for path in tmp_path.iterdir()} == {".txt"}


def test_a_file_that_cannot_be_written_costs_none_of_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Destination.write

    def full(self: Destination, block: bytes) -> None:
        if block == b"2":
            raise FileError("no room")
        real(self, block)

    monkeypatch.setattr(Destination, "write", full)
    with pytest.raises(FileError, match="no room"):
        save_attachments(attached("a", "b", "c", "d"), tmp_path, matcher(None))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_with_everything_here_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"data")
    good, bad = "sha256:" + hashlib.sha256(b"data").hexdigest(), "sha256:" + "0" * 64
    done = Destination(tmp_path / "x", resume=True, checksum=good).whole(MOMENT)
    assert (done.size, done.resumed_from) == (4, 4)
    with pytest.raises(ChecksumError):
        Destination(tmp_path / "x", resume=True, checksum=bad).whole()
    (tmp_path / "y.part").write_bytes(b"whole part")
    with Destination(tmp_path / "y", resume=True) as destination:
        destination.whole(MOMENT)
    assert (tmp_path / "y").read_bytes() == b"whole part"
