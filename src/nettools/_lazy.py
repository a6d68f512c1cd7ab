"""Packages whose names are imported from their homes when they are first asked for (PEP 562).

What a call does not need costs it nothing: half of the time of a small call would be imports. A package that is lazy
has its table of homes, the same names under TYPE_CHECKING for type checkers, and `__getattr__ = lazily(...)`. Whoever
imports a name from it at the top of a module asks for it; where that is too early, the package is imported and the name
written as its attribute. Knows nothing but this, and imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers know by this name; `typing` would double the time of `import nettools`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package; `homes` are the modules of its names."""

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
