"""What the public values have in common besides being frozen, slotted dataclasses: nothing can be set on them.

For its slots a dataclass is made a second time, while the `__setattr__` that was written for it still knows the first
class: a name that is no field then ends in a TypeError about `super`. Here it is a FrozenInstanceError like any other.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any, NoReturn

__all__ = ["Frozen"]


def _set(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


class Frozen:
    """The base of a frozen, slotted dataclass."""

    __slots__ = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__dataclass_fields__" in vars(cls):  # the second class, which has what was written for the first
            type.__setattr__(cls, "__setattr__", _set)
            type.__setattr__(cls, "__delattr__", _delete)
