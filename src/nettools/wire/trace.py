"""What happened, as it happened: stages with their times, counters, wire lines, and every secret masked.

One Trace belongs to one call (or session). It costs two additions a read or write when nobody watches; with a watcher
(`on_event`, -v, --trace) every octet is shown, cut into lines so that a secret that arrives in two pieces is masked
too. Masking covers the forms that `secret.secret_forms` lists. This module prints nothing: sinks are for the
caller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Literal

from nettools.results import Event, Meta, TLSInfo
from nettools.secret import MASK, mask_named, secret_forms
from nettools.wire.deadline import Deadline

__all__ = ["CallbackRaised", "Progress", "Trace"]

_LINE_LIMIT = 16 * 1024  # octets of one direction held back while waiting for the end of a line
STAGES = ("resolve", "connect", "proxy", "tls", "greeting", "login", "first_byte")  # those that results tell of

Way = Literal["<", ">"]
Source = tuple[int, bool, bool]  # a connection's number, inside TLS or not, beside the call's own or not
NOWHERE: Source = (0, False, False)


class CallbackRaised(BaseException):
    """Carries an exception of the caller's own callback past every `except Exception` on its way out."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Progress:
    """Tells the caller how far a transfer is, `callback(done, total or None)`: 20 times a second at most, and at its
    end.
    """

    INTERVAL = 0.05  # seconds

    def __init__(self, callback: Callable[[int, int | None], object] | None, clock: Callable[[], float]) -> None:
        self._callback = callback
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """A new transfer."""
        self._last = self._clock() - self.INTERVAL
        self._told: tuple[int, int | None] | None = None

    def __call__(self, done: int, total: int | None, *, final: bool = False) -> None:
        """`done` of `total` octets; the last call of a transfer says `final`."""
        if self._callback is None or self._told == (done, total):
            return
        now = self._clock()
        if not final and now - self._last < self.INTERVAL:
            return
        self._last, self._told = now, (done, total)
        try:
            self._callback(done, total)
        except BaseException as error:
            raise CallbackRaised(error) from error


class Trace:
    """The record of one call.

    `stage` is where the call is now; `timings` what each stage took, in seconds; `round_trips` how often something was
    received after something had been sent.
    """

    def __init__(self, deadline: Deadline, on_event: Callable[[Event], object] | None = None) -> None:
        self._clock = deadline.clock
        self._on_event = on_event
        self.watched = on_event is not None
        self.stage = "start"
        self.peer: str | None = None
        self.tls: TLSInfo | None = None
        self.attempts = 1
        self._secrets: dict[str, None] = {}
        self._forms: tuple[str, ...] | None = ()  # of all of them, longest first; None until they are needed
        self._held = bytearray()
        self._from: tuple[Way, Source] = ("<", NOWHERE)
        self.begin()

    def begin(self) -> None:
        """Begin a new operation: times and counters start at nothing; what the connection is stays."""
        self.started = self._clock()
        self.timings: dict[str, float] = {}
        self.bytes_sent = self.bytes_received = self.round_trips = 0
        self.warnings: list[str] = []
        self.attempts = 1
        self._sending = False

    # -- stages

    @contextlib.contextmanager
    def span(self, stage: str) -> Iterator[None]:
        """A stage: timed, told to the watcher, and named in the errors that happen in it."""
        before, begun = self.stage, self._clock()
        self.stage = stage
        self.event("begin", "")
        try:
            yield
        except BaseException:
            self._add(stage, begun)
            raise  # `stage` stays where it was: the error belongs to it
        self._add(stage, begun)
        self.event("end", "")
        self.stage = before

    def _add(self, stage: str, begun: float) -> None:
        self.timings[stage] = self.timings.get(stage, 0.0) + self._clock() - begun

    def warn(self, text: str) -> None:
        """Something the caller should know that is no error; it goes into `meta.warnings`."""
        text = self.mask(text)
        if text not in self.warnings:
            self.warnings.append(text)
            self.event("warning", text)

    def event(self, kind: str, text: str, data: bytes = b"", source: Source = NOWHERE) -> None:
        """Tell the watcher, if there is one."""
        if self._on_event is None:
            return
        event = Event(self._clock() - self.started, self.stage, kind, self.mask(text), data, *source)
        try:
            self._on_event(event)
        except BaseException as error:
            raise CallbackRaised(error) from error

    # -- the wire

    def count_in(self, count: int) -> None:
        """Octets were received."""
        self.bytes_received += count
        if self._sending and count:
            self._turn()

    def count_out(self, count: int) -> None:
        """Octets were sent."""
        self.bytes_sent += count
        self._sending = True

    def _turn(self) -> None:
        self._sending = False
        self.round_trips += 1
        if "first_byte" not in self.timings:
            self.timings["first_byte"] = self._clock() - self.started

    def show(self, direction: Way, data: bytes, source: Source = NOWHERE) -> None:
        """Octets for the watcher, "<" received, ">" sent, and where they passed."""
        if (direction, source) != self._from:
            self.flush()
            self._from = direction, source
        held = self._held
        held += data
        cut = held.rfind(b"\n") + 1
        if not cut and (len(held) >= _LINE_LIMIT or not data):
            cut = len(held)
        if cut:
            self._show_held(cut)

    def flush(self) -> None:
        """Show what is held back of unfinished lines."""
        if self._held:
            self._show_held(len(self._held))

    def _show_held(self, count: int) -> None:
        data = bytes(self._held[:count])
        del self._held[:count]  # before it is shown: what the watcher raises at is not shown again
        direction, source = self._from
        masked = mask_named(self.mask_bytes(data))
        self.event("receive" if direction == "<" else "send", masked.decode("utf-8", "replace"), masked, source)

    # -- secrets

    def add_secret(self, secret: str) -> None:
        """From now on, mask this in all its forms."""
        if secret and secret not in self._secrets:
            self._secrets[secret] = None
            self._forms = None

    def _masked(self) -> tuple[str, ...]:
        if self._forms is None:
            forms = {form for secret in self._secrets for form in secret_forms(secret)}
            self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        return self._forms

    def mask(self, text: str) -> str:
        """The text with every secret replaced."""
        for secret in self._masked():
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def mask_bytes(self, data: bytes) -> bytes:
        """The octets with every secret replaced."""
        for secret in self._masked():
            octets = secret.encode("utf-8", "surrogateescape")
            if octets in data:
                data = data.replace(octets, MASK.encode())
        return data

    # -- the outcome

    def meta(self) -> Meta:
        """What the result carries."""
        taken = self.timings
        timings = {stage: taken[stage] for stage in STAGES if stage in taken}  # what an operation is called is its own
        timings["total"] = self._clock() - self.started
        return Meta(
            peer=self.peer,
            tls=self.tls,
            timings=timings,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
            round_trips=self.round_trips,
            attempts=self.attempts,
            warnings=tuple(self.warnings),
        )
