"""The frozen values' own mechanism: what a dataclass would be, as far as anybody can tell."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

import pytest

import nettools
from nettools import results
from nettools.frozen import Frozen, field, replace

RESULTS = (
    "Address",
    "FileEntry",
    "FolderStatus",
    "Mail",
    "MailInfo",
    "Options",
    "Page",
    "SendReport",
    "TLS",
    "Transfer",
)


class Point(Frozen):
    x: int
    y: int = 0
    names: dict[str, str] = field(default_factory=dict, hash=False)
    note: str = field(default="", kw_only=True, compare=False, repr=False)
    origin: ClassVar[str] = "here"


class Point3(Point):
    z: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "z", abs(self.z))


class Sides(Frozen, kw_only=True):
    right: int = 1
    left: int


@dataclass(frozen=True, slots=True)
class Twin:
    x: int
    y: int = 0
    names: dict[str, str] = dataclasses.field(default_factory=dict, hash=False)
    note: str = dataclasses.field(default="", kw_only=True, compare=False, repr=False)
    origin: ClassVar[str] = "here"


@pytest.mark.parametrize("make", [Point, Twin])
def test_a_value_is_what_a_dataclass_would_be(make: Any) -> None:
    value = make(1, names={"a": "b"}, note="why")
    assert (value.x, value.y, value.names, value.note, value.origin) == (1, 0, {"a": "b"}, "why", "here")
    assert value == make(1, 0, {"a": "b"}) != make(2, 0, {"a": "b"})
    assert hash(value) == hash(make(1, 0, {"c": "d"}))
    assert repr(value) == f"{make.__name__}(x=1, y=0, names={{'a': 'b'}})"
    assert make.__match_args__ == ("x", "y", "names")
    assert not hasattr(value, "__dict__")
    assert make(1).names is not make(1).names


@pytest.mark.parametrize("make", [Point, Twin])
def test_dataclasses_answers_what_it_is_asked_of_a_value(make: Any) -> None:
    value = make(1, note="why")
    assert dataclasses.is_dataclass(make)
    assert dataclasses.is_dataclass(value)
    told = [
        (each.name, each.type, each.repr, each.compare, each.hash, each.kw_only) for each in dataclasses.fields(make)
    ]
    assert told[1] == ("y", "int", True, True, None, False)
    assert told[3] == ("note", "str", False, False, None, True)
    assert dataclasses.replace(value, y=5) == make(1, 5)
    assert dataclasses.asdict(value) == {"x": 1, "y": 0, "names": {}, "note": "why"}


@pytest.mark.parametrize("make", [Point, Twin])
def test_arguments_are_named_in_the_signature_and_checked(make: Any) -> None:
    shown = str(inspect.signature(make)).replace("'", "").replace('"', "")
    assert shown == "(x: int, y: int = 0, names: dict[str, str] = <factory>, *, note: str = ) -> None"
    for arguments in ((), (1, 2, {}, "why"), (1, 2, {}, 4)):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            make(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        make(1, colour="red")


class Pair(Frozen):
    first: Point | None = None
    second: Twin | None = None


def test_the_annotations_of_init_are_evaluated_where_the_class_stands() -> None:
    assert get_type_hints(Pair.__init__) == {"first": Point | None, "second": Twin | None, "return": type(None)}
    assert inspect.signature(Pair, eval_str=True).parameters["first"].annotation == Point | None
    assert get_type_hints(nettools.TLS.__init__)["mode"] == get_type_hints(nettools.TLS)["mode"]


@pytest.mark.parametrize("make", [Point, Twin])
def test_nothing_can_be_set_or_deleted(make: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make(1).x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del make(1).x


def test_a_value_is_copied_pickled_and_replaced_whole() -> None:
    value = Point3(1, z=-3, note="why")
    assert value.z == 3
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)), replace(value)):
        assert (type(again), again, again.note) == (Point3, value, "why")
    assert replace(value, z=7, note="").z == 7


def test_a_subclass_has_the_fields_of_its_base_first() -> None:
    assert Point3.__match_args__ == ("x", "y", "names", "z")
    assert [each.name for each in dataclasses.fields(Point3)] == ["x", "y", "names", "note", "z"]
    assert Point3(1) != Point(1)


def test_every_result_is_a_dataclass_whichever_is_asked_first() -> None:
    for kind in (nettools.Meta, results.Result, results.Deferred, *(getattr(nettools, name) for name in RESULTS)):
        assert [each.name for each in dataclasses.fields(kind)] == [*kind._fields]


def test_keyword_only_fields_need_no_order() -> None:
    assert Sides(left=2) == Sides(right=1, left=2)
    with pytest.raises(TypeError):
        Sides(2)  # type: ignore[misc]


def test_the_first_look_at_a_signature_shows_what_every_other_does() -> None:
    class Late(Frozen):
        x: int
        y: int = 0

    assert not inspect.isfunction(vars(Late)["__init__"])
    first = inspect.signature(Late)
    assert [*first.parameters] == ["x", "y"]
    assert first == inspect.signature(Late)


def test_init_is_written_when_it_is_first_looked_at_and_once() -> None:
    class Late(Frozen):
        x: int

    assert not inspect.isfunction(vars(Late)["__init__"])
    assert Late(1) == Late(x=1)
    assert inspect.isfunction(written := vars(Late)["__init__"])
    assert Late(2).x == 2
    assert vars(Late)["__init__"] is written


def test_annotations_may_be_types_and_no_strings() -> None:
    body = {"__annotations__": {"x": int, "k": ClassVar[int], "y": int}, "k": 3, "y": 2}
    kind: Any = type(Frozen)("Kind", (Frozen,), body)
    assert (repr(kind(1)), kind.k, dataclasses.asdict(kind(1))) == ("Kind(x=1, y=2)", 3, {"x": 1, "y": 2})


def test_a_field_that_must_be_given_cannot_stand_behind_one_that_need_not_be() -> None:
    with pytest.raises(TypeError, match="Half: the field 'second' has no default, and stands behind 'first'"):

        class Half(Frozen):
            first: int = 0
            second: str

    with pytest.raises(TypeError, match="Point4: the field 'z'"):

        class Point4(Point):
            z: int
