"""The architecture, held to by its imports: they point one way, and heavy ones wait until they are needed."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nettools

SOURCE = Path(nettools.__file__).parent
LEAVES = {
    "charsets",
    "endpoint",
    "errors",
    "frozen",
    "keywords",
    "results",
    "options",
    "target",
    "credentials",
    "files",
    "query",
    "sasl",
    "config",
    "mailstore",
    "_lazy",
    "moments",
    "netrc",
    "percent",
    "policies",
    "schemes",
    "secret",
    "settings",
    "_version",
}
MAY_IMPORT = {
    **dict.fromkeys(LEAVES, LEAVES),
    "results": {*LEAVES, "parse.html", "parse.links"},  # what a page leads to is read when it is asked for
    "parse": {*LEAVES, "parse"},
    "wire": {*LEAVES, "wire"},
    "session": {*LEAVES, "wire", "session"},
    "batch": {*LEAVES, "batch", "facade"},
    "facade": {*LEAVES, "facade", "session", "protocols", "parse"},
    "cli": {*LEAVES, "cli", "facade", "session", "protocols.nntp", "protocols.smtp", "protocols.xmlrpc", "testing", ""},
    "testing": {"testing"},
    "__main__": {"_version", "cli"},
    "": {*LEAVES, "facade", "batch", "session", "protocols"},
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
every_module = pytest.mark.parametrize("name", [pytest.param(name, id=name or "nettools") for name in MODULES])


@functools.cache
def statements(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The imports of a module, wherever they stand in it."""
    tree = ast.parse(path.read_text("utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))


def imports(path: Path, package: str) -> Iterator[tuple[int, str]]:
    for node in statements(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif node.module is not None:
            assert node.level == 0, f"{path}: a relative import"
            if node.module == package:
                yield from ((node.lineno, f"{package}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def allowed(module: str, imported: str) -> bool:
    top = module.split(".")[0]
    rules = MAY_IMPORT.get(top)
    if top == "protocols":
        own = ".".join(module.split(".")[:2])
        rules = {*LEAVES, "session", "wire", "parse", "protocols._deadlib", "protocols._dialed", own}
        if own == "protocols.xmlrpc":
            rules.add("protocols.http")  # the one protocol that rides on another
    if rules is None:
        raise AssertionError(f"{module}: which layer is this?")
    return any(imported == rule or (rule and imported.startswith(f"{rule}.")) for rule in rules)


@every_module
def test_imports_point_one_way(name: str) -> None:
    path = MODULES[name]
    for line, imported in imports(path, "nettools"):
        if imported == "nettools" or imported.startswith("nettools."):
            inner = imported.removeprefix("nettools").lstrip(".")
            known = inner in MODULES or inner == ""
            if known and not (inner == "" and name.split(".")[0] in ("cli", "facade")):
                assert allowed(name, inner), f"{path}:{line}: {name or 'nettools'} imports {imported}"


def test_imports_go_in_no_circle() -> None:
    paths = {f"nettools.{name}".rstrip("."): path for name, path in MODULES.items()}
    needs: dict[str, set[str]] = {}
    for name, path in paths.items():
        needs[name] = set()
        for node in statements(path):
            if isinstance(node, ast.ImportFrom) and node.module in paths:
                found = {f"{node.module}.{alias.name}" for alias in node.names}
                needs[name] |= (found & paths.keys()) or {node.module}
    rounds = len(needs)
    for _ in range(rounds):  # take away what needs nothing that is left: what remains goes in circles, or needs one
        needs = {name: found & needs.keys() for name, found in needs.items() if found & needs.keys()}
    for _ in range(rounds):  # and what nothing that is left needs
        needed = set().union(*needs.values())
        needs = {name: found for name, found in needs.items() if name in needed}
    assert not needs, f"imports go in a circle among {sorted(needs)}"


@every_module
def test_only_the_wire_knows_sockets(name: str) -> None:
    if name.split(".")[0] in ("wire", "testing"):
        return
    path = MODULES[name]
    for line, imported in imports(path, "socket"):
        assert imported.split(".")[0] not in ("socket", "ssl", "select", "selectors"), f"{path}:{line}"


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # it imports too
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environ)
    return set(done.stdout.split("\n"))


def test_importing_nettools_imports_nothing_heavy() -> None:
    loaded = loaded_after("import nettools")
    assert not {"requests", "urllib3", "ssl", "socket", "click", "rich"} & loaded
    assert not [name for name in loaded if name.startswith("nettools.protocols")]


@pytest.mark.parametrize(
    "args", [["--version"], ["ftp", "--help"], ["imap", "list", "--help"], ["http", "get", "--help"]]
)
def test_help_and_version_import_no_protocol(args: list[str]) -> None:
    run = f"from nettools.cli.main import main\nwith contextlib.redirect_stdout(io.StringIO()): main({args!r})"
    loaded = loaded_after(f"import contextlib, io\n{run}")
    assert not {"requests", "urllib3", "rich", "ftplib", "imaplib", "hashlib", "difflib"} & loaded


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp", "nntp"])
def test_a_conversation_in_clear_imports_no_trust_store_and_nothing_of_files(protocol: str) -> None:
    loaded = loaded_after(f"from nettools.facade.connecting import protocol_named\nprotocol_named({protocol!r})")
    assert not {"truststore", "json", "platform", "html", "nettools.wire.context", "nettools.files"} & loaded
    assert not {"dataclasses", "inspect"} & loaded
    assert protocol == "imap" or "threading" not in loaded  # imaplib has subprocess


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_fetching_the_octets_of_mail_imports_no_parser_of_it(protocol: str) -> None:
    loaded = loaded_after(f"from nettools.facade.connecting import protocol_named\nprotocol_named({protocol!r})")
    assert not {"nettools.parse.message.headers", "nettools.parse.message.mime", "email"} & loaded
    assert not {"nettools.parse.imap_data.envelope", "nettools.parse.imap_data.bodystructure"} & loaded
    assert not {"pathlib", "hashlib", "hmac", "ipaddress", "urllib.parse"} & loaded


def test_functions_of_mailboxes_import_no_paths() -> None:
    loaded = loaded_after("import nettools\nnettools.list_mail")
    assert "nettools.facade.mailboxes" in loaded
    assert not {"pathlib", "urllib.parse", "ipaddress"} & loaded


def test_sending_octets_imports_nothing_that_builds_messages() -> None:
    loaded = loaded_after(
        "from nettools.protocols.smtp import draft_message\n"
        "draft_message(None, message=b'From: a@example.org\\r\\nTo: b@example.org\\r\\n\\r\\nhi\\r\\n')"
    )
    assert "nettools.parse.compose.ready" in loaded
    assert not {"nettools.parse.compose.building", "mimetypes", "pathlib"} & loaded


def test_the_version_is_told_before_anything_is_loaded() -> None:
    run = "import runpy\nsys.argv = ['nettools', '--version']\ntry: runpy.run_module('nettools', run_name='__main__')"
    loaded = loaded_after(f"{run}\nexcept SystemExit as end: assert end.code == 0")
    assert not {"click", "typing", "nettools.cli", "nettools.errors"} & loaded
