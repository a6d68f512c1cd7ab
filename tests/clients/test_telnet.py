"""telnet, at a terminal of its own."""

from __future__ import annotations

import shutil

import pytest

from nettools.testing import Sandbox
from terminal import AtTerminal


@pytest.mark.skipif(shutil.which("telnet") is None, reason="telnet is not installed: make clients")
def test_telnet_logs_in_and_has_a_dialogue(running: Sandbox) -> None:
    dialogue = [(b"login: ", b"alice\r"), (b"Password: ", b"secret\r"), (b"$ ", b"echo by telnet\r")]
    with AtTerminal(["telnet", running.telnet.host, str(running.telnet.port)]) as at:
        for prompt, answer in dialogue:
            at.wait_for(prompt)
            at.type(answer)
        at.wait_for(b"by telnet\r\n")
        at.wait_for(b"by telnet\r\n")  # the first was the echo of the keys
        at.type(b"exit\r")
        at.wait_for(b"closed")
        assert at.end() == 0
