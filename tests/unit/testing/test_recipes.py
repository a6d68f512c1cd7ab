"""The recipes of docs/testing.md are tests that pass, each in a folder of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nettools.testing.server import Server

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("apart")

PAGE = (Path(__file__).parents[3] / "docs" / "testing.md").read_text("utf-8")
RECIPES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^#|\Z)", PAGE.partition("\n## Recipes\n")[2], re.MULTILINE | re.DOTALL))


@pytest.fixture
def recording(pytester: pytest.Pytester, net_servers: Callable[..., Server]) -> Path:
    """What the command of the recipe writes, of a fake that is the real server for once."""
    (command,) = re.findall(r"^```sh\n(nettools .*)\n```$", PAGE.partition("\n## Recipes\n")[2], re.MULTILINE)
    server = net_servers("pop3", tls=False)
    for subject in (b"One", b"Two"):
        server.world.inbox("alice").append(b"Subject: " + subject + b"\r\n\r\nText\r\n")
    (pytester.path / "recordings").mkdir()
    words = command.replace("pop3://mail.example.org", server.url).split()
    subprocess.run([sys.executable, "-m", *words], cwd=pytester.path, check=True, capture_output=True)
    return pytester.path / "recordings" / "inbox.jsonl"


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("title", RECIPES)
def test_the_recipe_passes(pytester: pytest.Pytester, title: str) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", RECIPES[title], re.MULTILINE | re.DOTALL)
    pytester.makepyfile(test_recipe=code)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error")
    result.assert_outcomes(passed=len(re.findall(r"^def test_", code, re.MULTILINE)))


def test_a_failing_recipe_says_what_the_page_says(pytester: pytest.Pytester) -> None:
    (said,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    pytester.makepyfile("""
        from nettools.testing import assert_mail

        def test_it(world):
            world.inbox("alice").append(b"To: alice@example.org\\r\\nSubject: Please confrim\\r\\n\\r\\n")
            assert_mail(world, to="alice@example.org", subject="Confirm")
    """)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(failed=1)
    shown = [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E ")]
    assert shown == [line.strip() for line in said.splitlines()]
