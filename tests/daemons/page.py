"""docs/servers.md: which function works with which real server, written from a run of the tests.

pytest -m daemon tests/contract/test_every_function.py --servers-page docs/servers.md
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

HEAD = """# Servers

Every function of the facade over real servers from Debian's packages, in clear and under TLS. Written by `make servers`
from a run of the tests; nothing here is by hand. "not offered" is a server without the capability, "-" a function that
the protocol has not.
"""


def write(path: Path, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
    """The page, of (protocol, function, kind, outcome, server's version)."""
    outcomes: dict[tuple[str, str], dict[str, str]] = {}
    versions: dict[str, str] = {}
    for protocol, function, kind, outcome, version in rows:
        outcomes.setdefault((protocol, function), {})[kind] = outcome
        versions[protocol] = version
    parts = [HEAD]
    for protocol, version in sorted(versions.items()):
        parts.append(f"\n## {protocol}: {version}\n\n| function | in clear | TLS |\n| --- | --- | --- |\n")
        for (of, function), kinds in sorted(outcomes.items()):
            if of == protocol:
                clear, secure = (kinds.get(kind, "failed") for kind in ("plain", "implicit"))
                parts.append(f"| `{function}` | {clear} | {secure} |\n".replace("not in this protocol", "-"))
    path.write_text("".join(parts))
