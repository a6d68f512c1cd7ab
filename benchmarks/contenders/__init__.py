"""What each contender does, by its documented, usual call: a module a protocol; `ours` is nettools, `parsing` parsers.

Run as `python -m benchmarks.contenders MODULE.FUNCTION ARGS`, each in a process of its own. Imports are inside the
functions, so that a contender pays only for what it needs. A function returns how many items it has dealt with, or a
dict with that and a `digest` of the subjects it has decoded.
"""

import zlib
from collections.abc import Iterable


def digest(subjects: Iterable[str]) -> int:
    """Of decoded subjects in order; how a long one was folded is not the contender's choice."""
    found = 0
    for subject in subjects:
        found = zlib.crc32("".join(subject.split()).encode("utf-8", "replace"), found)
    return found
