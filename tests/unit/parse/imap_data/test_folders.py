"""Names of folders there and back, LIST, STATUS, NAMESPACE, QUOTA."""

from __future__ import annotations

import pytest

from nettools.errors import ProtocolError, UsageError
from nettools.parse.imap_data import (
    decode_folder,
    encode_folder,
    parse_list,
    parse_namespace,
    parse_quota,
    parse_quotaroot,
    parse_status,
)
from nettools.results import Folder


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("A & B", b"A &- B"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("~peter/台北/日本語", b"~peter/&U,BTFw-/&ZeVnLIqe-"),
        ("😀\t", b"&2D3eAAAJ-"),
        ("", b""),
    ],
)
def test_a_name_is_modified_utf_7_on_the_wire(name: str, wire: bytes) -> None:
    assert encode_folder(name) == wire
    assert decode_folder(wire) == name


@pytest.mark.parametrize("wire", [b"a&b", b"&", b"&AAA", b"&A-", b"&AOQ-&", b"&2D0-", b"&AOQ&AOQ-"])
def test_a_name_that_is_no_modified_utf_7_is_kept(wire: bytes) -> None:
    assert decode_folder(wire).encode() == wire


@pytest.mark.parametrize("wire", [b"Gr\xfc\xdfe", b"a\xff&AOQ-", b"\xc3\xa4\xe4"])
def test_octets_that_are_no_utf_8_go_back_as_they_came(wire: bytes) -> None:
    assert encode_folder(decode_folder(wire)) == wire


def test_a_name_in_utf_8_is_read_as_it_stands() -> None:
    assert decode_folder("Grüße &AOQ-".encode()) == "Grüße &AOQ-"


@pytest.mark.parametrize("name", ["a\rb", "a\nb", "a\0b", "\ud800"])
def test_a_name_that_no_folder_can_have_is_the_callers_error(name: str) -> None:
    with pytest.raises(UsageError):
        encode_folder(name)


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        (b'(\\HasNoChildren \\SENT) "/" Sent', Folder("Sent", "/", ("\\HasNoChildren", "\\SENT"), "\\Sent")),
        (b'(\\AllMail) "/" "[Gmail]/All Mail"', Folder("[Gmail]/All Mail", "/", ("\\AllMail",), "\\All")),
        (b"() NIL NIL", Folder("NIL", None)),
        (b'() "." {3}\r\na b\r\n', Folder("a b", ".")),
        (b'() "/" all my mail\r\n', Folder("all my mail", "/")),
        (b'() "/" ~peter and me', Folder("~peter and me", "/")),
        (b'() "" x', Folder("x", None)),
        (b'() "/" Foo ("CHILDINFO" ("SUBSCRIBED"))', Folder("Foo", "/")),
        (b'() "/" "Foo bar" (OLDNAME ("x"))', Folder("Foo bar", "/")),
    ],
)
def test_list_tells_a_folder(line: bytes, folder: Folder) -> None:
    assert parse_list(b"* LIST " + line) == folder


@pytest.mark.parametrize(
    "data", [b"* LIST", b"* LIST x y z", b"* LISTEN () NIL x", b'* LIST (a "/" b', b"* LIST () NIL {9}\r\nx"]
)
def test_what_is_no_list_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_list(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"* STATUS INBOX (MESSAGES 231 UIDNEXT 44292)\r\n", ("INBOX", {"messages": 231, "uidnext": 44292})),
        (b"* STATUS all my mail (UNSEEN 2)\r\n", ("all my mail", {"unseen": 2})),
        (b"* STATUS NIL (MAILBOXID (F22) SIZE 9 HIGHESTMODSEQ x)", ("NIL", {"size": 9})),
        (b"* STATUS {5}\r\na (b) (RECENT 0)\r\n", ("a (b)", {"recent": 0})),
        (b'* STATUS "&AOQ-" ()', ("ä", {})),
    ],
)
def test_status_tells_counts(data: bytes, value: object) -> None:
    assert parse_status(data) == value


def test_namespaces_are_prefixes_with_their_delimiters() -> None:
    data = b'* NAMESPACE (("" "/")("#mh/" "/" "X-PARAM" ("FLAG1" "FLAG2"))) (("&AOQ-." NIL)) NIL\r\n'
    assert parse_namespace(data) == ((("", "/"), ("#mh/", "/")), (("ä.", None),), None)


def test_quotas_have_their_use_and_their_limit() -> None:
    assert parse_quota(b'* QUOTA "" (STORAGE 10 512 MESSAGE 3 100)\r\n') == (
        "",
        {"storage": (10, 512), "message": (3, 100)},
    )
    assert parse_quota(b"* QUOTA #user/a ()") == ("#user/a", {})
    assert parse_quotaroot(b'* QUOTAROOT "Entw&APw-rfe" "" b\r\n') == ("Entwürfe", ("", "b"))


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (parse_status, b"* STATUS INBOX"),
        (parse_status, b"* STATUS (a) b"),
        (parse_namespace, b"* NAMESPACE NIL NIL"),
        (parse_quota, b"* QUOTA a (STORAGE 1)"),
        (parse_quota, b"* QUOTA a (STORAGE 1 x)"),
        (parse_quotaroot, b"* QUOTAROOT"),
        (parse_quotaroot, b"* QUOTAROOT (a) b"),
        (parse_quota, b"* QUOTAROOT a b"),
    ],
)
def test_what_is_no_such_response_is_an_error(parse: object, data: bytes) -> None:
    assert callable(parse)
    with pytest.raises(ProtocolError):
        parse(data)
