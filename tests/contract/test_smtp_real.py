"""SMTP over postfix, with and without what it announces: what arrives is what was meant, in every mode.

postfix delivers into a maildir, a moment after it said yes: `arrived` waits for it.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import Auth, AuthError, RecipientsError, TooLargeError, UnsupportedError

pytestmark = pytest.mark.daemon

Site = Any


@pytest.fixture
def site(daemon_site: Callable[..., Site]) -> Site:
    return daemon_site("postfix", "smtp", "starttls")


@pytest.fixture
def bare(daemon_site: Callable[..., Site]) -> Site:
    """postfix without PIPELINING, 8BITMIME, SMTPUTF8, CHUNKING and SIZE."""
    found = daemon_site("postfix", "smtp", "starttls")
    found.url = f"smtp://{found.service.host}:{found.service.facts['bare_port']}"
    return found


def arrived(site: Site, count: int) -> list[bytes]:
    """The mails in the maildir, as soon as there are so many."""
    box: Path = site.service.facts["maildir"] / "new"
    end = time.monotonic() + 30
    while len(found := sorted(box.iterdir())) < count and time.monotonic() < end:
        time.sleep(0.05)
    assert len(found) == count
    return [each.read_bytes() for each in found]


def recipient(raw: bytes) -> str:
    return str(email.message_from_bytes(raw, policy=email.policy.default)["X-Original-To"])


def test_every_extension_is_announced_or_left_out(site: Site, bare: Site) -> None:
    wanted = {"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "SIZE"}
    with nettools.connect(bare.url, **bare.options) as session:
        assert not wanted & session.check()
    with nettools.connect(site.url, **site.options) as session:
        assert wanted <= session.check()
        assert session.capability("SIZE") == str(site.service.facts["size_limit"])


@pytest.mark.parametrize("mode", ["whole", "bare"])
def test_a_batch_has_the_same_outcomes_with_all_extensions_and_with_none(
    daemon_site: Callable[..., Site], mode: str
) -> None:
    site = daemon_site("postfix", "smtp", "starttls")
    port = site.service.port if mode == "whole" else site.service.facts["bare_port"]
    people = ["a@example.org", "reject@example.org", "defer@example.test"]
    messages = [
        {"sender": "b@example.org", "to": people if n % 2 else "c@localhost", "text": f"{n}\n.\n.."} for n in range(40)
    ]
    messages += [{"sender": "b@example.org", "to": "reject@example.org", "text": "none"}]
    messages += [{"sender": "b@example.org", "to": people, "text": "all or none", "partial": False}]
    messages += [{"sender": "b@example.org", "to": "c@localhost", "text": "the last"}]
    reports = nettools.send_mails(f"smtp://{site.service.host}:{port}", messages, **site.options)
    codes = [[error.code for error in each.refused.values()] for each in reports]
    assert codes == [[], [550, 451]] * 20 + [[550], [550], []]
    texts = [nettools.parse_mail(each).text for each in arrived(site, 41)]
    assert sorted(texts) == sorted([*(f"{n}\n.\n..\n" for n in range(40)), "the last\n"])


def test_a_hundred_mails_take_few_turns(site: Site) -> None:
    people = ["a@example.org", "b@example.org", "c@example.org"]
    with nettools.connect(site.url, **site.options) as session:
        reports = session.send_many([{"sender": "b@example.org", "to": people, "text": "x"}] * 100)
        assert session.meta.round_trips < 60
    assert all(len(each.accepted) == 3 for each in reports)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_every_mechanism_logs_in_and_a_wrong_password_does_not(site: Site, mechanism: str) -> None:
    user, password = site.options["auth"]
    options = {**site.anonymous, "auth": Auth(user, password, mechanism=mechanism)}
    nettools.connect(site.url, **options).close()
    with pytest.raises(AuthError) as caught:
        nettools.connect(site.url, **{**options, "auth": Auth(user, "wrong", mechanism=mechanism)})
    assert caught.value.code == 535


def test_nobody_relays_without_a_login(site: Site) -> None:
    with pytest.raises(RecipientsError) as caught:
        nettools.send_mail(site.url, sender="b@example.org", to="a@far.example", text="x", **site.anonymous)
    assert caught.value.exit_code == 9


def test_an_international_mailbox_is_reached_where_it_can_be(site: Site, bare: Site) -> None:
    mail = {"sender": "bøb@example.org", "to": ["ålice@example.org"], "subject": "Grüße", "text": "Å"}
    with pytest.raises(UnsupportedError):
        nettools.send_mail(bare.url, **mail, **bare.options)
    nettools.send_mail(site.url, **mail, **site.options)
    (raw,) = arrived(site, 1)
    parsed = nettools.parse_mail(raw)
    assert parsed.info.sender is not None
    assert parsed.info.sender.address == "bøb@example.org"
    assert recipient(raw) == "ålice@example.org"


def test_an_international_domain_needs_nothing(bare: Site) -> None:
    nettools.send_mail(bare.url, sender="b@bücher.example", to="a@example.org", text="x", **bare.options)
    (raw,) = arrived(bare, 1)
    assert b"Return-Path: <b@xn--bcher-kva.example>" in raw


def test_eight_bits_go_as_they_are_or_are_encoded_anew(site: Site, bare: Site) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "b@example.org", "a@example.org", "s"
    message.set_content("Grüße\n", cte="8bit")
    nettools.send_mail(site.url, message=message, **site.options)
    assert "Grüße\n".encode() in arrived(site, 1)[0]
    site.service.reset()
    nettools.send_mail(bare.url, message=message, **bare.options)
    (raw,) = arrived(bare, 1)
    assert raw.isascii()
    assert nettools.parse_mail(raw).text == "Grüße\n"
    with pytest.raises(UnsupportedError, match="8BITMIME"):
        nettools.send_mail(bare.url, message=message.as_bytes(), **bare.options)


def test_a_message_over_the_limit_is_not_begun(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(16_000_000))
    with pytest.raises(TooLargeError):
        nettools.send_mail(site.url, sender="b@example.org", to="a@example.org", attachments=[path], **site.options)


def test_a_large_message_arrives_whole(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 40_000)
    nettools.send_mail(site.url, sender="b@example.org", to="a@example.org", attachments=[path], **site.options)
    (raw,) = arrived(site, 1)
    assert nettools.parse_mail(raw).attachments[0].data == path.read_bytes()
