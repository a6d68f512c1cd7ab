"""Messages to send: what stands in them, what never does, and what is refused."""

from __future__ import annotations

import email.header
import email.message
import email.policy
import io
import os
import threading
from email.headerregistry import Address as PythonAddress
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import FileError, UsageError
from nettools.parse.compose import Prepared, check_address, compose, prepare, wire_octets
from nettools.parse.message import parse_mail
from nettools.results import Address, Mail

RAW = b"From: b@x.org\nTo: a@x.org\n\nx\n"


def built(**given: Any) -> Prepared:
    given = {"sender": "b@x.org", "to": "a@x.org", **given}
    return prepare(compose(**given), **{name: given.get(name) for name in ("sender", "to", "cc", "bcc")})


def octets(message: Prepared) -> bytes:
    return b"".join(message.blocks())


def mail(**given: Any) -> Mail:
    return parse_mail(octets(built(**given)))


# --- addresses


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@x.org", "a@x.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("å@x.org", "å@x.org"),
        ('"a b@c"@x.org', '"a b@c"@x.org'),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("postmaster", "postmaster"),
    ],
)
def test_an_address_goes_as_it_is_but_for_its_domain(address: str, wire: str) -> None:
    assert check_address(address) == wire


@pytest.mark.parametrize(
    "address",
    ["", "@x.org", "a@", "a b@x.org", "a@x y", "a@b@c", "<a@x.org>", "a@x.org>", "a\r@x.org", "a\x1b@x.org",
     "a@x.org,b@x.org", '"a@x.org', "a(c)@x.org", "a@x\x7f.org", "a@" + "ü" * 80 + ".example", "a\ud800@x.org"],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        check_address(address)


@pytest.mark.parametrize(
    "to",
    [5, b"a@x.org", [5], "a\tb@x.org", "no one", "Bob b@x.org", "a@x.org\r\nBcc: c@x.org", "a@x.org> B=1 <b", [None]],
)
def test_recipients_that_make_no_sense_are_refused(to: Any) -> None:
    with pytest.raises(UsageError):
        built(to=to)


def test_names_groups_lists_and_parsed_addresses_are_taken() -> None:
    to = ["Al <a@x.org>, c@x.org", Address("", "d", "x.org"), "friends: e@x.org;"]
    assert built(to=to, cc="f@x.org", bcc=["a@x.org", "g@x.org"]).recipients == tuple(f"{c}@x.org" for c in "acdefg")


# --- headers


def test_what_is_added_and_what_is_left_out() -> None:
    message = mail(headers={"X-Own": "1", "Message-ID": None, "Date": None}, bcc="secret@x.org")
    assert "message-id" not in message.headers
    assert "date" not in message.headers
    assert message.headers["x-own"] == "1"
    assert b"secret" not in message.raw


def test_own_headers_take_the_place_of_ours_and_of_the_envelope() -> None:
    message = built(sender=None, to=None, headers={"From": "Ü <u@x.org>", "To": "t@x.org", "Subject": "mine"})
    assert (message.sender, message.recipients) == ("u@x.org", ("t@x.org",))
    assert octets(message).count(b"Subject:") == 1
    message = built(sender="bounce@x.org", headers={"From": "u@x.org", "To": "list@x.org"})
    assert (message.sender, message.recipients) == ("bounce@x.org", ("a@x.org",))


def test_the_null_path_still_has_an_author() -> None:
    message = built(sender="")
    assert message.sender == ""
    assert b"From: MAILER-DAEMON@" in octets(message)


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"X: y": "z"}},
        {"headers": {"": "z"}},
        {"headers": {"X": "a\nb"}},
        {"headers": {"X": "a\r\n\r\nbody"}},
        {"headers": {"X": "y" * 2000}},
        {"headers": {"Bcc": "c@x.org"}},
        {"headers": {"Content-Type": "text/html"}},
        {"headers": [("Subject", "a"), ("SUBJECT", "b")]},
        {"headers": ["X"]},
        {"subject": "a", "headers": {"Subject": "b"}},
        {"subject": "a\0b"},
        {"subject": 5},
        {"subject": "\ud800"},
        {"text": b"x"},
        {"text": "\ud800"},
        {"to": Address("a\r\nX: y", "a", "x.org")},
    ],
)
def test_nothing_begins_a_header_of_its_own(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        built(**given)


def test_addresses_in_own_headers_keep_their_addresses_readable() -> None:
    raw = octets(built(headers={"Reply-To": "Jürgen <r@x.org>"}))
    assert b"<r@x.org>" in raw
    assert parse_mail(raw).headers["reply-to"] == "Jürgen <r@x.org>"


def test_long_headers_are_folded_at_white_space() -> None:
    raw = octets(built(headers={"References": " ".join(f"<{n}@x.org>" for n in range(200))}))
    assert max(map(len, raw.splitlines())) <= 78
    assert len(parse_mail(raw).headers["references"].split()) == 200


# --- attachments


def test_attachments_come_in_many_shapes(tmp_path: Path) -> None:
    path = tmp_path / "päth.txt"
    path.write_bytes(b"from the disk")
    several = [path, str(path), ("b.bin", b"1"), ("c.txt", "tëxt"), ("d", bytearray(b"2"), "x/y; z=1"), ("e.pdf", path)]
    several.append(("f", io.BytesIO(b"3")))
    found = mail(attachments=several).attachments
    assert [(each.name, each.data) for each in found] == [
        ("päth.txt", b"from the disk"),
        ("päth.txt", b"from the disk"),
        ("b.bin", b"1"),
        ("c.txt", "tëxt".encode()),
        ("d", b"2"),
        ("e.pdf", b"from the disk"),
        ("f", b"3"),
    ]
    assert [each.content_type for each in found][3:6] == ["text/plain", "x/y", "application/pdf"]
    for alone in (path, str(path), ("b.bin", b"1")):
        assert len(mail(attachments=alone).attachments) == 1


@pytest.mark.parametrize(
    "attachments",
    [b"x", 5, [5], [("a",)], [("a", 5)], [("a\nb", b"")], [("a", b"", "text")], [("a", b"", "a/b\r\nX: y")],
     [("a", b"", "multipart/mixed")], ["a\0b"]],
)  # fmt: skip
def test_attachments_that_make_no_sense_are_refused(attachments: Any) -> None:
    with pytest.raises(UsageError):
        built(attachments=attachments)


@pytest.mark.parametrize("path", ["/nonexistent", "/"])
def test_a_file_that_cannot_be_read_is_exit_code_26(path: str) -> None:
    with pytest.raises(FileError) as caught:
        built(attachments=[path])
    assert caught.value.exit_code == 26


def test_what_the_html_shows_is_inline() -> None:
    html = '<img src="cid:a b.png"><img src="cid:dot.gif"><img src="cid:na%C3%AFve.png">'
    names = ["a b.png", "dot.gif", "naïve.png", "dot.gif2", "t.gif"]
    found = mail(html=html, text="t", attachments=[(name, b"x") for name in names]).attachments
    assert [each.name for each in found if each.inline] == ["a b.png", "dot.gif", "naïve.png"]
    assert [each.content_id for each in found if each.inline] == ["a%20b.png", "dot.gif", "na%C3%AFve.png"]


def test_a_message_is_attached_as_it_is_and_not_in_base64(tmp_path: Path) -> None:
    path = tmp_path / "m.eml"
    path.write_bytes("Subject: ü\n\n.x\n".encode())
    message = built(attachments=[path, ("n.eml", b"Subject: n\n\nn")])
    raw = octets(message)
    assert message.needs_8bit
    assert len(raw) == message.size
    assert "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: ü\r\n\r\n.x\r\n".encode() in raw
    assert b"\r\n\r\nSubject: n\r\n\r\nn\r\n" in raw


@pytest.mark.parametrize("change", [b"", b"longer than it was"])
@pytest.mark.parametrize("name", ["a.bin", "a.eml"])
def test_a_file_that_changes_meanwhile_is_an_error_and_no_message(tmp_path: Path, name: str, change: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(b"0123456789")
    message = built(attachments=[path])
    path.write_bytes(change)
    with pytest.raises(FileError, match="changed"):
        octets(message)
    path.unlink()
    with pytest.raises(FileError, match="cannot read"):
        octets(message)


def test_a_pipe_is_read_before_anything_is_sent(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"through a pipe",))
    writer.start()
    assert mail(attachments=[pipe]).attachments[0].data == b"through a pipe"
    writer.join()


# --- messages that are there


def test_a_ready_message_is_as_it_is_but_for_line_ends_and_bcc() -> None:
    raw = b"Subject: s\rbcc: z@x.org\r (folded)\nTo: a@x.org\r\nFROM: b@x.org\nResent-Bcc : y@x.org\n\nBcc: body\r.\n"
    assert octets(prepare(raw, to="a@x.org")) == (
        b"Subject: s\r\nTo: a@x.org\r\nFROM: b@x.org\r\n\r\nBcc: body\r\n.\r\n"
    )
    assert octets(prepare(b"From: b@x.org\nBcc: a@x.org")) == b"From: b@x.org\r\n"
    assert prepare(b"From: b@x.org\nBcc: a@x.org, c@x.org\n\n").recipients == ("a@x.org", "c@x.org")


@pytest.mark.parametrize(
    ("head", "sender", "recipients"),
    [
        (b"From: b@x.org\nTo: a@x.org\nCc: c@x.org", "b@x.org", ("a@x.org", "c@x.org")),
        (b"From: b@x.org, c@x.org\nSender: s@x.org\nTo: a@x.org", "s@x.org", ("a@x.org",)),
        (b"Resent-From: r@x.org\nResent-To: n@x.org\nFrom: b@x.org\nTo: a@x.org", "r@x.org", ("n@x.org",)),
        (
            b"Resent-To: new@x.org\nResent-From: r2@x.org\nResent-To: old@x.org\nResent-From: r1@x.org\nTo: a@x.org",
            "r2@x.org",
            ("new@x.org",),
        ),
        (b"From: Boss: b@x.org;\nTo: undisclosed: ;\nBcc: a@x.org", "b@x.org", ("a@x.org",)),
    ],
)
def test_the_envelope_comes_from_the_header(head: bytes, sender: str, recipients: tuple[str, ...]) -> None:
    message = prepare(head + b"\n\nx")
    assert (message.sender, message.recipients) == (sender, recipients)


@pytest.mark.parametrize(("subject", "smtputf8"), [("ü".encode(), True), (b"\xfc", False), (b"u", False)])
def test_a_header_in_utf8_needs_smtputf8_and_one_of_before_mime_goes_as_it_always_went(
    subject: bytes, smtputf8: bool
) -> None:
    message = prepare(b"Subject: " + subject + b"\n" + RAW)
    assert (message.needs_smtputf8, message.needs_8bit) == (smtputf8, not subject.isascii())


def test_what_is_given_comes_before_the_header() -> None:
    message = prepare(RAW, sender="", to="c@x.org", bcc="d@x.org")
    assert (message.sender, message.recipients) == ("", ("c@x.org", "d@x.org"))
    assert prepare(b"To: a@x.org\n\n", default_sender="me@x.org").sender == "me@x.org"


@pytest.mark.parametrize(
    "message",
    [b"", b"\n\n", 5, "line\nend", io.StringIO("x"), b"To: a@x.org\n\n",
     b"From: b@x.org\n\n", b"From: b@x.org\nTo: a@b@c\n\n"],
)  # fmt: skip
def test_what_is_no_message_or_has_no_envelope_is_refused(message: Any) -> None:
    with pytest.raises(UsageError):
        prepare(message)


def test_a_large_file_stays_on_the_disk_and_is_the_same(tmp_path: Path) -> None:
    body = b"a line of text, \xfc\n.\r\n\r" * 80_000
    path = tmp_path / "large.eml"
    path.write_bytes(b"Bcc: z@x.org\n" + RAW + body)
    message, held = prepare(path), prepare(path.read_bytes())
    assert not message.in_memory
    assert (message.size, message.needs_8bit, message.recipients) == (held.size, True, ("a@x.org", "z@x.org"))
    assert octets(message) == octets(held)
    path.write_bytes(b"x" * 3_000_000)
    with pytest.raises(UsageError, match="no end of a header"):
        prepare(path)


@pytest.mark.parametrize("path", ["/nonexistent", "/"])
def test_a_message_file_that_cannot_be_read_is_exit_code_26(path: str) -> None:
    with pytest.raises(FileError) as caught:
        prepare(path)
    assert caught.value.exit_code == 26


def python_message(**headers: Any) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "b@x.org", "To": "a@x.org", **headers}.items():
        message[name] = value
    message.set_content("Grüße\n")
    return message


def test_pythons_messages_are_folded_where_they_were_set_and_kept_where_they_were_parsed() -> None:
    raw = octets(prepare(python_message(Subject="wörter " * 30)))
    assert max(map(len, raw.splitlines())) <= 78
    signed = b"From: b@x.org\r\nTo: a@x.org\r\nSubject: " + b"as it came " * 20 + b"\r\n\r\nx\r\n"
    parsed = email.message_from_bytes(signed, policy=email.policy.default)
    assert octets(prepare(parsed)) == signed


def test_old_messages_of_python_are_written_in_their_own_way() -> None:
    message = MIMEMultipart()
    message["From"], message["To"] = "b@x.org", "a@x.org"
    message["Subject"] = email.header.Header("Grüße" * 20, "utf-8")
    message.attach(MIMEText("From here\n.\n"))
    found = parse_mail(octets(prepare(message)))
    assert found.info.subject == "Grüße" * 20
    assert found.text == "From here\n.\n"


def test_a_message_can_be_encoded_anew_in_ascii_only_if_python_wrote_it() -> None:
    message = prepare(python_message())
    assert message.needs_8bit
    again = message.in_7bit()
    assert not again.needs_8bit
    assert again.size == len(octets(again))
    assert parse_mail(octets(again)).text == "Grüße\n"
    ready = prepare(RAW + "ü".encode())
    assert ready.in_7bit() is ready


def test_international_domains_of_pythons_messages_become_ascii() -> None:
    message = python_message(Cc=[PythonAddress("Bü", "c", "bücher.example"), PythonAddress("", "d", "x.org")])
    prepared = prepare(message)
    assert not prepared.needs_smtputf8
    assert prepared.recipients == ("a@x.org", "c@xn--bcher-kva.example", "d@x.org")
    assert message["Cc"].addresses[0].domain == "bücher.example"


def test_an_international_mailbox_of_pythons_needs_smtputf8_and_stays_readable() -> None:
    prepared = prepare(python_message(Cc="ålice@x.org"))
    assert prepared.needs_smtputf8
    assert "Cc: ålice@x.org\r\n".encode() in octets(prepared)


def test_a_message_that_python_cannot_write_is_refused() -> None:
    message = email.message.Message()
    message["From"], message["To"] = "b@x.org", "a@x.org"
    message.set_payload(5)
    with pytest.raises(UsageError, match="cannot be written"):
        prepare(message)


def test_what_is_appended_is_what_would_be_sent() -> None:
    assert wire_octets(RAW) == RAW.replace(b"\n", b"\r\n")
    assert b"From: b@x.org\r\n" in wire_octets(python_message())
    assert b"Subject: s\r\n" in wire_octets(compose(sender="b@x.org", to="a@x.org", subject="s"))
    with pytest.raises(UsageError, match="NUL"):
        wire_octets(b"a\0b")
