"""The cases of gopher."""

from __future__ import annotations

from threats.engine import case


@case("gopher-menu-escape", "cli_gopher", url="gopher://127.0.0.1:{main}/1", expect=dict(outcome="any", tty_clean=True))
def _(c, ctx):
    c.line()
    c.send(b"0hi \x1b]0;pwned\x07\x1b[2J\t/x\t127.0.0.1\t70\r\n.\r\n")
