"""The conductor: attempts, deadlines, repetition, translation, masking."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools import Retry, errors
from nettools.results import Transfer
from nettools.session import GOODBYE, Protocol, Session, make_session, open_session, operation, run, stream

BOOM = object()


class Odd(Exception):  # noqa: N818  # what a wrapped module might raise
    """A protocol module's own exception."""


class PlaySession(Session):
    """A session without a server: what each step does is told by the test."""

    script: list[Any]
    opened = 0
    goodbyes = 0

    def _establish(self) -> None:
        type(self).opened += 1
        self.client = object()

    def _goodbye(self) -> None:
        type(self).goodbyes += 1
        raise OSError("the other side is gone")

    @operation("play")
    def play(self, *, commit: bool = False) -> Any:
        step = self.script.pop(0)
        if commit:
            with self.committed():
                return self._do(step)
        return self._do(step)

    @stream("play")
    def many(self) -> Iterator[Any]:
        for step in list(self.script):
            yield self._do(step)

    def _do(self, step: Any) -> Any:
        if isinstance(step, BaseException):
            raise step
        return step() if callable(step) else step


def classify(error: Exception) -> errors.NettoolsError | None:
    return errors.ReplyError("odd", code=500) if isinstance(error, Odd) else None


@pytest.fixture
def play() -> Protocol[PlaySession]:
    PlaySession.opened = PlaySession.goodbyes = 0
    protocol = Protocol(name="smtp", schemes=("smtp",), session=PlaySession, classify=classify)
    PlaySession.PROTOCOL = protocol
    return protocol


def start(protocol: Protocol[PlaySession], *script: Any, **keywords: Any) -> PlaySession:
    session = make_session(protocol, "smtp://me:s3cret@localhost:1/", keywords)
    session.script = list(script)
    return session


NO_WAIT: dict[str, Any] = {"retry": Retry(attempts=3, backoff=0)}


def lost() -> errors.DisconnectedError:
    return errors.DisconnectedError("gone")


def test_what_may_be_repeated_is_until_attempts_run_out(play: Protocol[PlaySession]) -> None:
    session = start(play, lost(), lost(), Transfer(size=1), **NO_WAIT)
    result = session.play()
    assert result.meta.attempts == 3
    assert PlaySession.opened == 3
    assert len(result.meta.warnings) == 2
    session = start(play, lost(), retry=1)
    with pytest.raises(errors.DisconnectedError):
        session.play()


def test_what_is_committed_is_never_repeated_and_its_outcome_unknown(play: Protocol[PlaySession]) -> None:
    session = start(play, lost(), BOOM, **NO_WAIT)
    with pytest.raises(errors.DisconnectedError) as caught:
        session.play(commit=True)
    assert caught.value.outcome_unknown
    assert session.script == [BOOM]


def test_a_refusal_settles_what_was_committed(play: Protocol[PlaySession]) -> None:
    session = start(play, errors.ReplyError("no", code=554), **NO_WAIT)
    with pytest.raises(errors.ReplyError) as caught:
        session.play(commit=True)
    assert not getattr(caught.value, "outcome_unknown", False)


def test_a_kept_connection_that_is_dead_is_made_anew_once_without_being_asked(play: Protocol[PlaySession]) -> None:
    session = start(play, "first", lost(), "second", lost(), lost())
    assert session.play() == "first"
    assert session.play() == "second"
    assert PlaySession.opened == 2
    with pytest.raises(errors.DisconnectedError):
        session.play()


def test_a_reply_keeps_the_connection_and_everything_else_ends_it(play: Protocol[PlaySession]) -> None:
    session = start(play, errors.ReplyError("no", code=550), "fine", errors.ProtocolError("odd"), "fine")
    for _ in range(2):
        with pytest.raises(errors.NettoolsError):
            session.play()
        assert session.play() == "fine"
    assert PlaySession.opened == 2


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (Odd("x"), errors.ReplyError),
        (ConnectionResetError(104, "reset"), errors.DisconnectedError),
        (EOFError(), errors.DisconnectedError),
        (TimeoutError("slow"), errors.DeadlineError),
        (FileNotFoundError(2, "none", "f"), errors.FileError),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), errors.UsageError),
        (IndexError("odd argument"), errors.UsageError),
    ],
)
def test_any_exception_becomes_one_of_ours(play: Protocol[PlaySession], raised: Exception, kind: type) -> None:
    with pytest.raises(kind) as caught:
        start(play, raised).play()
    error = caught.value
    assert isinstance(error, errors.NettoolsError)
    assert (error.url, error.protocol) == ("smtp://me@localhost:1/", "smtp")
    assert error.stage == ("local" if kind is errors.FileError else "play")
    assert error.__cause__ is raised


@pytest.mark.parametrize(("octets", "kind"), [(0, errors.UsageError), (1, errors.ProtocolError)])
def test_only_a_server_that_was_spoken_to_can_have_made_no_sense(
    play: Protocol[PlaySession], octets: int, kind: type
) -> None:
    def stumble() -> None:
        session._trace.count_in(octets)
        raise TypeError("no such thing")

    session = start(play, "fine", stumble)
    session.play()
    with pytest.raises(kind):
        session.play()
    assert (session.client is None) == bool(octets)


def test_our_own_error_is_found_behind_a_modules(play: Protocol[PlaySession]) -> None:
    def wrapped() -> None:
        try:
            raise errors.DeadlineError("slow", kind="idle")
        except errors.DeadlineError:
            raise Odd("hidden") from None

    with pytest.raises(errors.DeadlineError):
        start(play, wrapped).play()


def test_no_secret_is_in_an_error(play: Protocol[PlaySession]) -> None:
    def leak() -> None:
        raise errors.ReplyError("refused PASS s3cret", code=530, text="no s3cret", hint="not s3cret", reply="s3cret")

    with pytest.raises(errors.ReplyError) as caught:
        start(play, leak).play()
    shown = f"{caught.value} {caught.value!r} {caught.value.to_dict()} {caught.value.__dict__}"
    assert "s3cret" not in shown


def test_goodbye_has_two_seconds_whatever_the_limits_of_the_operation(play: Protocol[PlaySession]) -> None:
    with start(play, "answer", timeout=None) as session:
        session.play()
        session._goodbye = lambda: left.append(session._deadline.remaining())  # type: ignore[method-assign]
        left: list[float | None] = []
    assert left[0] is not None
    assert left[0] <= GOODBYE


def test_goodbye_never_spoils_a_result_and_an_error_says_none(play: Protocol[PlaySession]) -> None:
    with start(play, "fine") as session:
        assert session.play() == "fine"
    assert PlaySession.goodbyes == 1
    with pytest.raises(errors.ProtocolError), start(play, errors.ProtocolError("odd")) as session:
        session.play()
    assert PlaySession.goodbyes == 1


@pytest.mark.parametrize("how", ["closed", "left", "left by an error"])
def test_a_session_that_was_closed_is_not_opened_again(play: Protocol[PlaySession], how: str) -> None:
    session = start(play, 1, 2, 3)
    with contextlib.suppress(KeyError), session:
        session.play()
        if how == "closed":
            session.close()
        elif how == "left by an error":
            raise KeyError
    with pytest.raises(errors.UsageError, match="this session is closed"):
        session.play()
    session.close()
    assert PlaySession.opened == 1


def test_the_callers_own_exceptions_pass_through(play: Protocol[PlaySession]) -> None:
    def stop(event: Any) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        start(play, "fine", on_event=stop).play()
    with pytest.raises(KeyboardInterrupt):
        start(play, KeyboardInterrupt()).play()


def test_a_stream_gives_each_item_its_meta_and_is_not_repeated_half_way(play: Protocol[PlaySession]) -> None:
    session = start(play, Transfer(size=1), Transfer(size=2), lost(), **NO_WAIT)
    items = session.many()
    assert [next(items).size, next(items).size] == [1, 2]
    with pytest.raises(errors.DisconnectedError):
        next(items)


def test_run_opens_uses_and_closes(play: Protocol[PlaySession]) -> None:
    assert run(play, "smtp://localhost:1/", lambda session: session.perform(lambda: 7), {}) == 7
    assert (PlaySession.opened, PlaySession.goodbyes) == (1, 1)
    open_session(play, "smtp://localhost:1/", {}).close()
    assert (PlaySession.opened, PlaySession.goodbyes) == (2, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: make_session(p, "smtp://h/", {"tls": "implicit", "nonsense": 1}),
        lambda p: make_session(p, "imap://h/", {}),
        lambda p: make_session(p, "smtp://h/", {"tls": "starttls"}),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(
    play: Protocol[PlaySession], call: Callable[[Any], Any]
) -> None:
    with pytest.raises(errors.UsageError):
        call(play)
    assert PlaySession.opened == 0


def test_a_session_that_is_at_work_in_another_thread_is_not_used(play: Protocol[PlaySession]) -> None:
    refused: list[errors.UsageError] = []

    def meanwhile() -> None:
        with pytest.raises(errors.UsageError, match="at work in another thread") as caught:
            session.play()
        refused.append(caught.value)

    def work() -> str:
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()
        return "done"

    session = start(play, work)
    assert session.play() == "done"
    assert len(refused) == 1
    assert not session.script


def test_a_session_that_is_closed_from_another_thread_ends_what_is_under_way(play: Protocol[PlaySession]) -> None:
    def work() -> None:
        thread = threading.Thread(target=session.close)
        thread.start()
        thread.join()
        raise lost()

    session = start(play, work, "never", **NO_WAIT)
    with pytest.raises(errors.DisconnectedError, match="closed meanwhile") as caught:
        session.play(commit=True)
    assert caught.value.outcome_unknown
    assert (session.client, session.script) == (None, ["never"])
    assert (PlaySession.opened, PlaySession.goodbyes) == (1, 0)


def test_what_goes_wrong_before_anything_is_connected_is_the_arguments_fault(play: Protocol[PlaySession]) -> None:
    session = start(play)
    with pytest.raises(errors.UsageError, match="the arguments make no sense") as caught:
        session.prepare(lambda: 1 / 0)
    assert caught.value.url == "smtp://me@localhost:1/"
    assert PlaySession.opened == 0


def test_a_callbacks_exception_comes_back_through_everything_around_it(play: Protocol[PlaySession]) -> None:
    def stop(event: Any) -> None:
        raise LookupError("mine") from ValueError("its cause")

    session = start(play, "fine", on_event=stop)
    with pytest.raises(LookupError, match="mine") as caught:
        session.prepare(lambda: session.prepare(session.play))
    assert isinstance(caught.value.__cause__, ValueError)


def test_even_a_callbacks_stop_iteration_comes_back_as_it_was_raised(play: Protocol[PlaySession]) -> None:
    session = start(play, "fine", on_event=lambda event: next(iter(())))
    with pytest.raises(StopIteration):
        session.play()


def test_what_no_protocol_announces_is_no_capability(play: Protocol[PlaySession]) -> None:
    assert (start(play).capabilities, start(play).capability("SIZE")) == (frozenset(), None)


def test_a_session_that_is_closed_while_it_connects_does_nothing(play: Protocol[PlaySession]) -> None:
    def establish() -> None:
        thread = threading.Thread(target=session.close)
        thread.start()
        thread.join()
        session.client = object()

    session = start(play, "never")
    session._establish = establish  # type: ignore[method-assign]
    with pytest.raises(errors.DisconnectedError, match="closed meanwhile"):
        session.play()
    assert (session.client, session.script) == (None, ["never"])


def test_a_session_that_is_closed_while_it_connects_does_not_connect_again(play: Protocol[PlaySession]) -> None:
    def establish() -> None:
        PlaySession.opened += 1
        with session.connecting():
            thread = threading.Thread(target=session.close)
            thread.start()
            thread.join()
            raise lost()

    session = start(play, "never", **NO_WAIT)
    session._establish = establish  # type: ignore[method-assign]
    with pytest.raises(errors.DisconnectedError, match="closed meanwhile"):
        session.play()
    assert PlaySession.opened == 1


def test_a_kept_connection_that_is_closed_from_another_thread_is_not_made_anew(play: Protocol[PlaySession]) -> None:
    def work() -> None:
        with session._deadline.within(5):
            thread = threading.Thread(target=session.close)
            thread.start()
            thread.join()
        raise lost()

    session = start(play, "first", work, "never")
    assert session.play() == "first"
    with pytest.raises(errors.DisconnectedError, match="closed meanwhile"):
        session.play()
    assert (PlaySession.opened, session.script) == (1, ["never"])
