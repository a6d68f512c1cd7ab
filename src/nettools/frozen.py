"""The frozen, slotted dataclasses that public values are, without what `dataclasses` costs.

`dataclass` writes the source of each class's methods and compiles it, makes the class a second time for its slots, and
imports `inspect`: together a third of a small call. Here a class is made once, with its slots; comparing, hashing and
showing are written once for all; `__init__` is compiled when a class makes its first value. What `dataclasses` itself
is asked about a class (`is_dataclass`, `fields`, `replace`, `asdict`), it answers by itself, when it is asked.

    class Point(Frozen):
        x: int
        y: int = 0
        names: dict[str, str] = field(default_factory=dict, hash=False)

A subclass adds fields, and may have an `__init__` of its own. `__post_init__` works as in a dataclass. Type checkers
know all this by `dataclass_transform` (PEP 681).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform

__all__ = ["Frozen", "field", "replace"]


class _Nothing:
    """Stands for a default that there is not."""

    def __repr__(self) -> str:
        return "<factory>"  # where it shows in a signature there is one


_NOTHING: Any = _Nothing()


class Field:
    """What a class knows of one of its fields, as `dataclasses.field` has it."""

    __slots__ = ("compare", "default", "default_factory", "hash", "kind", "kw_only", "repr")

    def __init__(self, default: Any, default_factory: Any, settings: tuple[bool, bool, bool, bool | None]) -> None:
        self.default, self.default_factory = default, default_factory
        self.kw_only, self.repr, self.compare, self.hash = settings
        self.kind: Any = ""  # its annotation: a string, in most modules

    @property
    def hashed(self) -> bool:
        """Whether it takes part in the hash: where nothing is said, if it does in comparing."""
        return self.compare if self.hash is None else self.hash

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not _NOTHING or self.default_factory is not _NOTHING


def field(
    *,
    default: Any = _NOTHING,
    default_factory: Callable[[], Any] = _NOTHING,
    kw_only: bool = False,
    repr: bool = True,  # noqa: A002
    compare: bool = True,
    hash: bool | None = None,  # noqa: A002
) -> Any:
    """A field about which there is more to say than its default; the words are those of `dataclasses.field`."""
    return Field(default, default_factory, (kw_only, repr, compare, hash))


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class FrozenType(type):
    """Makes the classes: takes the fields out of the body and gives them slots."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], *, kw_only: bool = False) -> FrozenType:
        fields: dict[str, Field] = {}
        for base in bases:
            fields.update(getattr(base, "_fields", {}))
        own = [each for each, kind in body.get("__annotations__", {}).items() if "ClassVar" not in str(kind)]
        for each in own:
            given = body.pop(each, _NOTHING)
            made = given if isinstance(given, Field) else field(default=given)
            made.kind, made.kw_only = body["__annotations__"][each], made.kw_only or kw_only
            fields[each] = made
        _check_order(name, fields)
        body["__slots__"] = (*body.get("__slots__", ()), *own)
        body["__match_args__"] = tuple([each for each, made in fields.items() if not made.kw_only])
        body["_fields"] = fields
        cls = super().__new__(mcs, name, bases, body)
        if own and "__init__" not in body:
            cls.__init__ = _Init(cls)  # type: ignore[misc]
        return cls


def _check_order(name: str, fields: dict[str, Field]) -> None:
    """Raise TypeError, as `dataclass` does, if a field that must be given stands behind one that need not be."""
    optional = ""
    for each, made in fields.items():
        if made.kw_only:
            continue
        if made.optional:
            optional = each
        elif optional:
            raise TypeError(f"{name}: the field {each!r} has no default, and stands behind {optional!r}, which has one")


class _Init:
    """Stands for the `__init__` of a class until it is looked at."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, instance: object, owner: Any = None) -> Any:
        function = _initializer(self._cls)
        self._cls.__init__ = function  # type: ignore[misc]
        return function if instance is None else function.__get__(instance)


def _initializer(cls: Any) -> Any:
    """The `__init__` that `dataclass` would write: by position in the order of the fields, then those by name only."""
    outer: dict[str, Any] = {"_put": object.__setattr__, "_nothing": _NOTHING}
    by_place, by_name, lines = ["self"], ["*"], []
    for name, each in cls._fields.items():
        value = name
        if each.default_factory is not _NOTHING:
            outer[f"_new_{name}"] = each.default_factory
            value = f"_new_{name}() if {name} is _nothing else {name}"
        outer[f"_default_{name}"] = each.default
        (by_name if each.kw_only else by_place).append(f"{name}=_default_{name}" if each.optional else name)
        lines.append(f"  _put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    parameters = by_place + (by_name if len(by_name) > 1 else [])
    head = [f"def _make({', '.join(outer)}):", f" def __init__({', '.join(parameters)}):"]
    made: dict[str, Any] = {}
    scope = getattr(sys.modules.get(cls.__module__), "__dict__", {})  # where the names of its annotations are
    exec("\n".join([*head, *lines, " return __init__"]), scope, made)  # noqa: S102  # as `dataclasses` does
    function = made["_make"](**outer)
    function.__qualname__, function.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    function.__annotations__ = {**{name: each.kind for name, each in cls._fields.items()}, "return": "None"}
    return function


class _Dataclass:
    """What `dataclasses` looks for in a class: that of a twin which it makes when it is looked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: Any) -> Any:
        return getattr(_twin(owner), self._name)


@cache
def _twin(cls: Any) -> type:
    """The class as `dataclasses` makes it."""
    import dataclasses

    def told(each: Field) -> Any:
        given = {name: getattr(each, name) for name in Field.__slots__ if name != "kind"}
        return dataclasses.field(**{name: value for name, value in given.items() if value is not _NOTHING})

    fields = [(name, each.kind, told(each)) for name, each in cls._fields.items()]
    return dataclasses.make_dataclass(cls.__name__, fields, frozen=True, eq=False, repr=False)


class Frozen(metaclass=FrozenType):
    """The base of all frozen values: equal when their fields are, never to be changed, fit to be pickled."""

    _fields: ClassVar[dict[str, Field]]
    __dataclass_fields__: ClassVar[Any] = _Dataclass()
    __dataclass_params__: ClassVar[Any] = _Dataclass()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise _frozen(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise _frozen(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = [name for name, each in self._fields.items() if each.compare]
        return [getattr(self, name) for name in names] == [getattr(other, name) for name in names]

    def __hash__(self) -> int:
        return hash(tuple([getattr(self, name) for name, each in self._fields.items() if each.hashed]))

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name, each in self._fields.items() if each.repr]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __getstate__(self) -> list[Any]:
        return [getattr(self, name) for name in self._fields]

    def __setstate__(self, state: list[Any]) -> None:
        for name, value in zip(self._fields, state, strict=True):
            object.__setattr__(self, name, value)

    def __replace__(self, **changes: Any) -> Self:
        """The same with other values in some fields: `copy.replace`, which Python has from 3.13 on."""
        return type(self)(**{name: getattr(self, name) for name in self._fields} | changes)


F = TypeVar("F", bound=Frozen)


def replace(value: F, **changes: Any) -> F:
    """The same value with others in some of its fields; as `dataclasses.replace`."""
    return value.__replace__(**changes)


def _frozen(what: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(what)
