"""Values in FTP replies, as servers that nobody asked to do so write them."""

from __future__ import annotations

import datetime as dt

import pytest

from nettools.errors import ProtocolError
from nettools.parse.ftp_reply import parse_epsv, parse_feat, parse_mdtm, parse_pasv, parse_pwd, parse_reply, parse_size


@pytest.mark.parametrize(
    ("reply", "port"),
    [
        (b"229 Entering Extended Passive Mode (|||6446|)", 6446),
        (b"229 Extended Passive Mode OK |||6446|", 6446),
        (b"229 Ok (!!!6446!)", 6446),
        (b"229 Ok (|1|192.0.2.7|6446|)", 6446),
        (b"229 Ok (|2|2001:db8::1|6446|)", 6446),
    ],
)
def test_the_port_of_epsv_is_found(reply: bytes, port: int) -> None:
    assert parse_epsv(reply) == port


@pytest.mark.parametrize("reply", [b"229 (|||0|)", b"229 (|||65536|)", b"229 (1116446 1)", b"229 ok", b"229 (|||-1|)"])
def test_what_is_no_port_is_none(reply: bytes) -> None:
    with pytest.raises(ProtocolError, match="answer to EPSV"):
        parse_epsv(reply)


def test_the_address_of_pasv_is_found_behind_any_words() -> None:
    assert parse_pasv("227 Passive 10.0.0.1 =127,0,0,1,4,1") == ("127.0.0.1", 1025)
    for reply in ("227 (127,0,0,1,0,0)", "227 (256,0,0,1,4,1)", "227 (127,0,0,1,4)", "227 (127,0,0,1,4,1000)"):
        with pytest.raises(ProtocolError, match="answer to PASV"):
            parse_pasv(reply)


@pytest.mark.parametrize(
    ("reply", "moment"),
    [
        (b"213 20030129032611", "2003-01-29T03:26:11"),
        (b"213 20030129032611.5", "2003-01-29T03:26:11.500000"),
        (b"213 20030129032660", "2003-01-29T03:26:59"),
        (b"213 191030129032611", "2003-01-29T03:26:11"),
        (b"20030129032611", "2003-01-29T03:26:11"),
    ],
)
def test_times_are_read_with_fractions_leap_seconds_and_the_year_19103(reply: bytes, moment: str) -> None:
    assert parse_mdtm(reply) == dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("reply", [b"213 20031329032611", b"213 2003", b"213 x", b"213 200301290326111"])
def test_what_is_no_time_is_none(reply: bytes) -> None:
    with pytest.raises(ProtocolError, match="answer to MDTM"):
        parse_mdtm(reply)


def test_sizes_are_digits_and_perhaps_a_unit() -> None:
    assert [parse_size(each) for each in (b"213 12", b"213   12 \r\n", b"213 12 bytes", b"12")] == [12] * 4
    for reply in (b"213 -1", b"213 1e3", b"213 " + b"9" * 30, "213 \u0662".encode()):
        with pytest.raises(ProtocolError, match="answer to SIZE"):
            parse_size(reply)


def test_the_path_of_pwd_is_quoted_doubled_or_bare() -> None:
    assert parse_pwd(b'257 "/a ""b"" c" is it') == '/a "b" c'
    assert parse_pwd(b"257 /bare is it") == "/bare"
    assert parse_pwd(b'257 current directory is "/x"') == "/x"
    with pytest.raises(ProtocolError, match="answer to PWD"):
        parse_pwd(b'257 "nowhere')


def test_features_that_stand_there_twice_keep_both_parameters() -> None:
    data = b"211-Features\r\n AUTH TLS\r\n\tauth  SSL \r\n211-UTF8\r\n MLST size*;\r\n211 End\r\n"
    assert parse_feat(data) == {"AUTH": "TLS SSL", "UTF8": "", "MLST": "size*;"}
    assert parse_feat(b"211 no features") == {}


@pytest.mark.parametrize("data", [b"", b"hello", b"99 no", b"700 no", b"220-a\r\nb\r\n", b"220 a\r\n220 b\r\n", b"220"])
def test_a_reply_has_a_code_and_a_last_line(data: bytes) -> None:
    if data == b"220":
        assert parse_reply(data).code == 220
        return
    with pytest.raises(ProtocolError):
        parse_reply(data)
