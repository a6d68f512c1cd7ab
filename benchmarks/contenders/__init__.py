"""What each contender does, by its documented, usual call: a module a protocol; `ours` is nettools, `parsing` parsers.

Run as `python -m benchmarks.contenders MODULE.FUNCTION ARGS`, each in a process of its own. Imports are inside the
functions, so that a contender pays only for what it needs. A function returns how many items it has dealt with, or a
dict with that and a `digest` of the subjects it has decoded, or what `counted` makes of messages.
"""

import os
import zlib
from collections.abc import Iterable

SENDER = "a@example.org"

VERIFY = bool(os.environ.get("NETTOOLS_BENCH_VERIFY"))  # tell also of what the messages consist


def counted(messages: Iterable[bytes]) -> dict[str, int]:
    """How many whole messages there were, with how many octets; asked to verify, also a digest of them all."""
    number = octets = content = 0
    for message in messages:
        number, octets = number + 1, octets + len(message)
        if VERIFY:
            content = zlib.crc32(message, content)
    return {"n": number, "octets": octets, **({"content": content} if VERIFY else {})}


def digest(subjects: Iterable[str]) -> int:
    """Of decoded subjects in order; how a long one was folded is not the contender's choice."""
    found = 0
    for subject in subjects:
        found = zlib.crc32("".join(subject.split()).encode("utf-8", "replace"), found)
    return found


def recipients(count: str) -> list[str]:
    """The addresses that mail goes to."""
    return [f"b{number + 1}@example.org" for number in range(int(count))]
