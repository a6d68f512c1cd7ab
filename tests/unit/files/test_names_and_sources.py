"""Names from elsewhere made harmless, and what is to be sent."""

from __future__ import annotations

import datetime as dt
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import FileError, UnsupportedError, UsageError
from nettools.files import CaseClashes, modified_of, open_source, safe_name, safe_path
from nettools.files import names as naming


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe"),
        ("..", "download"),
        ("", "download"),
        (".bashrc", "_bashrc"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("nul .txt", "_nul .txt"),
        ("a\0b\x1b[31m\u202egpj.exe", "a_b_[31m_gpj.exe"),
        ("trailing. . ", "trailing"),
        ("x" * 300 + ".tar.gz", "x" * 237 + ".gz"),
        ("gru\u0308n", "grün"),
    ],
)
def test_a_name_is_made_harmless(name: str, harmless: str) -> None:
    assert safe_name(name) == harmless


@given(st.text(max_size=60))
def test_any_name_becomes_one_component(name: str) -> None:
    made = safe_name(name)
    assert made not in ("", ".", "..")
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= 255 - len(".part.json")


@given(st.text(max_size=40))
def test_any_path_stays_below_its_folder(relative: str) -> None:
    folder = Path("/nonexistent/folder")
    try:
        path = safe_path(folder, relative)
    except FileError:
        return
    assert Path(os.path.normpath(path)).is_relative_to(folder)


def test_links_in_the_way_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "inner").symlink_to(folder)
    for relative, words in (
        ("link/x", "leads out"),
        ("link", "left alone"),
        ("a\\b", "no name"),
        ("a/../b", "no name"),
        ("n" * 241, "too long"),
    ):
        with pytest.raises(FileError, match=words):
            safe_path(folder, relative)
    assert safe_path(folder, "inner/x") == folder / "inner" / "x"


def test_names_that_the_file_system_takes_for_one_are_not_both_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clashes = CaseClashes(tmp_path)
    for name in ("Readme", "README", "readme"):
        clashes.check(name)  # where case matters they are three
    monkeypatch.setattr(naming, "_ignores_case", lambda folder: True)
    with pytest.raises(FileError, match="one and the same"):
        clashes.check("rEADME")
    (tmp_path / "a").write_bytes(b"")
    os.link(tmp_path / "a", tmp_path / "A")
    clashes.check("a")
    with pytest.raises(FileError, match="one and the same"):
        clashes.check("A")


@pytest.mark.parametrize("given_", [b"abc", bytearray(b"abc"), [b"a", b"bc"], (each for each in (b"", b"abc"))])
def test_a_source_is_bytes_or_gives_them(given_: Any) -> None:
    with open_source(given_) as source:
        assert b"".join(source) == b"abc"
        assert source.descriptor is None


def test_a_path_can_be_sent_by_the_system_from_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    with open_source(str(path)) as source:
        source.seek(4)
        assert (source.size, source.place, source.name) == (10, 4, str(path))
        assert source.descriptor is not None
        assert source.read() == b"456789"


def test_a_file_is_sent_from_where_it_is() -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(3)
    with open_source(file) as source:
        assert source.size == 7
        assert source.read(2) == b"34"
        source.seek(0)
        assert source.read() == b"3456789"


def test_what_cannot_be_read_is_exit_26(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, "a\0b"):
        with pytest.raises(FileError) as caught, open_source(path):
            pass
        assert caught.value.exit_code == 26


def broken() -> Any:
    yield b"a"
    raise RuntimeError("the generator broke")


@pytest.mark.parametrize(
    ("given_", "error"),
    [(3, UsageError), (["text"], UsageError), (io.StringIO("text"), UsageError), (broken(), FileError)],
)
def test_what_gives_no_bytes_is_said(given_: Any, error: type[Exception]) -> None:
    with pytest.raises(error), open_source(given_) as source:
        list(source)


def test_what_gives_its_octets_once_cannot_be_read_from_the_middle() -> None:
    with open_source(iter([b"abc"])) as source, pytest.raises(UnsupportedError):
        source.seek(1)


def test_newer_than_is_a_moment_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    os.utime(path, (0, 0))
    assert modified_of(path) == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert modified_of(tmp_path / "none") is None
    moment = dt.datetime(2020, 1, 1)  # noqa: DTZ001
    assert modified_of(moment) == moment.astimezone()
    with pytest.raises(UsageError, match="newer_than"):
        modified_of(object())  # type: ignore[arg-type]


@pytest.mark.skipif(os.name == "nt", reason="these are no names there")
def test_what_only_windows_forbids_is_a_name_here(tmp_path: Path) -> None:
    assert safe_path(tmp_path, 'a: "b"?/c|d') == tmp_path / 'a: "b"?' / "c|d"
    with pytest.raises(FileError):
        safe_path(tmp_path, "a\nb")
