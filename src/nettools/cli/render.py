"""What the user sees: data on stdout, all else on stderr, JSON on request, server text made harmless.

Text that came from a server can hold escape sequences and bidirectional controls that rewrite a terminal; `visible`
shows them instead. rich is loaded only when a table or a progress bar is drawn on a terminal.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from nettools.cli.streams import flush_stdout, is_terminal, standard_output, writing
from nettools.errors import FileError, NettoolsError, ReplyError

if TYPE_CHECKING:
    from nettools.results import Event, Meta

__all__ = ["Output", "report_error", "visible"]

# C0 but TAB and LF, DEL, C1, and the characters that reorder or hide text (Unicode UAX 9; zero width)
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str, *, one_line: bool = False) -> str:
    """Text with its control and bidirectional characters shown as escapes."""
    text = _HARMFUL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
    if one_line:
        text = text.replace("\n", "\\n").replace("\t", " ")
    return text


def report_error(error: NettoolsError, *, as_json: bool) -> None:
    """One line with its hint, or one JSON object, on stderr."""
    if as_json:
        print(json.dumps(error.to_dict(), ensure_ascii=True), file=sys.stderr)
        return
    where = f"{error.protocol}: " if error.protocol else ""
    print(visible(f"nettools: {where}{error.message}", one_line=True), file=sys.stderr)
    if error.reply is not None and not isinstance(error, ReplyError):
        print(visible(f"  server: {error.reply}", one_line=True), file=sys.stderr)
    if error.hint:
        print(visible(f"  hint: {error.hint}", one_line=True), file=sys.stderr)
    if getattr(error, "outcome_unknown", False):
        print(
            "  the data had been sent: whether the server acted on it is not known; nothing was sent again",
            file=sys.stderr,
        )


class Output:
    """Where one command prints."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        include_data: bool = False,
        quiet: bool = False,
        verbose: int = 0,
        to: str | None = None,
    ) -> None:
        self.as_json = as_json
        self.include_data = include_data
        self.quiet = quiet
        self.verbose = verbose
        self._file: BinaryIO | None = None
        self._path = to

    # -- data

    @property
    def binary(self) -> BinaryIO:
        """stdout, or the file that -o names."""
        if self._path is None or self._path == "-":
            return standard_output()
        if self._file is None:
            with writing(self._path):
                self._file = open(self._path, "wb")  # noqa: SIM115  # closed by close()
        return self._file

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees it at once."""
        return self._path in (None, "-") and is_terminal(sys.stdout)

    def close(self) -> None:
        """Flush, and close the file if it is ours."""
        if self._file is not None:
            with writing(self._path):
                self._file.close()
        elif not isinstance(sys.exc_info()[1], FileError):  # else stdout may be what failed
            flush_stdout()

    def write(self, octets: bytes) -> None:
        """Octets as they are, at once."""
        with writing(self._path):
            self.binary.write(octets)
            self.binary.flush()

    def data(self, octets: bytes) -> None:
        """Octets as they are; on a terminal, as harmless text."""
        if self.is_terminal:
            text = visible(octets.decode("utf-8", "replace").replace("\r\n", "\n"))
            print(text, end="" if text.endswith("\n") else "\n")
        else:
            self.write(octets)

    def line(self, text: str) -> None:
        """One line of data."""
        self.write((visible(text) + "\n").encode("utf-8", "replace"))

    def json(self, value: Any) -> None:
        """One JSON line."""
        from nettools.results import Result, plain

        item = value.to_dict(include_data=self.include_data) if isinstance(value, Result) else plain(value)
        self.write(json.dumps(item, ensure_ascii=True).encode("ascii") + b"\n")

    def result(self, value: Any, human: Callable[[Any], None]) -> None:
        """One result: its JSON, or what `human` prints."""
        if self.as_json:
            self.json(value)
        else:
            human(value)
        if self.verbose and not self.quiet:
            meta = getattr(value, "meta", None)
            if meta is not None:
                self.meta(meta)

    def done(self) -> None:
        """The result of what gives nothing: JSON's null."""
        if self.as_json:
            self.json(None)

    def would(self, what: str, **more: Any) -> None:
        """What --dry-run leaves undone: a note, or an object, with `more` in it."""
        if self.as_json:
            self.json({"would": what, **more})
        else:
            self.note(f"would {what}")

    def word(self, text: str) -> None:
        """One of many words, such as a UID: a JSON string, or a line."""
        if self.as_json:
            self.json(text)
        else:
            self.line(text)

    def row(self, item: Any, row: Callable[[Any], Sequence[Any]]) -> None:
        """One of many results, as it comes: its JSON, or a line with TABs."""
        if self.as_json:
            self.json(item)
        else:
            self.line("\t".join(visible(_cell(each), one_line=True) for each in row(item)))

    def rows(self, items: Sequence[Any], columns: Sequence[str], row: Callable[[Any], Sequence[Any]]) -> None:
        """Many results: JSON Lines, a table on a terminal, lines with TABs elsewhere."""
        if self.as_json or not self.is_terminal:
            for item in items:
                self.row(item, row)
        else:
            self._table(items, columns, row)
        meta = getattr(items[-1], "meta", None) if items else None
        if self.verbose and not self.quiet and meta is not None:
            self.meta(meta)

    def _table(self, items: Sequence[Any], columns: Sequence[str], row: Callable[[Any], Sequence[Any]]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="")  # no escape of any kind among what a server said
        for column in columns:
            table.add_column(column, justify="right" if column in ("size", "count") else "left", overflow="fold")
        for item in items:
            table.add_row(*(Text(visible(_cell(each), one_line=True)) for each in row(item)))
        Console(highlight=False).print(table)

    # -- all else

    def note(self, text: str) -> None:
        """A line for the person, not the pipe."""
        if not self.quiet:
            print(visible(text, one_line=True), file=sys.stderr)

    def meta(self, meta: Meta) -> None:
        """How the call went."""
        parts = [f"peer {meta.peer}"] if meta.peer else []
        if meta.tls is not None:
            parts.append(f"{meta.tls.version} {meta.tls.cipher}")
        parts += [f"{name} {seconds * 1000:.1f} ms" for name, seconds in meta.timings.items()]
        parts += [
            f"{meta.bytes_sent} octets sent",
            f"{meta.bytes_received} received",
            f"{meta.round_trips} round trip{'s' * (meta.round_trips != 1)}",
        ]
        self.note("; ".join(parts))
        self.warnings(meta)

    def warnings(self, meta: Meta) -> None:
        """What the caller should know."""
        for warning in meta.warnings:
            self.note(f"warning: {warning}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    return str(value)


def _private(path: str, flags: int) -> int:
    """Open a file that nobody else can read: mail and files pass through a trace."""
    number = os.open(path, flags, 0o600)
    if stat.S_ISREG(os.fstat(number).st_mode):
        os.fchmod(number, 0o600)
    return number


@contextlib.contextmanager
def tracing(path: str | None, verbose: int, protocol: str) -> Iterator[Callable[[Event], object] | None]:
    """The `on_event` for -vv and --trace: human lines on stderr, records of the transcript format in a file."""
    if path is None and verbose < 2:
        yield None
        return
    with contextlib.ExitStack() as stack:
        file: IO[str] | None = None
        if path is not None:
            with writing(path):
                file = open(path, "w", encoding="utf-8", opener=_private)  # noqa: SIM115  # closed with the stack
            stack.callback(_close, file, path)
        numbers: dict[tuple[bool, int], int] = {}
        yield lambda event: _record(event, file, verbose, protocol, numbers)


def _close(file: IO[str], path: str) -> None:
    with writing(path):
        file.close()


def _record(
    event: Event, file: IO[str] | None, verbose: int, protocol: str, numbers: dict[tuple[bool, int], int]
) -> None:
    """One event, for a person and for a transcript; connections are numbered as they appear, those beside apart."""
    wire = event.kind in ("send", "receive")
    if file is not None and (wire or event.kind == "warning"):
        number = numbers.setdefault((event.beside, event.connection), 1 + sum(n[0] == event.beside for n in numbers))
        record = {
            "t": round(event.time, 6),
            "protocol": f"{protocol}-data" if event.beside else protocol,
            "connection": number if wire else 0,
            "direction": {"send": "C", "receive": "S"}.get(event.kind, "-"),
            "tls": event.tls,
            "bytes": event.bytes.decode("latin-1"),
            "note": event.stage if wire else event.text,
        }
        with writing(file.name):
            file.write(json.dumps(record) + "\n")
            file.flush()
    if verbose < 2:
        return
    if wire:
        mark = ">" if event.kind == "send" else "<"
        for line in event.text.splitlines() or [""]:
            print(f"{mark} {visible(line, one_line=True)[:2000]}", file=sys.stderr)
    elif event.kind == "begin":
        print(f"* {event.stage}", file=sys.stderr)


class Bar:
    """A progress bar, made when the first octets are told; a context manager."""

    def __init__(self, wanted: bool | None, quiet: bool) -> None:
        self.on = (is_terminal(sys.stderr) if wanted is None else wanted) and not quiet
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    @property
    def callback(self) -> Callable[[int, int | None], None] | None:
        """The facade's `progress=`."""
        return self._show if self.on else None

    def _show(self, done: int, total: int | None) -> None:
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True))
            self._task = self._progress.add_task("", total=total)
            self._progress.start()
        self._progress.update(self._task, completed=done, total=total)
        if total is not None and done >= total:
            self._stop()  # before anybody writes under it
