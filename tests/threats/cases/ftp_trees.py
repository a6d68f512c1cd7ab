"""Trees that an FTP server lists, with names that lead elsewhere."""

from __future__ import annotations

from threats.cases.common import FTP
from threats.engine import case
from threats.scripts import ftp


def tree(name, *names, **arguments):
    """A mirror of one folder with these files; nothing outside of the folder may change, and nothing hang."""
    listing = b"".join(b"type=file;size=550; %b\r\n" % each for each in names)
    expect = dict(outcome="any", names_clean=True)

    @case(f"ftp-tree-{name}", "ftp_mirror", **FTP, path="/d", dir="{dl}", expect=expect, **arguments)
    def _(c, ctx):
        ftp(c, ctx, listing=listing)


tree("absolute", b"/etc/evil", b"//evil")
tree("up", b"..", b".", b"../canary.txt", b"a/../../../canary.txt")
tree("windows", b"..\\..\\canary.txt", b"C:\\x", b"C:evil", b"\\\\h\\s", b"CON", b"NUL.txt", b"COM1")
tree("control", b"a\0b", b"a\x1b[2Jb", b"a\rb", b"a\tb")
tree("octets", b"\xff\xfe", b"a\xc3", "a\u202egpj.exe".encode())
tree("link", b"l", symlink={"l": "../../canary.txt"})


@case(
    "ftp-tree-long", "ftp_mirror", **FTP, path="/d", dir="{dl}", expect=dict(outcome="ok", file_in={"a": [b"x" * 550]})
)
def _(c, ctx):
    ftp(c, ctx, data=b"x" * 550, listing=b"type=file;size=550; %b\r\ntype=file;size=550; a\r\n" % (b"n" * 400))


@case("ftp-tree-endless", "ftp_mirror", **FTP, path="/d", dir="{dl}", expect=dict(outcome="error"))
def _(c, ctx):
    ftp(c, ctx, listing=b"type=dir; sub\r\n")
