"""CONDSTORE (RFC 7162) over the fake and over dovecot: what has changed since, and changes on that condition."""

from __future__ import annotations

import json
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, deliver
from contract.test_imap import RAW, fill, messages
from nettools import StaleError, UnsupportedError, UsageError
from nettools.cli.main import main

Site = Any


@pytest.fixture(params=[KINDS[0], *DOVECOT[:1]])
def site(request: pytest.FixtureRequest) -> Site:
    server, _, kind = request.param.rpartition("-")
    if server:
        return fill(request.getfixturevalue("daemon_site")(server, "imap", kind))
    return fill(request.getfixturevalue("fake_site")("imap", kind))


def modseq(mail: Any) -> int:
    found = mail.select("INBOX").highest_modseq
    assert isinstance(found, int)
    return found


def test_only_what_is_new_or_flagged_since_is_told(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        since = modseq(mail)
        assert mail.changed(since) == ()
        nettools.flag_mail(site.url, 2, add="\\Flagged", **site.options)
        deliver(site, RAW.format(n=5).encode())
        found = mail.changed(since)
    assert [(each.uid, "\\Flagged" in each.flags) for each in found] == [("2", True), ("5", False)]
    assert found[0].subject == "Grüße 1"


def test_flags_are_set_where_nobody_was_faster(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        since = modseq(mail)
        mail.flag([1, 2], add="\\Flagged", remove="\\Seen", unchanged_since=since)
        with pytest.raises(StaleError, match="2 of 3 messages have changed since") as raised:
            mail.flag([1, 2, 3], add="\\Answered", remove="\\Flagged", unchanged_since=since)
    assert (raised.value.code, raised.value.text) == ("MODIFIED", "1,2")
    assert messages(site) == {1: {"\\Flagged"}, 2: {"\\Flagged"}, 3: {"\\Answered"}, 4: set()}


def test_the_command_lists_what_has_changed_and_flags_on_condition(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        since = str(modseq(mail))
    user, password = site.options["auth"]
    monkeypatch.setenv("NETTOOLS_PASSWORD", password)
    shared = ["-u", user, "--tls", "off", site.at("INBOX")]
    flag = ["imap", "flag", *shared, "3", "--add", "\\Flagged", "--unchanged-since", since]
    assert main(flag) == 0
    assert main(["imap", "changed", "--json", *shared, since]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["uid"], json.loads(line)["flags"].count("\\Flagged")) == ("3", 1)
    assert main(flag) == StaleError.exit_code


def test_a_server_without_it_is_told_of(fake_site: Any) -> None:
    site = fill(fake_site("imap", "plain", without={"CONDSTORE"}))
    with nettools.connect(site.url, **site.options) as mail:
        for call in (lambda: mail.changed(1), lambda: mail.flag(1, add="x", unchanged_since=1)):
            with pytest.raises(UnsupportedError, match="CONDSTORE"):
                call()
        assert mail.list()


@pytest.mark.parametrize("since", [None, -1, "5", True, 1.5])
def test_what_is_no_modseq_is_told_before_anything_is_sent(fake_site: Any, since: Any) -> None:
    site = fake_site("imap", "plain")
    with nettools.connect(site.url, **site.options) as mail:
        with pytest.raises(UsageError):
            mail.changed(since)
        if since is not None:
            with pytest.raises(UsageError):
                mail.flag(1, add="x", unchanged_since=since)
    assert b"SELECT" not in site.server.log.client_bytes()


def test_a_condition_whose_answer_was_lost_is_not_tried_again(fake_site: Any) -> None:
    site = fill(fake_site("imap", "plain"))
    with nettools.connect(site.url, retry=3, **site.options) as mail:
        since = modseq(mail)
        site.server.on("UID STORE").drop()
        with pytest.raises(nettools.DisconnectedError) as raised:
            mail.flag(1, add="\\Seen", unchanged_since=since)
    assert raised.value.outcome_unknown
    assert site.server.log.client_bytes().count(b"UNCHANGEDSINCE") == 1
