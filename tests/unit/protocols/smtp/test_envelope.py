"""MAIL and RCPT: the parameters that a message needs, and what a server cannot take, found before anything is sent."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from nettools import ReplyError, TooLargeError, UnsupportedError, UsageError
from nettools.parse.compose import prepare
from nettools.protocols.smtp.envelope import Letter, address_for, parameters

RAW = b"From: b@x.org\r\nTo: a@x.org\r\n\r\nx\r\n"
ALL = {"SIZE": "1000", "8BITMIME": "", "SMTPUTF8": "", "DSN": ""}


def test_size_eight_bits_and_international_mailboxes_are_announced_by_themselves() -> None:
    message = prepare(RAW + "ü".encode(), sender="bøb@x.org")
    envelope = address_for(Letter(message), ALL)
    assert envelope.mail == "MAIL FROM:<bøb@x.org> SMTPUTF8 BODY=8BITMIME SIZE=35\r\n".encode()
    assert envelope.recipients == (b"RCPT TO:<a@x.org>\r\n",)


def test_what_the_caller_gave_is_not_said_twice() -> None:
    letter = Letter(prepare(RAW + b"\xfc"), True, ("SIZE=7", "body=8BITMIME"), ("NOTIFY=NEVER",))
    envelope = address_for(letter, ALL)
    assert envelope.lines == (
        b"MAIL FROM:<b@x.org> SIZE=7 body=8BITMIME\r\n",
        b"RCPT TO:<a@x.org> NOTIFY=NEVER\r\n",
    )


@pytest.mark.parametrize("limit", ["", "0", "none", "99999999999999999999999"])
def test_a_limit_that_is_none_is_no_limit(limit: str) -> None:
    assert b" SIZE=" in address_for(Letter(prepare(RAW)), {"SIZE": limit}).mail


def test_what_the_server_cannot_take_is_its_refusal_too() -> None:
    with pytest.raises(TooLargeError, match="takes 10") as large:
        address_for(Letter(prepare(RAW)), {"SIZE": "10"})
    with pytest.raises(UnsupportedError, match="8BITMIME") as eight:
        address_for(Letter(prepare(RAW + b"\xfc")), {})
    with pytest.raises(UnsupportedError, match="SMTPUTF8") as utf8:
        address_for(Letter(prepare(RAW, to="å@x.org")), {})
    for caught, code in ((large, 63), (eight, 1), (utf8, 1)):
        assert isinstance(caught.value, ReplyError)
        assert caught.value.exit_code == code


def test_a_message_of_pythons_is_encoded_anew_for_a_server_of_seven_bits() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "b@x.org", "a@x.org"
    message.set_content("ü\n", cte="8bit")
    envelope = address_for(Letter(prepare(message)), {"SIZE": ""})
    assert not envelope.message.needs_8bit
    assert f"SIZE={envelope.message.size}".encode() in envelope.mail


@pytest.mark.parametrize(
    ("option", "extension"),
    [("RET=FULL", "DSN"), ("BY=120;R", "DELIVERBY"), ("HOLDFOR=9", "FUTURERELEASE"), ("REQUIRETLS", "REQUIRETLS")],
)
def test_a_parameter_needs_its_extension(option: str, extension: str) -> None:
    letter = Letter(prepare(RAW), True, (option,))
    with pytest.raises(UnsupportedError, match=extension):
        address_for(letter, {})
    assert option.encode() in address_for(letter, {extension: ""}).mail


def test_parameters_have_their_grammar() -> None:
    assert parameters("RET=HDRS", "x") == ("RET=HDRS",)
    assert parameters(["A", "B=c=d"], "x") == ("A", "B=c=d")
    for bad in ("", "A B", "=x", "A=", "A=b\r\n", "A=\x7f"):
        with pytest.raises(UsageError):
            parameters([bad], "x")
