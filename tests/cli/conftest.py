"""A way to run the command in this process, and servers to run it against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from in_process import Run, runner
from nettools.testing import Sandbox, servers


@pytest.fixture
def nettools(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`nettools("http", "get", url, stdin=b"...")`."""
    return runner(capfdbinary, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """All servers, with TLS."""
    with servers(tls=True) as running:
        yield running
