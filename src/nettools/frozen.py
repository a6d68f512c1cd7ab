"""What the public values have in common besides being frozen, slotted dataclasses.

Nothing can be set on them. For its slots a dataclass is made a second time, while the `__setattr__` that was written
for it still knows the first class: a name that is no field then ends in a TypeError about `super`. Here it is a
FrozenInstanceError like any other.

Comparing, hashing and showing are here once, as `dataclass` defines them. Written anew for each class (`eq=True`,
`repr=True`) they would be most of what a class costs to make, and making them most of a small call.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from functools import cache
from typing import Any, NoReturn

__all__ = ["Frozen"]


def _set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


class Frozen:
    """The base of a `dataclass(frozen=True, slots=True, eq=False, repr=False)`."""

    __slots__ = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__dataclass_fields__" in vars(cls):  # the second class, which has what was written for the first
            type.__setattr__(cls, "__setattr__", _set)
            type.__setattr__(cls, "__delattr__", _delete)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values("compare") == other._values("compare")

    def __hash__(self) -> int:
        return hash(tuple(self._values("hash")))

    def __repr__(self) -> str:
        shown = zip(_names(type(self), "repr"), self._values("repr"), strict=True)  # type: ignore[arg-type]
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in shown)})"

    def _values(self, what: str) -> list[Any]:
        return [getattr(self, name) for name in _names(type(self), what)]  # type: ignore[arg-type]


@cache
def _names(kind: Any, what: str) -> tuple[str, ...]:
    """The fields of a class that take part in something; in the hash those that are compared, if nothing is said."""
    parts = ((each.name, getattr(each, what), each.compare) for each in fields(kind))
    return tuple(name for name, part, compared in parts if (compared if part is None else part))
