"""XML-RPC's XML, read and written for the fake (https://xmlrpc.com/spec.md, with nil and i8). A DTD is refused."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape

__all__ = ["NotXMLRPC", "fault_response", "read_call", "value_response"]

DEEPEST = 100
_INTEGER = re.compile("[+-]?[0-9]{1,20}")
_DOUBLE = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{0,400})?([eE][+-]?[0-9]{1,4})?")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotXMLRPC(Exception):  # noqa: N818  # what a fault is made of
    """What came is no call."""


# --- reading


def read_call(data: bytes) -> tuple[str, list[Any]]:
    """The method's name and its arguments.

    Raises:
        NotXMLRPC: this is no call.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise NotXMLRPC("a call has no DTD")
    parser = XMLParser()  # noqa: S314  # without a DTD there are no entities
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise NotXMLRPC(f"no XML: {error}") from error
    name = root.findtext("methodName")
    if root.tag != "methodCall" or not name:
        raise NotXMLRPC("no methodCall with a methodName")
    try:
        return name.strip(), [_value(_only(each), DEEPEST) for each in root.findall("params/param")]
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise NotXMLRPC(f"no values: {error}") from error


def _only(element: Element) -> Element:
    if len(element) != 1:
        raise ValueError(f"<{element.tag}> with {len(element)} elements")
    return element[0]


def _value(element: Element, levels: int) -> Any:
    if element.tag != "value" or not levels:
        raise ValueError("a value is needed, and not too deep")
    if not len(element):
        return element.text or ""
    inner = _only(element)
    text = inner.text or ""
    match inner.tag.rpartition("}")[2]:
        case "string":
            return text
        case "int" | "i1" | "i2" | "i4" | "i8":
            return int(_plain(_INTEGER, text))
        case "boolean":
            return {"0": False, "1": True}[text.strip()]
        case "double":
            return float(_plain(_DOUBLE, text))
        case "nil":
            return None
        case "base64":
            return base64.b64decode("".join(text.split()), validate=True)
        case "dateTime.iso8601":
            return dt.datetime.fromisoformat(text.strip())
        case "array":
            return [_value(each, levels - 1) for each in inner.findall("data/value")]
        case "struct":
            return dict(_member(each, levels) for each in inner.findall("member"))
    raise ValueError(f"<{inner.tag}>")


def _member(element: Element, levels: int) -> tuple[str, Any]:
    value = element.find("value")
    if value is None:
        raise ValueError("a member without a value")
    return element.findtext("name") or "", _value(value, levels - 1)


def _plain(pattern: re.Pattern[str], text: str) -> str:
    """A number as the specification writes it: Python reads more."""
    if not pattern.fullmatch(text.strip()):
        raise ValueError(f"{text[:20]!r} is no number")
    return text


# --- writing


def _written(value: Any) -> str:
    match value:
        case None:
            inner = "<nil/>"
        case bool():
            inner = f"<boolean>{int(value)}</boolean>"
        case int():
            kind = "i4" if -(2**31) <= value < 2**31 else "i8"
            inner = f"<{kind}>{value}</{kind}>"
        case float() if math.isfinite(value):
            inner = f"<double>{value!r}</double>"
        case str():
            inner = f"<string>{_escaped(value)}</string>"
        case bytes() | bytearray():
            inner = f"<base64>{base64.b64encode(value).decode('ascii')}</base64>"
        case dt.datetime():
            inner = f"<dateTime.iso8601>{value:%Y%m%dT%H:%M:%S}</dateTime.iso8601>"
        case list() | tuple():
            inner = f"<array><data>{''.join(map(_written, value))}</data></array>"
        case dict():
            members = "".join(
                f"<member><name>{_escaped(str(name))}</name>{_written(each)}</member>" for name, each in value.items()
            )
            inner = f"<struct>{members}</struct>"
        case _:
            raise TypeError(f"XML-RPC cannot carry {type(value).__name__}")
    return f"<value>{inner}</value>"


def _escaped(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text), {"\r": "&#13;"})


def value_response(value: Any) -> bytes:
    """A response with a value."""
    return _document(f"<params><param>{_written(value)}</param></params>")


def fault_response(code: int, text: str) -> bytes:
    """A response with a fault."""
    return _document(f"<fault>{_written({'faultCode': code, 'faultString': text})}</fault>")


def _document(inner: str) -> bytes:
    return f"<?xml version='1.0' encoding='utf-8'?>\n<methodResponse>{inner}</methodResponse>\n".encode()
