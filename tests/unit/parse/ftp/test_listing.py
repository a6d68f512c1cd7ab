"""Lines of LIST that no sample has, family by family."""

from __future__ import annotations

import datetime as dt
import pickle
import time

import pytest

from nettools.parse.ftp_listing import parse_listing
from nettools.results import FileEntry

TODAY = dt.date(2026, 11, 25)


def read(text: str, **more: object) -> FileEntry:
    (entry,) = parse_listing(text.encode(), today=TODAY, **more)  # type: ignore[arg-type]
    return entry


def facts(entry: FileEntry) -> tuple[object, ...]:
    when = None if entry.modified is None else f"{entry.modified:%Y-%m-%dT%H:%M:%S}"
    length = {"day": 10, "minute": 16, "second": 19, None: 0}[entry.precision]
    return entry.kind, entry.size, when and when[:length], entry.name


UNIX = [
    ("-rw-r--r-- 1 u g 5 Jan 29 00:00 midnight", ("file", 5, "2026-01-29T00:00", "midnight")),
    ("-rw-r--r-- 1 u g 5 Jan 29 00:00  led by a blank", ("file", 5, "2026-01-29T00:00", " led by a blank")),
    ("-rw-r--r-- 1 u g 5 Dec 31 2019 New Year 2019 12:00 x", ("file", 5, "2019-12-31", "New Year 2019 12:00 x")),
    ("-rw-r--r-- 1 u g 5 Jan 29 00:00 x -> y", ("file", 5, "2026-01-29T00:00", "x -> y")),
    ("-rw-r--r-- 1 u g 5 Feb 29 00:00 leap", ("file", 5, "2024-02-29T00:00", "leap")),
    ("-rw-r--r-- 1 u g 5 Nov 26 01:00 a zone ahead", ("file", 5, "2026-11-26T01:00", "a zone ahead")),
    ("-rw-r--r-- 1 u g 5 Nov 27 01:00 last year", ("file", 5, "2025-11-27T01:00", "last year")),
    ("-rw-r--r-- 1 123 Jan 29 2003 neither owner nor group", ("file", 123, "2003-01-29", "neither owner nor group")),
    ("-rw-r--r-- 1 CORP\\al Domain Users 12 Jan 29 2003 x", ("file", 12, "2003-01-29", "x")),
    ("-rw-r--r--+ 1 u g 1,234,567 Jan  2 12:00 grouped", ("file", 1234567, "2026-01-02T12:00", "grouped")),
    ("-rw-r--r--@ 1 u g 1.5K Jan  2 12:00 human", ("file", 1536, "2026-01-02T12:00", "human")),
    ("-rw-r--r--. 1 u g 3M Jan  2 12:00 human", ("file", 3 << 20, "2026-01-02T12:00", "human")),
    ("-rw-r--r-- 1 u g 123 29-Jan-2003 03:26 dashes", ("file", 123, "2003-01-29T03:26", "dashes")),
    ("-rw-r--r-- 1 u g 123 Mon Jan 29 03:26:11 2003 whole", ("file", 123, "2003-01-29T03:26:11", "whole")),
    ("-rw-r--r-- 1 u g 123 2003-01-29 03:26:11.1234 +0100 iso", ("file", 123, "2003-01-29T03:26:11", "iso")),
    ("-rw-r--r-- 1 u g 123 2003-01-29 iso", ("file", 123, "2003-01-29", "iso")),
    ("  1234   8 -rw-r--r-- 1 u g 123 Jan 29 03:26 inode", ("file", 123, "2026-01-29T03:26", "inode")),
    ("crw-rw-rw- 1 root root 1, 3 Jan 29 03:26 null", ("other", None, "2026-01-29T03:26", "null")),
    ("brw-rw---- 1 root disk 8,0 Jan 29 03:26 sda", ("other", None, "2026-01-29T03:26", "sda")),
    ("prw-r--r-- 1 u g 0 Jan 29 03:26 pipe", ("other", 0, "2026-01-29T03:26", "pipe")),
    ("-rw-r--r-- 1 u g 123 févr. 12 14:00 x", ("file", 123, "2026-02-12T14:00", "x")),
    ("-rw-r--r-- 1 u g 123 12 août 14:00 x", ("file", 123, "2026-08-12T14:00", "x")),
    ("-rw-r--r-- 1 u g 123 12. März 2004 x", ("file", 123, "2004-03-12", "x")),
    ("-rw-r--r-- 1 u g 123 Мая 12 14:00 x", ("file", 123, "2026-05-12T14:00", "x")),
    ("-rw-r--r-- 1 u g 123 kesä 12 14:00 x", ("file", 123, "2026-06-12T14:00", "x")),
    ("-rw-r--r-- 1 u g 123 12월 19 2003 x", ("file", 123, "2003-12-19", "x")),
    ("-rw-r--r-- 1 u g 123 2018年 7月  16日 x", ("file", 123, "2018-07-16", "x")),
    ("-rw-r--r-- 1 u g 123 3 29 03:26 months by number", ("file", 123, "2026-03-29T03:26", "months by number")),
    ("-rw-r--r-- 1 u g 123 09-26 2000 and no clock", ("file", 123, "2000-09-26", "and no clock")),
    ("frw-r--r-- 1 14 staff 119926 Aug 22  2000 f is a file", ("file", 119926, "2000-08-22", "f is a file")),
    ("Drw-r--r-- 1 root root 0 Jan 29 03:26 door", ("other", 0, "2026-01-29T03:26", "door")),
    ("-rw-r--r-- 0 18446744073709551616 1 Nov 16 2006 huge", ("file", 1, "2006-11-16", "huge")),
    ("-rw-r--r-- 1 u g 18446744073709551616 Nov 16 2006 huge", ("file", 1 << 64, "2006-11-16", "huge")),
    ("-rw-r--r-- 1 u g 123 8\u008c\u008e 17\u0093ú 20:10 x", ("file", 123, "2026-08-17T20:10", "x")),
]
PC = [
    ("11/04/2018  11:12 AM    <DIR>          with spaces", ("dir", None, "2018-11-04T11:12", "with spaces")),
    ("19.03.2012  15:13    <DIR>          Tag zuerst", ("dir", None, "2012-03-19T15:13", "Tag zuerst")),
    ("19/03/2012  15:13        1,234 day first", ("file", 1234, "2012-03-19T15:13", "day first")),
    ("10-27-15  12:46AM                  12 a <DIR> b", ("file", 12, "2015-10-27T00:46", "a <DIR> b")),
    ("2016-10-11  10:15        1,234,567 a b.txt", ("file", 1234567, "2016-10-11T10:15", "a b.txt")),
    ("07-17-09  12:08PM    <JUNCTION>     x [C:\\y]", ("link", None, "2009-07-17T12:08", "x")),
    ("   123      A          04-05-97   08:55  os2", ("file", 123, "1997-04-05T08:55", "os2")),
    (" 1123 DIR  A    10-05-100   23:38  C's year", ("dir", None, "2000-10-05T23:38", "C's year")),
    ("d [R----F--] supervisor  512   Jan 16 18:53    login", ("dir", None, "2026-01-16T18:53", "login")),
    ("- [R----F--] rhesus   214059   20 Oct 2001    cx.exe", ("file", 214059, "2001-10-20", "cx.exe")),
]
HOSTS = [
    ("CORE.DIR;1          1  8-SEP-1996 16:09 [SYSTEM] (RWE,RWE,RE,RE)", ("dir", None, "1996-09-08T16:09", "CORE")),
    ("PEX26F 3390 2017/07/03  115807  FB  29600 29600  PS  NO.GAP", ("file", None, "2017-07-03", "NO.GAP")),
    ("Migrated                          FILE1.I", ("file", None, None, "FILE1.I")),
    ("V43525 Tape                       X.Y.Z", ("file", None, None, "X.Y.Z")),
    ("ARCIVE Not Direct Access Device   KJ.ERROR", ("file", None, None, "KJ.ERROR")),
    ("B6SPEC 3390   **NONE**    1  15  VB     256  27998  PO  'DS.N'", ("dir", None, None, "DS.N")),
    ("Pseudo Directory A.B", ("dir", None, None, "A.B")),
    ("IBMUSER1  JOB01906  OUTPUT    3 Spool Files", ("file", None, None, "JOB01906")),
    (
        "ENDTRACE TCPIP    F  80  2  1 1999-07-28 12:24:01 TCM191",
        ("file", 160, "1999-07-28T12:24:01", "ENDTRACE.TCPIP"),
    ),
    ("README   ANONYMOU V  71 26  1 4/02/97 12:33:20 TCP291", ("file", None, "1997-04-02T12:33:20", "README.ANONYMOU")),
    ("GNU      DIR      -   -  -  - 1998-04-02 12:33:20 -", ("dir", None, "1998-04-02T12:33:20", "GNU")),
    ('IARPTS01   101   16354 18-Mar-98 18:48:38 244, 10 "nnnn"', ("file", 16354, "1998-03-18T18:48:38", "IARPTS01")),
    ("QSYS   77824 02/23/00 15:09:55 *DIR       AAA/", ("dir", None, "2000-02-23T15:09:55", "AAA")),
    ("QUSER                          *MEM   M.FILE/A.MBR", ("file", None, None, "M.FILE/A.MBR")),
    ("+i8388621.48594,m825718503,r,s280,\tdjb.html", ("file", 280, "1996-03-01T22:15:03", "djb.html")),
]


@pytest.mark.parametrize(("line", "expected"), UNIX + PC + HOSTS)
def test_a_line_is_read_as_its_family_means_it(line: str, expected: tuple[object, ...]) -> None:
    assert facts(read(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "total 12",
        "-rw-r--r-- 1 u g 5 Jan 29 00:00 .",
        "dxrwr-xr-x   2 root     root         4096 Aug 24  2001 letters in the wrong places",
        "-rw-r--r-- 1 u g 5 Feb 30 00:00 no such day",
        "20-05-97  03:31PM                  681 no such month",
        "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
        "04/13/24 *STMF",
        "-rw-r--r-- 1 u g 119:26 Aug 22  2000 a size that is none",
        "-rw-r--r-- 1 u g 6xx5 Feb 27 04:14 a size that is none",
        "A.TXT;1  11/18  14-APR-1997 12:45:27 PM  [G,O]  (RWED,,,)",
        "+no tab",
        "A.TXT;1  %RMS-E-PRV, insufficient privilege",
        "x" * 10_000,
    ],
)
def test_what_is_no_entry_is_left_out(line: str) -> None:
    assert parse_listing(line.encode(), today=TODAY) == ()


def test_a_time_with_a_zone_keeps_it() -> None:
    modified = read("-rw-r--r-- 1 u g 123 2003-01-29 03:26:11.1234 +0100 iso").modified
    assert modified == dt.datetime(2003, 1, 29, 2, 26, 11, tzinfo=dt.UTC)


def test_the_size_of_a_link_tells_which_arrow_is_meant() -> None:
    first, second = (
        read("lrwxrwxrwx 1 u g 6 Jan 29 00:00 a -> b -> target"),
        read("lrwxrwxrwx 1 u g 11 Jan 29 00:00 a -> b -> target"),
    )
    assert (first.name, first.target) == ("a -> b", "target")
    assert (second.name, second.target) == ("a", "b -> target")


def test_a_name_of_vms_may_have_a_line_of_its_own() -> None:
    data = (
        b"Directory X\r\n\r\nA-LONG-NAME.TXT;12\r\n      2/3   30-DEC-1996 17:44 [S] (RWED,,,)\r\n"
        b"B.TXT;1 1 30-DEC-1996 17:44\r\nTotal of 2 files\r\n"
    )
    assert [(each.name, each.size) for each in parse_listing(data)] == [("A-LONG-NAME.TXT", 1024), ("B.TXT", 512)]


def test_a_date_of_vms_may_have_a_line_of_its_own() -> None:
    data = (
        b"FREE.DIR;1  27/36\r\n   16-FEB-1999 10:01 [WEB,APACHE$WEB\r\n      (RWE,RWE,RE,RE)\r\n"
        b"ALONE.TXT;1\r\nB.TXT;1 1 30-DEC-1996 17:44\r\n"
    )
    assert [(each.name, each.kind) for each in parse_listing(data)] == [("FREE", "dir"), ("B.TXT", "file")]


@pytest.mark.parametrize("begin", ["-rw-r--r--", "A;1", "01-01-20 10:00", "a 5 01-01-20", "5 Dec 12, 2002 02:13 a"])
def test_a_line_of_blanks_costs_no_more_than_its_length(begin: str) -> None:
    def seconds(blanks: int) -> float:
        line = f"{begin}{' ' * blanks}5 x\n".encode()
        began = time.process_time()
        parse_listing(line * (80_000 // blanks), today=TODAY)
        return time.process_time() - began

    short = max(seconds(500), 0.005)
    assert any(seconds(8000) < 8 * short for _ in range(2))  # the square would be 16 times as long


def test_members_without_statistics_are_seen_behind_their_headline_only() -> None:
    members = (
        b" Name     VV.MM   Created       Changed      Size  Init   Mod   Id\r\nMEMBER1\r\n"
        b"MEMBER2  01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001\r\n"
    )
    assert [each.name for each in parse_listing(members)] == ["MEMBER1", "MEMBER2"]
    assert parse_listing(b"MEMBER1\r\n") == ()


def test_lines_end_in_any_way_and_names_in_no_encoding_are_kept() -> None:
    line = b"-rw-r--r-- 1 u g 5 Jan 29 2003 gr\xfcn"
    assert [each.name for each in parse_listing(line + b"\n" + line + b"\r\n" + line)] == ["grün"] * 3
    assert [each.name for each in parse_listing(line, encoding="cp437")] == ["gr\u207fn"]


def test_an_entry_is_a_whole_frozen_file_entry() -> None:
    entry = read("-rw-r--r-- 1 u g 5 Jan 29 2003 x")
    assert type(entry) is FileEntry
    assert pickle.loads(pickle.dumps(entry)) == entry
    assert entry == FileEntry("x", "x", "file", 5, entry.modified, "-rw-r--r--", entry.raw, precision="day")
    with pytest.raises(AttributeError):
        entry.size = 3  # type: ignore[misc]
