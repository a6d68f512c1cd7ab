"""`nettools smtp`: options become what `send_mail` is given, and outcomes exit codes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import nettools as library
from in_process import Run

MBOX = b"""From a Mon Jan  1 00:00:00 2024
From: b@x.org
To: alice@x.org
Subject: one

1

From b Mon Jan  1 00:00:00 2024
From: b@x.org
To: nobody@x.org
Subject: two

2

"""


@pytest.fixture
def smtp(sandbox: Any, nettools: Run) -> Run:
    """Runs `nettools smtp VERB URL --tls off ...` on the fake."""

    def run(verb: str, *args: object, **more: Any) -> Any:
        return nettools("smtp", verb, sandbox.smtp.url, "--tls", "off", *args, **more)

    return run


def sent(sandbox: Any) -> library.Mail:
    return library.parse_mail(sandbox.smtp.envelopes[-1].raw)


def test_every_option_of_send_arrives(sandbox: Any, smtp: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>ü")
    (tmp_path / "a.txt").write_bytes(b"attached")
    done = smtp(
        "send", "--from", "Bob <b@x.org>", "--to", '"Doe, J" <alice@x.org>, alice@y.org', "--cc", "alice@z.org",
        "--bcc", "alice@w.org", "-s", "Grüße", "--body", "@-", "--html", f"@{tmp_path / 'page.html'}",
        "-a", tmp_path / "a.txt", "-H", "X-Own: yes", "-H", "Reply-To: Ü <r@x.org>", "--mail-options", "RET=HDRS",
        "--rcpt-options", "NOTIFY=NEVER", "--json", stdin="tëxt".encode(),
    )  # fmt: skip
    assert done.code == 0
    assert done.json["accepted"] == ["alice@x.org", "alice@y.org", "alice@z.org", "alice@w.org"]
    mail, envelope = sent(sandbox), sandbox.smtp.envelopes[-1]
    assert (mail.text, mail.html, mail.info.subject) == ("tëxt\n", "<p>ü\n", "Grüße")
    assert mail.attachments[0].data == b"attached"
    assert mail.headers["x-own"] == "yes"
    assert mail.headers["reply-to"] == "Ü <r@x.org>"
    assert "RET=HDRS" in envelope.mail_options
    assert envelope.rcpt_options == (("NOTIFY=NEVER",),) * 4


def test_a_text_that_is_given_as_it_is_and_the_null_path(sandbox: Any, smtp: Run) -> None:
    done = smtp("send", "--from", "", "--to", "alice@x.org", "--body", "hello")
    assert done.code == 0
    assert sandbox.smtp.envelopes[-1].sender == ""
    assert sent(sandbox).text == "hello\n"


@pytest.mark.parametrize("where", ["file", "stdin"])
def test_a_whole_message_is_sent_as_it_is(sandbox: Any, smtp: Run, tmp_path: Path, where: str) -> None:
    raw = b"From: b@x.org\r\nTo: alice@x.org\r\n\r\nas it is\r\n"
    (tmp_path / "m.eml").write_bytes(raw)
    done = smtp("send", "--message", "-" if where == "stdin" else tmp_path / "m.eml", stdin=raw)
    assert done.code == 0
    assert sandbox.smtp.envelopes[-1].raw == raw


def test_an_mbox_is_sent_over_one_connection_and_says_who_was_refused(sandbox: Any, smtp: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(MBOX)
    done = smtp("send", "--mbox", tmp_path / "box", "--json")
    assert done.code == 9
    assert [each["accepted"] for each in done.lines] == [["alice@x.org"], []]
    assert sandbox.smtp.log.connections == 1


def test_a_dry_run_prints_messages_and_connects_to_nothing(sandbox: Any, smtp: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(MBOX)
    done = smtp("send", "--mbox", tmp_path / "box", "--dry-run")
    assert b"Subject: one" in done.out
    assert b"Subject: two" in done.out
    assert "would send from <b@x.org> to nobody@x.org" in done.err
    done = smtp("send", "--to", "alice@x.org", "--from", "b@x.org", "--bcc", "carol@x.org", "--body", "x", "--dry-run")
    assert b"carol@x.org" not in done.out
    assert "carol@x.org" in done.err
    assert sandbox.smtp.log.connections == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--to", "nobody@x.org"), 9),
        (("--to", "alice@x.org,nobody@x.org"), 9),
        (("--to", "alice@x.org,nobody@x.org", "--no-partial"), 9),
        (("--to", "alice@x.org", "--from", "refused@x.org"), 9),
        (("--to", "alice@x.org", "-s", "spam"), 55),
        (("--to", "a@b@c"), 2),
        ((), 2),
        (("--to", "alice@x.org", "-a", "/nonexistent"), 26),
        (("--to", "alice@x.org", "-a", "/"), 26),
        (("--to", "alice@x.org", "-H", "no colon"), 2),
        (("--message", "/nonexistent"), 26),
        (("--message", "-", "-s", "both"), 2),
        (("--mbox", "/nonexistent"), 26),
        (("--mbox", "/dev/null", "--message", "-"), 2),
        (("--to", "alice@x.org", "--mail-options", "BY=1"), 1),
        (("--to", "alice@x.org", "--ehlo", "a b"), 2),
        (("--to", "alice@x.org", "-u", "alice:wrong"), 67),
        (("--to", "alice@x.org", "--message", "-"), 2),
    ],
)
def test_exit_codes(sandbox: Any, smtp: Run, args: tuple[str, ...], code: int) -> None:
    sandbox.smtp.on("MAIL", arg="refused").reply("550 5.7.1 no").optional = True
    if "spam" in args:
        sandbox.smtp.on(".").reply("554 5.7.1 spam")
    body = () if "--message" in args or "--mbox" in args else ("--body", "x")
    sender = () if "--from" in args else ("--from", "b@x.org")
    assert smtp("send", *sender, *body, *args, stdin=b"").code == code


def test_check_tells_greeting_tls_login_and_mechanisms(sandbox: Any, nettools: Run) -> None:
    url, ca = sandbox.smtp.url, sandbox.ca
    report = nettools("smtp", "check", url, "-u", "alice:secret", "--cacert", ca, "--json").json
    assert report["greeting"].startswith("localhost SMTP")
    assert report["tls"]["version"].startswith("TLSv1")
    assert report["login"] == "alice"
    assert "SCRAM-SHA-256" in report["mechanisms"]
    assert report["capabilities"]["SIZE"]
    text = nettools("smtp", "check", url, "--tls", "off", "--ehlo", "me.example").text
    assert "PIPELINING" in text
    assert "TLS         none" in text
    assert "EHLO me.example" in sandbox.smtp.log.commands()
    assert not sandbox.smtp.envelopes


def test_a_command_prints_its_reply_and_a_refusal_is_an_error(smtp: Run) -> None:
    assert "alice@localhost" in smtp("command", "VRFY alice").text
    lines = smtp("command", "EHLO x").text.splitlines()
    assert (lines.count("PIPELINING"), sum(line.startswith("250 ") for line in lines)) == (1, 1)
    assert lines[-1].startswith("250 ")
    assert smtp("command", "VRFY nobody").code == 8
    assert smtp("command", "DATA").code == 2


@pytest.mark.parametrize(
    ("host", "sender"),
    [("127.0.0.1", "alice@[127.0.0.1]"), ("localhost", "alice@localhost"), ("mail.example", "alice@mail.example")],
)
def test_without_from_the_sender_is_who_logs_in(
    nettools: Run, sandbox: Any, monkeypatch: pytest.MonkeyPatch, host: str, sender: str
) -> None:
    monkeypatch.setenv("NETTOOLS_PASSWORD", "secret")
    port = sandbox.smtp.port
    url = f"smtp://alice@{host}:{port}"
    resolve = ("--resolve", f"{host}:{port}:127.0.0.1", "--tls", "off")
    done = nettools("smtp", "send", url, "--to", "alice@x.example", "-s", "Hi", "--body", "-", *resolve, stdin=b"Hello")
    assert done.code == 0
    assert sandbox.smtp.envelopes[-1].sender == sender
    assert f"From: {sender}" in sandbox.world.inbox("alice")[-1].raw.decode()
    assert "no sender" in nettools("smtp", "send", f"smtp://{host}:{port}", "--to", "a@b.example", *resolve).err


def test_a_file_that_is_no_mbox_is_not_taken_for_an_empty_one(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    (tmp_path / "draft.eml").write_bytes(b"Subject: x\n\nbody\n")
    (tmp_path / "empty").touch()
    done = nettools("smtp", "send", sandbox.smtp.url, "--mbox", tmp_path / "draft.eml", "--to", "alice@x.org")
    assert (done.code, "is no mbox" in done.err, sandbox.smtp.log.connections) == (2, True, 0)
    assert nettools("smtp", "send", sandbox.smtp.url, "--mbox", tmp_path / "empty", "--to", "alice@x.org").code == 0


def test_an_mbox_that_cannot_be_read_is_told(nettools: Run) -> None:
    reader, writer = os.pipe()  # in which nobody can go back
    done = nettools("smtp", "send", "smtp://127.0.0.1:1", "--mbox", f"/dev/fd/{reader}", "--to", "alice@x.org")
    os.close(reader)
    os.close(writer)
    assert (done.code, f"cannot read /dev/fd/{reader}: file or stream is not seekable\n" in done.err) == (26, True)
