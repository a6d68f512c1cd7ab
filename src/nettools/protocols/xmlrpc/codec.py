"""XML-RPC's values as XML and back: xmlrpc.client's marshaller and parser, with what they lack and what they let pass.

Lacking: 64-bit integers (`i8`), carriage returns that survive. Let pass: a DTD and its entities, nesting and numbers of
values without end, XML that is no XML-RPC, objects of any class turned into structs by their attributes.
Pure: octets in, values out; any octets give a value, a Fault or a NettoolsError. https://xmlrpc.com/spec.md,
https://ws.apache.org/xmlrpc/types.html (nil, i8).

Hooks of xmlrpc.client that are relied on: `Marshaller.dispatch`, `Unmarshaller.dispatch`, its `append`, `_value`
`_use_datetime`, `_use_bytes`, `_marks` and `_stack`, and `ExpatParser._parser`, an expat parser.
"""

from __future__ import annotations

import binascii
import datetime as dt
import math
import re
import xmlrpc.client
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from xml.parsers.expat import ExpatError

from nettools.errors import NettoolsError, ProtocolError, TooLargeError, UsageError

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

__all__ = ["Decoder", "marshal", "method_name", "unmarshal"]

MOST_VALUES = 1_000_000
PIECE = 512  # elements of an answer, between two looks at the clock
DEEPEST = 600  # elements inside one another: two hundred arrays
_LEVELS = 200  # arrays and structs inside one another, in what is sent

_METHOD = re.compile(r"[A-Za-z0-9_.:/]+")  # the specification's characters
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2


def method_name(name: str) -> str:
    """The name of a method, if it is one."""
    if not isinstance(name, str) or not _METHOD.fullmatch(name):
        raise UsageError(f"{name!r} is no XML-RPC method", hint="letters, digits, and _ . : /")
    return name


# --- what is sent


class _Encoder(xmlrpc.client.Marshaller):
    """xmlrpc.client's marshaller, with nil and i8."""

    dispatch: ClassVar[dict[Any, Any]] = dict(xmlrpc.client.Marshaller.dispatch)  # type: ignore[misc]

    def dump_long(self, value: int, write: Callable[[str], object]) -> None:
        """An integer of 32 bits as `int`, one of 64 as `i8`."""
        if not -(2**63) <= value < 2**63:
            raise UsageError(f"an integer of {value.bit_length()} bits: XML-RPC has 64 at most")
        kind = "int" if -(2**31) <= value < 2**31 else "i8"
        write(f"<value><{kind}>{int(value)}</{kind}></value>\n")

    def dump_double(self, value: float, write: Callable[[str], object]) -> None:
        """A number, which has to be one."""
        if not math.isfinite(value):
            raise UsageError(f"XML-RPC cannot carry {value}")
        write(f"<value><double>{value!r}</double></value>\n")

    def dump_unicode(self, value: str, write: Callable[[str], object], escape: object = None) -> None:
        """A text; a CR is written as a reference, or the other end would read a line feed (XML 1.0 2.11)."""
        write(f"<value><string>{_text(value)}</string></value>\n")

    def dump_datetime(self, value: Any, write: Callable[[str], object]) -> None:
        """A moment; XML-RPC has no zones: one that knows its zone is written in UTC."""
        naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo is not None else value
        write(f"<value><dateTime.iso8601>{naive:%Y%m%dT%H:%M:%S}</dateTime.iso8601></value>\n")

    def dump_instance(self, value: Any, write: Callable[[str], object]) -> None:
        """xmlrpc.client's own wrappers, and nothing else."""
        if type(value) not in (xmlrpc.client.DateTime, xmlrpc.client.Binary):
            raise UsageError(f"XML-RPC cannot carry a {type(value).__name__}")
        super().dump_instance(value, write)

    dispatch |= {
        int: dump_long,
        float: dump_double,
        str: dump_unicode,
        dt.datetime: dump_datetime,
        "_arbitrary_instance": dump_instance,
    }


def _text(value: str) -> str:
    if (found := _NO_XML.search(value)) is not None:
        raise UsageError(f"XML cannot carry the character {found[0]!r}", hint="send bytes")
    return xmlrpc.client.escape(value).replace("\r", "&#13;")


def marshal(method: str, arguments: Sequence[Any]) -> bytes:
    """The body of a call.

    Raises:
        UsageError: XML-RPC cannot carry an argument.
    """
    _check(arguments, _LEVELS)
    try:
        params = _Encoder("utf-8", allow_none=True).dumps(tuple(arguments))
    except NettoolsError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"XML-RPC cannot carry an argument: {error}") from error
    head = f"<?xml version='1.0'?>\n<methodCall>\n<methodName>{_text(method_name(method))}</methodName>\n"
    return f"{head}{params}</methodCall>\n".encode()


def _check(value: Any, levels: int) -> None:
    """See that names are text that XML can carry, and that nesting has an end."""
    if not isinstance(value, (dict, list, tuple)):
        return
    if not levels:
        raise UsageError(f"an argument with more than {_LEVELS} levels, or one that holds itself")
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(name, str):
            _text(name)
        _check(each, levels - 1)


# --- what comes


_TRUTH = {"0": False, "1": True, "false": False, "true": True}


class _Name(str):
    """The name of a member, until its struct is made."""

    __slots__ = ()


class Decoder(xmlrpc.client.Unmarshaller):
    """xmlrpc.client's unmarshaller; dates with a zone keep it, and what is no date stays text."""

    dispatch: ClassVar[dict[Any, Any]] = dict(xmlrpc.client.Unmarshaller.dispatch)  # type: ignore[misc]

    if TYPE_CHECKING:  # what the stubs leave out
        _use_bytes: bool

    def end_datetime(self, data: str) -> None:
        """A moment, as datetime where that was asked for and it is one."""
        if not self._use_datetime:
            super().end_dateTime(data)
            return
        try:
            self.append(dt.datetime.fromisoformat(data.strip()))
        except ValueError:
            self.append(data)
        self._value = False

    def end_base64(self, data: str) -> None:
        """Octets; what is no Base64 is an error, where xmlrpc.client passes over it."""
        octets = binascii.a2b_base64("".join(data.split()), strict_mode=True)
        self.append(octets if self._use_bytes else xmlrpc.client.Binary(octets))
        self._value = False

    def end_integer(self, data: str) -> None:
        """Digits and a sign: `int` takes underscores, and the digits of every script."""
        if not _INTEGER.fullmatch(data):
            raise xmlrpc.client.ResponseError("this is no integer")
        self.append(int(data))
        self._value = False

    def end_number(self, data: str) -> None:
        """A decimal number: `float` takes underscores, too."""
        if "_" in data:
            raise xmlrpc.client.ResponseError("this is no number")
        self.append(float(data))
        self._value = False

    def end_truth(self, data: str) -> None:
        """0 or 1, or the words that XML Schema has for them."""
        word = data.strip().lower()
        if word not in _TRUTH:
            raise xmlrpc.client.ResponseError("this is no boolean")
        self.append(_TRUTH[word])
        self._value = False

    def end_name(self, data: str) -> None:
        """The name of a member."""
        self.append(_Name(data))
        self._value = False

    def end_members(self, _: str) -> None:
        """A struct: each member has a name and a value, in whatever order."""
        mark = self._marks.pop()
        pairs = zip(self._stack[mark::2], self._stack[mark + 1 :: 2], strict=True)
        members = [(one, two) if isinstance(one, _Name) else (two, one) for one, two in pairs]
        if not all(isinstance(name, _Name) and not isinstance(value, _Name) for name, value in members):
            raise xmlrpc.client.ResponseError("a member without a name")
        self._stack[mark:] = [{str(name): value for name, value in members}]
        self._value = False

    def end_refusal(self, data: str) -> None:
        """A fault, which has a code and a text; it may lack one, and have more."""
        said = self._stack[-1] if self._stack else None
        if not isinstance(said, dict) or not said.keys() & {"faultCode", "faultString"}:
            raise xmlrpc.client.ResponseError("a fault without a code")
        code = said.get("faultCode", 0)
        code = int(code) if isinstance(code, str) and _INTEGER.fullmatch(code) else code
        self._stack[:] = [{"faultCode": code, "faultString": said.get("faultString", "")}]
        super().end_fault(data)

    dispatch |= {"dateTime.iso8601": end_datetime, "dateTime": end_datetime, "base64": end_base64}
    dispatch |= {"boolean": end_truth, "name": end_name, "struct": end_members, "fault": end_refusal}
    dispatch |= dict.fromkeys(("double", "float"), end_number)
    dispatch |= dict.fromkeys(("i1", "i2", "i4", "i8", "int", "biginteger"), end_integer)


class Parser(xmlrpc.client.ExpatParser):
    """xmlrpc.client's parser, which refuses a DTD, and more than there may be."""

    if TYPE_CHECKING:
        _parser: XMLParserType

    def __init__(
        self,
        target: xmlrpc.client.Unmarshaller,
        most: int | None = MOST_VALUES,
        check: Callable[[], object] = bool,
    ) -> None:
        super().__init__(target)
        self._depth = self._elements = self._values = 0
        self._most, self._check = most, check
        self._start, self._end = target.start, target.end
        expat = self._parser
        expat.buffer_text = True
        expat.StartElementHandler = self._begin
        expat.EndElementHandler = self._finish
        expat.StartDoctypeDeclHandler = expat.EntityDeclHandler = self._refuse

    def _begin(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        if self._depth == 1 and tag.rpartition(":")[2] != "methodResponse":
            raise xmlrpc.client.ResponseError(f"it begins with <{tag[:40]}>")
        if self._depth > DEEPEST:
            raise ProtocolError(f"an answer with more than {DEEPEST} elements inside one another")
        self._elements += 1
        if not self._elements % PIECE:
            self._check()
        self._values += tag == "value"
        if self._most is not None and self._values > self._most:
            raise TooLargeError(
                f"an answer with more than {self._most} values", hint="max_size=None lifts the limits on what is held"
            )
        self._start(tag, attributes)

    def _finish(self, tag: str) -> None:
        self._depth -= 1
        self._end(tag)

    def _refuse(self, *_: object) -> None:
        raise ProtocolError("an answer with a DTD: XML-RPC has none, and entities are not expanded")


def unmarshal(
    data: bytes,
    *,
    kind: str | None = None,
    most: int | None = MOST_VALUES,
    builtin: bool = True,
    check: Callable[[], object] = bool,
) -> Any:
    """The value of a response.

    Args:
        check: called every now and then; what it raises ends the work.
        kind: what the server calls it, for the error where it is something else.
        builtin: dates are datetimes and binaries bytes; else xmlrpc.client's own wrappers.

    Raises:
        xmlrpc.client.Fault: that is the answer. ProtocolError: this is no XML-RPC. TooLargeError.
    """
    decoder = Decoder(use_builtin_types=builtin)
    parser = Parser(decoder, most, check)
    try:
        # whole: what comes in pieces, an old Expat reads anew with each of them, as long as a token has no end
        parser.feed(data.lstrip(b" \t\r\n"))  # servers that are scripts send lines before it
        parser.close()
        values = decoder.close()
    except (NettoolsError, xmlrpc.client.Fault):
        raise
    except Exception as error:  # the unmarshaller has an exception of its own kind for each kind of nonsense
        what = error if isinstance(error, ExpatError) else type(error).__name__
        raise ProtocolError(
            f"the answer ({kind or 'no Content-Type'}) is no XML-RPC: {what}", hint="is this the address of its RPC?"
        ) from error
    if len(values) > 1:
        raise ProtocolError(f"an answer with {len(values)} values: there is one, or none")
    return values[0] if values else None
