"""The trace: stages, wire lines, masked secrets, and callbacks that end the call."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.results import Event
from nettools.wire.deadline import Deadline
from nettools.wire.trace import CallbackRaised, Progress, Trace

SECRET = 's3"cr et'


def watched() -> tuple[Trace, list[Event]]:
    events: list[Event] = []
    trace = Trace(Deadline(None), events.append)
    trace.add_secret(SECRET)
    return trace, events


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        "s3%22cr%20et",
        's3\\"cr et',
        "s3&quot;cr et",
    ],
)
def test_a_secret_is_masked_in_every_form(shown: str) -> None:
    trace, events = watched()
    trace.show(">", f"PASS {shown}\r\n".encode())
    assert events[-1].text == "PASS ***\r\n"
    assert events[-1].bytes == b"PASS ***\r\n"


def test_a_password_that_a_server_puts_into_an_address_is_masked() -> None:
    trace, events = watched()
    trace.show("<", b"Location: http://bob:pass@h.example/a@b\r\n")
    trace.show("<", b"Location: http://bob:p@ss@h.example/\r\n")
    trace.show("<", b"See http://h.example/ and mail a:b@c\r\n")
    assert [event.text for event in events] == [
        "Location: http://bob:***@h.example/a@b\r\n",
        "Location: http://bob:***@h.example/\r\n",
        "See http://h.example/ and mail a:b@c\r\n",
    ]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_a_secret_that_arrives_in_pieces_is_masked_too(sizes: list[int]) -> None:
    trace, events = watched()
    octets = f"PASS {SECRET}\r\nQUIT\r\n".encode()
    place = 0
    for size in sizes:
        trace.show(">", octets[place : place + size])
        place += size
    trace.show(">", octets[place:])
    trace.flush()
    text = "".join(event.text for event in events)
    assert text == "PASS ***\r\nQUIT\r\n"


def test_stages_are_timed_and_an_error_stays_in_its_stage() -> None:
    trace, events = watched()
    with trace.span("connect"):
        pass
    with pytest.raises(ValueError, match="broken"), trace.span("login"):
        raise ValueError("broken")
    assert trace.stage == "login"
    assert set(trace.timings) == {"connect", "login"}
    with trace.span("fetch"):
        pass
    assert set(trace.meta().timings) == {"connect", "login", "total"}
    assert [(event.stage, event.kind) for event in events][:2] == [("connect", "begin"), ("connect", "end")]


def test_an_exception_in_the_callback_ends_the_call() -> None:
    def stop(event: Event) -> None:
        raise KeyError("enough")

    trace = Trace(Deadline(None), stop)
    with pytest.raises(CallbackRaised) as caught:
        trace.event("warning", "x")
    assert isinstance(caught.value.error, KeyError)


def test_progress_is_told_twenty_times_a_second_at_most_and_at_the_end() -> None:
    told: list[Any] = []
    now = [0.0]
    progress = Progress(lambda done, total: told.append((done, total)), lambda: now[0])
    for done in range(100):
        now[0] += 0.01
        progress(done, 100)
    progress(100, 100, final=True)
    assert len(told) <= 22
    assert told[-1] == (100, 100)


def test_what_a_watcher_raised_at_is_not_shown_again() -> None:
    def picky(event: Event) -> None:
        shown.append(event.text)
        if event.text == "odd\n":
            raise LookupError("mine")

    shown: list[str] = []
    trace = Trace(Deadline(None), picky)
    with pytest.raises(CallbackRaised):
        trace.show(">", b"odd\n")
    trace.show(">", b"even\n")
    trace.flush()
    assert shown == ["odd\n", "even\n"]
