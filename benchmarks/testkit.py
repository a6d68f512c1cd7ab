"""What the fake servers cost: 500 of them in one test, and the fixtures that give one.

    python -m benchmarks.testkit [ROUNDS]

Servers: made, started, and stopped, all in one process, a mixture of protocols; the best of ROUNDS. Fixtures: what
pytest needs to set up and tear down an empty test that asks for one, less the same for a fixture that does nothing; the
median of TESTS tests, in the best of ROUNDS runs. Prints figures, writes them into docs/performance.md, and judges
nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report
from nettools.testing import FAKES, World, make_server

SERVERS = 500
TESTS = 400
ROUNDS = 3
PROTOCOLS = tuple(name for name in FAKES if name not in ("udp", "unix", "proxy"))
FIXTURES = ("world", "tcp_echo", "smtp_server", "imap_server", "ftp_server", "http_server")


def start_and_stop(count: int) -> tuple[float, float]:
    """Seconds that so many servers take to start, and to stop."""
    world = World()
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        for name in itertools.islice(itertools.cycle(PROTOCOLS), count):
            stack.enter_context(make_server(name, world))
        started = time.perf_counter()
    return started - began, time.perf_counter() - started


CONFTEST = """
import json
from statistics import median
from nettools.testing import FAKES, make_server

durations = {}

def pytest_configure():
    for name in FAKES:  # what the first of its kind imports and makes (a certificate) is no cost of each
        with make_server(name, tls=True):
            pass

def pytest_runtest_logreport(report):
    if report.when != "call":
        durations[report.nodeid] = durations.get(report.nodeid, 0.0) + report.duration

def pytest_sessionfinish():
    with open("median.json", "w") as file:
        json.dump(median(durations.values()), file)
"""
TEST = """
import pytest

@pytest.fixture
def nothing():
    return None

@pytest.mark.parametrize("number", range({tests}))
{marker}
def test_it(number, {fixture}):
    pass
"""


def run(folder: Path, fixture: str, marker: str = "") -> float:
    """Seconds to set up and tear down an empty test with this fixture: the median of TESTS."""
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    test = folder / "test_fixture.py"
    test.write_text(TEST.format(tests=TESTS, fixture=fixture, marker=marker), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    subprocess.run([*command, test.name], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return float(json.loads((folder / "median.json").read_text("utf-8")))


def plain(fixture: str) -> str:
    """The marker that makes a fixture's server one without TLS."""
    return f"@pytest.mark.net_server({fixture.removesuffix('_server').removesuffix('_echo')!r}, tls=False)"


def main(rounds: int) -> None:
    """Measure, print, and write down."""
    start, stop = min((start_and_stop(SERVERS) for _ in range(rounds)), key=sum)
    print(f"{SERVERS} servers of {len(PROTOCOLS)} protocols: start {start * 1000:.0f} ms, stop {stop * 1000:.0f} ms")
    fixtures: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = min(run(folder, "nothing") for _ in range(rounds))
        print(f"a test of pytest's own: {nothing * 1000:.2f} ms; besides, for each fixture, in clear and with TLS:")
        for each in FIXTURES:
            clear, tls = (min(run(folder, each, marker) for _ in range(rounds)) for marker in (plain(each), ""))
            fixtures[each] = clear - nothing, tls - nothing
            print(f"  {each:<12} {(clear - nothing) * 1000:6.2f} ms {(tls - nothing) * 1000:6.2f} ms", flush=True)
    figures = {"servers": SERVERS, "protocols": len(PROTOCOLS), "start": start, "stop": stop, "fixtures": fixtures}
    report.record_testkit(figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
