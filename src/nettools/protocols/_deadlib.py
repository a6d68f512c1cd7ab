"""The modules that left the standard library with Python 3.13: nntplib and telnetlib.

Until 3.12 they are there, and warn when they are imported; from 3.13 on `standard-nntplib` and `standard-telnetlib`
bring the same code under the same names. This is the one place that imports them, each when it is asked for, and
without the warning: whoever uses nettools can do nothing about it. It must not know what they are used for.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from nettools.errors import MissingExtraError

if TYPE_CHECKING:
    import nntplib
    import telnetlib

__all__ = ["nntplib", "telnetlib"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise MissingExtraError(
                f"{name} is not part of this Python any more", hint=f"pip install standard-{name}"
            ) from error
    globals()[name] = module
    return module
