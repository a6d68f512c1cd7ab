"""What a test asks of a message: subject, text and links; and what `assert_mail` says when there is none such."""

from __future__ import annotations

import email.message
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.testing import World, assert_mail
from nettools.testing.world import Message

SIGN_UP = "https://example.org/confirm?token=a=b&id=1"


def mail(raw: bytes) -> Message:
    return World().inbox("alice").append(raw)


def sign_up() -> bytes:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <shop@example.org>", "alice@example.org", "Grüße an dich"
    message.set_content(
        f"Willkommen, Ä!\n\nConfirm: <{SIGN_UP}>, or (http://example.org/a_(b)).\n", cte="quoted-printable"
    )
    message.add_alternative(
        f'<style>p {{}}</style><p>Wel<b>come</b></p><p><a href="{SIGN_UP.replace("&", "&amp;")}">Yes</a>'
        '<a href="mailto:help@example.org">Help</a> <a href="#top">Top</a> http://example.org/plain</p>',
        subtype="html",
        cte="base64",
    )
    message.add_attachment("http://example.org/attached", filename="a.txt")
    return message.as_bytes()


def test_subject_and_text_are_decoded() -> None:
    message = mail(sign_up())
    assert message.subject == "Grüße an dich"
    assert message.text.startswith("Willkommen, Ä!\n\nConfirm: <https://example.org/confirm?token=a=b&id=1>")
    assert message.html.startswith("<style>")


def test_links_are_those_of_the_text_and_the_html_each_once() -> None:
    assert mail(sign_up()).links() == [
        SIGN_UP,
        "http://example.org/a_(b)",
        "mailto:help@example.org",
        "http://example.org/plain",
    ]


def test_html_alone_is_read_as_a_person_reads_it() -> None:
    page = b"Content-Type: text/html\r\n\r\n<title>No</title><h1>Hello &amp;\r\n welcome</h1><script>x</script>"
    page += b"<p>Next<br>line"
    assert mail(page).text == "Hello & welcome\nNext\nline"


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"", "", ""),
        (b"Subject: caf\xc3\xa9\r\n folded\r\n\r\nx\r\n", "café folded", "x\n"),
        (
            b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xc3\xa9",
            "=?nonsense?q?x?=",
            "é",
        ),
        (b"Subject: =?utf-8?b?a?=\r\n\r\n", "=?utf-8?b?a?=", ""),
        (b"Content-Type: application/pdf\r\n\r\n%PDF", "", ""),
    ],
)
def test_odd_messages_are_read_as_far_as_they_can_be(raw: bytes, subject: str, text: str) -> None:
    message = mail(raw)
    assert (message.subject, message.text, message.links()) == (subject, text, [])


@given(head=st.binary(max_size=100), kind=st.sampled_from([b"plain", b"html"]), body=st.binary(max_size=200))
def test_no_octets_raise(head: bytes, kind: bytes, body: bytes) -> None:
    message = mail(b"Subject: " + head + b"\r\nContent-Type: text/" + kind + b"; charset=" + head + b"\r\n\r\n" + body)
    assert isinstance(message.subject + message.text + message.html, str)
    assert isinstance(message.links(), list)


def test_assert_mail_gives_the_message_from_a_world_or_a_folder() -> None:
    world = World()
    world.add_user("bob", "x")
    world.inbox("bob").append(b"Subject: Other\r\n\r\n")
    message = world.inbox("bob").append(sign_up())
    assert assert_mail(world, to="ALICE@", sender="shop@", subject="Grüße", text="Willkommen") is message
    assert assert_mail(world.inbox("bob"), text=re.compile(r"token=\w")) is message


def test_assert_mail_says_what_was_expected_and_what_there_is() -> None:
    world = World()
    world.inbox("alice").append(b"To: bob@example.org\r\nSubject: Other\r\n\r\n")
    world.inbox("alice").append(b"To: alice@example.org\r\nSubject: Wellcome\r\n\r\nTwo\r\nlines\r\n")
    with pytest.raises(AssertionError) as caught:
        assert_mail(world, to="alice@example.org", subject="Welcome", text=re.compile("[0-9]{6}"))
    assert str(caught.value).splitlines() == [
        "no such mail; expected",
        "  to: 'alice@example.org'",
        "  subject: 'Welcome'",
        "  text: what '[0-9]{6}' finds",
        "nearest is UID 2 in alice's INBOX, but its",
        "  subject is 'Wellcome'",
        "  text is |",
        "    Two",
        "    lines",
        "there are",
        "  alice's INBOX UID 1: to bob@example.org: Other",
        "  alice's INBOX UID 2: to alice@example.org: Wellcome",
    ]


def test_assert_mail_says_so_when_there_is_none_at_all_and_lists_no_more_than_twenty() -> None:
    world = World()
    with pytest.raises(AssertionError, match="there is no mail at all in alice's INBOX"):
        assert_mail(world, subject="Welcome")
    for _ in range(23):
        world.inbox("alice").append(b"\r\n")
    with pytest.raises(AssertionError, match=r"UID 20: to nobody: .no subject.\n  and 3 more"):
        assert_mail(world.inbox("alice"), subject="Welcome")


def test_assert_mail_can_wait_for_what_comes_later() -> None:
    world = World()
    sender = threading.Thread(target=world.deliver, args=("alice@example.org", sign_up()))
    sender.start()
    assert assert_mail(world, subject="Grüße", timeout=10).uid == 1
    sender.join()


def test_waiting_in_vain_says_the_same() -> None:
    world = World()
    world.inbox("alice").append(b"Subject: Other\r\n\r\n")
    with pytest.raises(TimeoutError, match=r"(?s)within 0 s: no such mail.*'Welcome'.*: Other"):
        world.wait_for_mail(subject="Welcome", timeout=0)
