"""What README and the documentation show is what there is: commands are parsed, and those of the README are run."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from in_process import Run
from nettools.cli.main import cli
from nettools.testing import Sandbox, servers

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(text: str) -> Iterator[str]:
    """The commands in blocks and tables of a page; what is three spaces away from one is another, or a note."""
    for block in re.findall(r"^```(?:text|console|bash)\n(.*?)^```|((?:^ {4}\S.*\n)+)", text, re.MULTILINE | re.DOTALL):
        for line in "".join(block).splitlines():
            for piece in re.split(r" {3,}|\s\||&&|\s&(?=\s|$)|\s#\s", line.strip().removeprefix("$ ")):
                if piece.strip().startswith("nettools ") and not re.search(r"\[OPTIONS\]|URL|PROTOCOL", piece):
                    yield piece.strip()
    for row in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        yield from re.findall(r"`(nettools [^`]+)`", row)


def parse(command: Any, words: list[str], parent: click.Context | None = None) -> None:
    """As far as the parser goes: nothing is run."""
    context = command.make_context(command.name, words, parent=parent)
    if isinstance(command, click.Group):
        _, verb, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(verb, rest, context)


SHOWN = [pytest.param(each, id=f"{path.stem}: {each}") for path in PAGES for each in commands(path.read_text("utf-8"))]


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_that_is_shown_can_be_typed(command: str) -> None:
    parse(cli, shlex.split(command)[1:])


def test_commands_are_found_on_the_pages() -> None:
    assert len(SHOWN) > 40


# --- the README, run


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETTOOLS_PASSWORD", "password")
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    (tmp_path / "body.json").write_text("{}")
    with servers() as running:
        running.world.add_user("me", "password")
        running.world.files["pub/x.iso"] = "iso"
        (tmp_path / "urls.txt").write_text(f"{running.http.url}/pub/hello.txt\n{running.ftp.url}/pub/hello.txt\n")
        yield running


def here(text: str, running: Sandbox) -> str:
    """What the README says of hosts far away, said of the fakes."""
    for far, near in (
        (r"https?://(example\.org|h)/RPC2", running.xmlrpc.url),
        ("https://example.org/", f"{running.http.url}/pub/index.html"),
        (r"\bURL\b", f"{running.http.url}/_echo"),
        (r"ftps?://(ftp\.example\.org|files\.example\.org|h)/", f"{running.ftp.url}/"),
        (r"smtp://mail\.example\.org", running.smtp.url),
        (r"smtp://me@mail\.example\b", running.smtp.url.replace("//", "//me@")),
        (r"imaps://me@mail\.example(\.org)?/", f"{running.imap.url.replace('//', '//me@')}/"),
        (r"nntps://news\.example(\.org)?(/group)?", f"{running.nntp.url}/local.test"),
        (r"comp\.lang\.python", "local.test"),
        ("telnet://router", running.telnet.url),
        ("gopher://gopher.example.org", running.gopher.url),
        ("tcp://127.0.0.1:9000", running.tcp.url),
        (r"sha256:\.\.\.", "sha256:" + hashlib.sha256(b"iso").hexdigest()),
        (r"a@b\.example|you@example\.org", "me@example.org"),
    ):
        text = re.sub(far, near, text)
    return text


@pytest.mark.parametrize("place", range(3))
def test_the_readmes_python_runs(world: Sandbox, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    block = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[place]
    block = here(block, world).replace(
        '"me"), ("Password: ", Secret("word"))', '"me"), ("Password: ", Secret("password"))'
    )
    exec(compile(block, "README.md", "exec"), {})
    assert "Error" not in capsys.readouterr().out


BLOCK = README.partition("## Command\n")[2].partition("\n## ")[0]
TYPED = re.findall(r"(nettools .*?)(?: {3,}|$)", BLOCK.partition("Options are")[0], re.MULTILINE)


@pytest.mark.parametrize("command", TYPED)
def test_the_readmes_commands_do_what_they_say(world: Sandbox, nettools: Run, command: str) -> None:
    words = shlex.split(here(command, world), comments=True)[1:]
    done = nettools(*words, "--tls", "off", stdin=b"Hello")
    assert (done.code, "Traceback" in done.err) == (0, False), done.err
