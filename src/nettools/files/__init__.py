"""Local files: names made harmless, sources to read, and one way to write a file so that nothing is lost.

- `names`: what a server calls a file, made safe for this machine
- `source`: what is to be sent: a path, bytes, a binary file, an iterable
- `part`: a file being written beside its final name, locked, and continued where it is the same file
- `destination`: where a transfer goes: such a part, a binary file, or memory
- `whole`: files that are here whole already

A download goes to `NAME.part` with a note of what it is a part of (`NAME.part.json`); when it is whole and its checksum
right it is flushed to the disk and renamed. Until then the old file is untouched; interrupted, the part stays for
`resume`. Knows no protocol and no socket; its errors are `FileError`s (exit code 26 to read, 23 to write).
"""

from __future__ import annotations

from nettools.files.destination import Destination, check_octets, parse_checksum
from nettools.files.failure import file_error
from nettools.files.names import CaseClashes, is_plain, safe_name, safe_path
from nettools.files.part import set_modified, settle
from nettools.files.source import Source, modified_of, open_source
from nettools.files.whole import attachment_name, matcher, save_attachments, write_new, write_whole

__all__ = [
    "CaseClashes",
    "Destination",
    "Source",
    "attachment_name",
    "check_octets",
    "file_error",
    "is_plain",
    "matcher",
    "modified_of",
    "open_source",
    "parse_checksum",
    "safe_name",
    "safe_path",
    "save_attachments",
    "set_modified",
    "settle",
    "write_new",
    "write_whole",
]
