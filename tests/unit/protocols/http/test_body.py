"""Bodies of responses: compression undone, whole or octet by octet, within bounds; and the charset of a page."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest

from nettools import IncompleteError, MissingExtraError, TooLargeError, TransferError, UnsupportedError
from nettools.protocols.http import body
from nettools.protocols.http.body import charset_of, codings, decoded
from nettools.protocols.http.fields import media_type

zstd = body._module("zstd")
DATA = bytes(range(256)) * 300
RAW = zlib.compressobj(wbits=-15)
PACKED: dict[str, bytes] = {
    "gzip": gzip.compress(DATA[:1000]) + gzip.compress(DATA[1000:]),
    "x-gzip": gzip.compress(DATA) + b"\0" * 20,
    "deflate": zlib.compress(DATA),
    " DEFLATE": RAW.compress(DATA) + RAW.flush(),
    "br": brotli.compress(DATA),
    "zstd": zstd.compress(DATA[:5000]) + zstd.compress(DATA[5000:]),
    "identity": DATA,
    "gzip, identity, br": brotli.compress(gzip.compress(DATA)),
}


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[place : place + size] for place in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", PACKED)
def test_compression_is_undone_however_the_octets_come(name: str, size: int) -> None:
    assert b"".join(decoded(in_pieces(PACKED[name], size), name, None)) == DATA


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_is_cut_is_incomplete(name: str) -> None:
    with pytest.raises(IncompleteError):
        list(decoded(in_pieces(PACKED[name][:-3], 100), name, None))
    assert list(decoded(iter(()), name, None)) == []


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_nonsense_is_a_typed_error(name: str) -> None:
    with pytest.raises(TransferError):
        list(decoded(iter([b"this is nothing of the kind" * 10]), name, None))


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_stopped_at_the_limit(name: str) -> None:
    packed = BOMBS[name](bytes(50_000_000))
    taken: list[int] = []
    with pytest.raises(TooLargeError):
        taken.extend(len(block) for block in decoded(iter([packed]), name, 1_000_000))
    assert sum(taken) <= 1_000_000


def test_octets_behind_the_last_member_are_passed_over() -> None:
    assert b"".join(decoded(iter([gzip.compress(DATA) + b"garbage"]), "gzip", None)) == DATA
    assert b"".join(decoded(iter([zlib.compress(DATA), b"garbage"]), "deflate", None)) == DATA


def test_there_are_not_more_layers_than_make_sense() -> None:
    with pytest.raises(TransferError):
        list(decoded(iter([b""]), ", ".join(["gzip"] * 6), None))
    with pytest.raises(UnsupportedError):
        list(decoded(iter([b""]), "compress", None))


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_module", lambda coding: None)
    codings.cache_clear()
    assert codings() == ("gzip", "deflate")
    codings.cache_clear()
    with pytest.raises(MissingExtraError) as caught:
        list(decoded(iter([b""]), "br", None))
    assert "compression" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kind", "content", "charset"),
    [
        ("text/plain; charset=ISO-8859-1", b"x", "iso-8859-1"),
        ('text/plain; charset="utf-8"', b"x", "utf-8"),
        ("text/html", b'<meta charset="koi8-r">', "koi8-r"),
        ("text/html; charset=nonsense", b'<meta http-equiv=x content="text/html; charset=cp1251">', "cp1251"),
        ("text/html", b"<meta charset=hex>", "utf-8"),
        ("text/plain", b"\xef\xbb\xbfx", "utf-8-sig"),
        ("text/plain", b"\xff\xfex\0", "utf-16"),
        ("text/plain", b"caf\xe9", "cp1252"),
        ("application/json", b"{}", "utf-8"),
        ("image/svg+xml", b"<svg/>", "utf-8"),
        ("image/png", b"\x89PNG", None),
        ("", b"x", None),
    ],
)
def test_the_charset_of_a_page(kind: str, content: bytes, charset: str | None) -> None:
    assert charset_of(kind, content) == charset


@pytest.mark.parametrize(
    "long", ["a" * 60_000, "a" * 60_000 + " ", "a = " * 15_000, '"' * 60_000 + '"', "a" + " " * 60_000]
)
def test_a_type_is_read_once_from_its_beginning_to_its_end(long: str) -> None:
    kind, _ = media_type(f"text/html; {long}; charset=utf-8")  # from each character anew, it would be half a minute
    assert kind == "text/html"
