"""Whatever text, names and files are given: what is composed is read back the same, by our parser and by Python's."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nettools.errors import UsageError
from nettools.parse.compose import check_address, compose, prepare
from nettools.parse.message import parse_mail
from nettools.results import Address

PRINTABLE = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
WHITE = " \t\r\n"  # what a reader takes off the ends of a field

LINE = st.text(PRINTABLE, max_size=120)
NAME = st.text(PRINTABLE, min_size=1, max_size=80).map(str.strip).filter(bool)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=400)
SCRIPTS = st.sampled_from(
    ["Grüße an alle", "Привет, мир", "こんにちは世界" * 9, "שלום", "a=?utf-8?q?b?=", " x ", "😀" * 30, ""]
)
PEOPLE = st.lists(
    st.builds(Address, NAME | st.just(""), st.sampled_from(["a", "b.c", "d+e"]), st.just("x.org")), min_size=1
)
FILES = st.lists(st.tuples(NAME, st.binary(max_size=3000)), max_size=3)


def wire(**given: Any) -> bytes:
    given = {"sender": "b@x.org", "to": "a@x.org", **given}
    envelope = {name: given.get(name) for name in ("sender", "to")}
    return b"".join(prepare(compose(**given), **envelope).blocks())


def by_python(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def well_formed(raw: bytes) -> None:
    """RFC 5322 2.1 and 2.1.1: lines end with CR LF, and none has more than 998 octets; all of it ASCII."""
    assert raw.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def normal(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


@settings(deadline=None)
@given(LINE | SCRIPTS)
def test_a_subject(subject: str) -> None:
    raw = wire(subject=subject)
    well_formed(raw)
    assert parse_mail(raw).info.subject == subject.strip(WHITE)
    if subject == subject.strip():  # Python's takes white space off the ends of encoded words
        assert by_python(raw)["Subject"] == subject


@settings(deadline=None)
@given(PEOPLE)
def test_names_of_people(people: list[Address]) -> None:
    raw = wire(to=people)
    well_formed(raw)
    assert list(parse_mail(raw).info.to) == people
    assert [each.addr_spec for each in by_python(raw)["To"].addresses] == [each.address for each in people]


@settings(deadline=None)
@given(TEXT, st.none() | TEXT)
def test_texts(text: str, html: str | None) -> None:
    raw = wire(text=text, html=html)
    well_formed(raw)
    mail, message = parse_mail(raw), by_python(raw)
    assert mail.text == normal(text)
    assert mail.html == (None if html is None else normal(html))
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == normal(text)
    assert mail.defects == ()


@settings(max_examples=60, deadline=None)
@given(FILES)
def test_attachments(files: list[tuple[str, bytes]]) -> None:
    raw = wire(text="x", attachments=[(name, data, "application/x-test") for name, data in files])
    well_formed(raw)
    assert [(each.name, each.data) for each in parse_mail(raw).attachments] == files
    parts = list(by_python(raw).iter_attachments())
    assert [part.get_content() for part in parts] == [data for _, data in files]
    plain = [name for name, _ in files if name == name.strip() and "\\" not in name and '"' not in name]
    theirs = [part.get_filename() for part in parts]
    assert [name for name in theirs if name in plain] == [name for name in plain if name in theirs]


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_header_value_is_refused_or_read_back(value: str) -> None:
    try:
        raw = wire(headers={"X-Any": value})
    except UsageError:
        return
    well_formed(raw)
    assert parse_mail(raw).headers["x-any"] == value.strip(WHITE)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_address_is_refused_or_stays_one_argument(address: str) -> None:
    try:
        checked = check_address(address)
    except UsageError:
        return
    assert not re.search(r"[\x00-\x1f\x7f]", checked)
    assert checked.startswith('"') or not re.search(r"[\s<>]", checked)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_refused_or_sent_with_whole_lines_and_no_bcc(octets: bytes) -> None:
    raw = b"".join(prepare(b"Bcc: z@x.org\r" + octets, sender="b@x.org", to="a@x.org").blocks())
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert b"z@x.org" not in raw
