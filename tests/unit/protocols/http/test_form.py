"""Bodies: what they hold, how long they are, and that nothing is read before it is sent."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from nettools import FileError, UsageError
from nettools.protocols.http.form import make_body
from nettools.protocols.http.message import head


def whole(body: Any) -> bytes:
    return b"".join(body.blocks())


def test_a_file_is_sent_from_where_it_stands_as_often_as_it_is_asked_for() -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    body = make_body(file, None, None)
    assert (body.size, body.repeatable) == (6, True)
    assert whole(body) == whole(body) == b"456789"


def test_what_cannot_be_read_again_is_sent_in_chunks_once() -> None:
    body = make_body(iter([b"a", b"", bytearray(b"b")]), None, None)
    assert (body.size, body.repeatable, whole(body)) == (None, False, b"ab")
    body = make_body((block for block in ["text"]), None, None)
    with pytest.raises(UsageError):
        whole(body)


def test_a_promised_length_is_kept() -> None:
    body = make_body(iter([b"abc"]), None, None)
    assert b"Content-Length: 3\r\n" in head("POST", "/", [], [("Content-Length", "3")], body)
    assert whole(body) == b"abc"
    for length in ("2", "4"):
        body = make_body(iter([b"abc"]), None, None)
        head("POST", "/", [], [("content-length", length)], body)
        with pytest.raises(UsageError):
            whole(body)


@pytest.mark.parametrize(
    "own", [("Content-Length", "4"), ("Content-Length", "x"), ("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "")]
)
def test_a_framing_that_contradicts_the_body_is_refused(own: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        head("POST", "/", [], [own], make_body(b"abc", None, None))


def test_chunks_can_be_asked_for() -> None:
    written = head("POST", "/", [], [("Transfer-Encoding", "chunked")], make_body(io.BytesIO(b"x"), None, None))
    assert b"Transfer-Encoding: chunked" in written
    assert b"Content-Length" not in written


def test_a_form_with_a_stream_has_no_length_and_one_with_files_has() -> None:
    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return 0

    assert make_body(None, None, {"f": Pipe()}).size is None
    body = make_body([("a", 1), ("a", ["x", b"y"]), ("none", None)], None, [("f", ("n", io.BytesIO(b"content")))])
    assert body.size == len(whole(body))
    assert whole(body).count(b'name="a"') == 3
    text = make_body(None, None, {"t": (None, "plain"), 'na"me': ("fi\r\nle", b"", "a/b"), "b": b"raw"})
    octets = whole(text)
    assert b'name="t"\r\n\r\nplain' in octets
    assert b'name="na%22me"; filename="fi%0D%0Ale"\r\nContent-Type: a/b' in octets


def test_a_file_that_shrinks_or_is_not_there_is_a_local_error(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 10)
    body = make_body(None, None, {"f": path})
    path.write_bytes(b"x" * 5)
    with pytest.raises(FileError) as caught:
        whole(body)
    assert caught.value.exit_code == 26
    path.unlink()
    with pytest.raises(FileError):
        whole(body)
    for missing in (path, str(path), tmp_path, "a\0b"):
        with pytest.raises((FileError, UsageError)):
            make_body(None, None, {"f": missing})


@pytest.mark.parametrize(
    ("data", "files"),
    [
        (3, None), (io.StringIO("x"), None), ("\ud800", None), ({"a": "\ud800"}, None),
        (None, {"f": 3}), (None, {"f": ("a", "b", "c", "d")}), (None, {"f": ("a", b"b", "c\r\nd")}), (None, [1]),
        (None, {1: b""}), ({1: 2}, {"f": b""}), (None, {"f": ("n", io.StringIO("x"))}),
    ],
)  # fmt: skip
def test_what_is_no_body_is_refused(data: Any, files: Any) -> None:
    with pytest.raises(UsageError):
        make_body(data, None, files)


def test_a_file_that_gives_text_or_fails_is_refused_when_it_is_read() -> None:
    class Odd:
        def __init__(self, value: Any) -> None:
            self.value = value

        def read(self, size: int) -> Any:
            if isinstance(self.value, Exception):
                raise self.value
            return self.value

    with pytest.raises(UsageError):
        whole(make_body(Odd("text"), None, None))
    with pytest.raises(FileError):
        whole(make_body(Odd(OSError("broken")), None, None))
