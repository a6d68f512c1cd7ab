"""Header fields, of HTTP and of mail: in order, case-insensitive, repeated ones kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from nettools.errors import UsageError
from nettools.secret import MASK

__all__ = ["Headers"]

SECRET = ("set-cookie", "cookie", "authorization", "proxy-authorization")  # what a repr does not show

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """Header fields in the order received: a case-insensitive mapping that keeps repeated fields.

    `h["Name"]` is the first value, or all of them joined by `separator` where one was given (HTTP: RFC 9110 5.3);
    `h.get_all("Name")` is a tuple of all; `h.pairs` has every field as it came.
    """

    __slots__ = ("_index", "_separator", "pairs")

    pairs: tuple[tuple[str, str], ...]

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), *, separator: str | None = None) -> None:
        try:
            self.pairs = tuple([(str(name), str(value)) for name, value in pairs])
        except (TypeError, ValueError):
            raise UsageError("pairs are pairs of a name and a value") from None
        self._separator = separator
        index: dict[str, list[str]] = {}
        for name, value in self.pairs:
            index.setdefault(name.lower(), []).append(value)
        self._index = index

    def __getitem__(self, name: str) -> str:
        return self._value(self._index[name.lower()])

    def _value(self, values: list[str]) -> str:
        return values[0] if self._separator is None else self._separator.join(values)

    @overload
    def get(self, name: str) -> str | None: ...

    @overload
    def get(self, name: str, default: T) -> str | T: ...

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field as `h["Name"]` has it, or the default."""
        values = self._index.get(name.lower())
        return default if values is None else self._value(values)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order; empty when there is none."""
        return tuple(self._index.get(name.lower(), ()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for name, _ in self.pairs:
            if name.lower() not in seen:
                seen.add(name.lower())
                yield name

    def __len__(self) -> int:
        return len(self._index)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self.pairs == other.pairs
        if isinstance(other, Mapping):
            return dict(self) == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __repr__(self) -> str:
        return f"Headers({[(name, MASK if name.lower() in SECRET else value) for name, value in self.pairs]!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_headers, (self.pairs, self._separator)

    def to_dict(self) -> dict[str, str | list[str]]:
        """{name: value}, a list of values where the field is repeated."""
        return {name: values[0] if len(values := self._index[name.lower()]) == 1 else list(values) for name in self}


def _restore_headers(pairs: tuple[tuple[str, str], ...], separator: str | None) -> Headers:
    return Headers(pairs, separator=separator)
