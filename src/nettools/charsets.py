"""Which names are charsets: Python's text encodings, without those of its own that no sender means by them.

`idna`, `punycode` and the escapes of Python's source decode octets to something that was never written, and differ
between versions in what they replace.
"""

from __future__ import annotations

import codecs
import functools

__all__ = ["is_charset"]

_PYTHONS_OWN = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})


@functools.lru_cache(maxsize=256)
def is_charset(name: str) -> bool:
    """Whether text may be said to be in this charset.

    >>> is_charset("latin-1"), is_charset("punycode"), is_charset("base64"), is_charset("nonsense")
    (True, False, False, False)
    """
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return info._is_text_encoding and info.name.replace("-", "_") not in _PYTHONS_OWN
