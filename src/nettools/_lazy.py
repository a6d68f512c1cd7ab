"""Packages whose names are imported when they are first asked for (PEP 562).

What a call does not need costs it nothing: half of the time of a small call would be imports. A package's `__init__`
says once where its names live; type checkers and editors read the same from `__init__.pyi` beside it, which
`tests/unit/test_public_names.py` writes, and compares. Whoever imports a name at the top of a module asks for it; where
that is too early, the package is imported and the name written as its attribute.
"""

from __future__ import annotations

from sys import modules

TYPE_CHECKING = False  # what type checkers know by this name; `typing` itself would double the time of the import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy"]


def lazy(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]], tuple[str, ...]]:
    """`__getattr__`, `__dir__` and `__all__` of a package; `homes` is {module of it: names, with spaces between}."""
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> object:
        from importlib import import_module  # not before it is needed: half the time of the import

        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{package}.{home_of[name]}"), name)
        setattr(modules[package], name, value)
        return value

    def names() -> list[str]:
        here = {name for name, value in vars(modules[package]).items() if value is not lazy}
        return sorted({*home_of, *(name for name in here if not name.startswith("_") or name.endswith("__"))})

    return get, names, tuple(sorted(home_of))
