"""Many calls at once: on threads that keep their connections, on processes, on a real dask scheduler."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import NotFoundError, UsageError, download_many, run_many
from nettools.facade import downloads
from nettools.session import make_session

ALICE = ("alice", "secret")


def test_calls_run_side_by_side_and_each_has_an_outcome() -> None:
    def fail() -> None:
        raise LookupError("odd")

    outcomes = {each.url: each for each in run_many([(max, 1, 2), fail, lambda: 3], workers=2)}
    assert (outcomes["0"].value, outcomes["2"].value) == (2, 3)
    assert (outcomes["1"].ok, type(outcomes["1"].error)) == (False, LookupError)


def test_calls_are_taken_a_few_ahead_and_no_more() -> None:
    taken: list[int] = []

    def calls() -> Iterator[Any]:
        for n in range(1000):
            taken.append(n)
            yield (abs, n)

    outcomes = run_many(calls(), workers=2)
    next(outcomes)
    assert len(taken) <= 9
    outcomes.close()  # type: ignore[attr-defined]
    assert not [each for each in threading.enumerate() if each.name.startswith("nettools_")]


@pytest.mark.parametrize("workers", [0, -1, True, "x"])
def test_a_number_of_workers_that_makes_no_sense_is_refused(workers: Any) -> None:
    with pytest.raises(UsageError):
        run_many([], workers=workers)
    with pytest.raises(UsageError):
        download_many([], ".", workers=workers)


def test_an_interruption_in_a_call_ends_all() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_many([stop]))


@pytest.mark.parametrize("protocol", ["http", "ftp", "gopher"])
def test_files_are_fetched_over_kept_connections(net_servers: Any, tmp_path: Path, protocol: str) -> None:
    server = net_servers(protocol)
    for n in range(20):
        server.world.files[f"many/{n}.txt"] = f"{n}\n".encode()
    kind = "/0" if protocol == "gopher" else ""
    urls = [f"{server.url}{kind}/many/{n}.txt" for n in range(20)]
    outcomes = list(download_many(urls, tmp_path / "d", workers=2, tls="off"))
    assert {each.url for each in outcomes if each.ok} == set(urls)
    assert sorted(path.read_bytes() for path in (tmp_path / "d").iterdir()) == sorted(b"%d\n" % n for n in range(20))
    if protocol == "http":
        assert server.log.connections <= 2
    if protocol == "ftp":
        assert sum(line.startswith("USER") for line in server.log.commands()) <= 2


def test_one_that_fails_is_told_and_the_rest_are_fetched(http_server: Any, ftp_server: Any, tmp_path: Path) -> None:
    urls = [
        f"{http_server.url}/pub/none",
        f"{http_server.url}/pub/hello.txt",
        "imap://h/",
        f"{ftp_server.url}/pub/none",
    ]
    outcomes = {each.url: each for each in download_many(urls, tmp_path, auth=ALICE, tls="off")}
    assert [outcomes[url].ok for url in urls] == [False, True, False, False]
    assert isinstance(outcomes[urls[0]].error, NotFoundError)
    assert isinstance(outcomes[urls[3]].error, NotFoundError)


def test_a_file_of_the_same_name_is_kept_or_replaced(http_server: Any, tmp_path: Path) -> None:
    url = f"{http_server.url}/pub/hello.txt"
    (tmp_path / "hello.txt").write_text("old")
    (outcome,) = download_many([url], tmp_path)
    assert outcome.value.path != tmp_path / "hello.txt"
    assert (tmp_path / "hello.txt").read_text() == "old"
    (outcome,) = download_many([url], tmp_path, overwrite=True)
    assert (tmp_path / "hello.txt").read_text() == "Hello, world.\n"


def test_files_are_asked_for_a_few_ahead_and_no_more(http_server: Any, tmp_path: Path) -> None:
    taken: list[int] = []

    def urls() -> Iterator[str]:
        for n in range(1000):
            taken.append(n)
            yield f"{http_server.url}/pub/hello.txt"

    outcomes = download_many(urls(), tmp_path, workers=2, overwrite=True)
    assert next(outcomes).ok
    assert len(taken) <= 64
    outcomes.close()  # type: ignore[attr-defined]
    assert not [each for each in threading.enumerate() if each.name.startswith("nettools_")]


def test_an_interruption_in_a_worker_ends_all(http_server: Any, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(download_many([f"{http_server.url}/pub/hello.txt"] * 50, tmp_path, progress=stop))
    assert not [each for each in threading.enumerate() if each.name.startswith("nettools_")]


@pytest.mark.parametrize(("protocol", "verb"), [("http", "GET"), ("ftp", "RETR")])
def test_what_is_under_way_ends_where_nobody_waits_for_it(
    net_servers: Any, tmp_path: Path, protocol: str, verb: str
) -> None:
    server = net_servers(protocol)
    stuck = server.on(verb, arg="bytes.bin").hang()
    urls = [f"{server.url}/pub/{name}" for name in ("bytes.bin", "hello.txt")]
    outcomes = download_many(urls, tmp_path, workers=2, tls="off", timeout=nettools.Timeout(idle=None))
    assert next(outcomes).ok
    end = time.monotonic() + 40
    while not stuck.hits:  # the other thread may not have come so far
        assert time.monotonic() < end
    outcomes.close()  # type: ignore[attr-defined]
    assert not [each for each in threading.enumerate() if each.name.startswith("nettools_")]
    assert os.listdir(tmp_path) == ["hello.txt"]


def test_what_is_about_to_begin_where_nobody_waits_for_it_is_not_begun(
    http_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def make(*given: Any) -> Any:
        downloading.interrupt()  # as another thread may, while the session is made
        return make_session(*given)

    downloading = downloads.Downloads({"tls": "off"})
    monkeypatch.setattr(downloads, "make_session", make)
    with pytest.raises(UsageError, match="this session is closed"):
        downloading.fetch(f"{http_server.url}/pub/hello.txt", str(tmp_path))
    assert http_server.log.connections == 0


def test_an_interruption_while_a_thread_starts_ends_all(
    http_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        next(download_many([f"{http_server.url}/pub/hello.txt"], tmp_path))


def test_each_server_gets_the_credentials_of_its_own_url(net_servers: Any, tmp_path: Path) -> None:
    servers = [net_servers("ftp") for _ in range(6)]  # more than a worker keeps
    urls = [server.url.replace("//", "//alice:secret@") + "/pub/hello.txt" for server in servers] * 2
    assert all(each.ok for each in download_many(urls, tmp_path, workers=1, tls="off"))
    assert not any(b"anonymous" in server.log.client_bytes() for server in servers)


def test_a_folder_that_cannot_be_made_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(nettools.FileError) as caught:
        download_many([], tmp_path / "f" / "g")
    assert caught.value.exit_code == 23


def fetch_all(executor: Executor, http_server: Any, folder: Path) -> None:
    good = [f"{http_server.url}/pub/hello.txt"] * 6
    outcomes = list(
        download_many([*good, f"{http_server.url}/pub/none"], folder, executor=executor, auth=ALICE, tls="off")
    )
    assert sorted(each.ok for each in outcomes) == [False] + [True] * 6
    (failed,) = (each.error for each in outcomes if each.error is not None)
    assert isinstance(failed, NotFoundError)
    assert failed.exit_code == 22
    assert sorted(path.read_bytes() for path in folder.iterdir()) == [b"Hello, world.\n"] * 6
    assert all(pickle.loads(pickle.dumps(each)).url == each.url for each in outcomes)


def test_somebody_elses_threads_are_left_open(http_server: Any, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        fetch_all(executor, http_server, tmp_path)
        assert executor.submit(abs, -1).result() == 1


def test_calls_options_and_results_travel_to_processes(http_server: Any, tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        fetch_all(executor, http_server, tmp_path)
        url = f"{http_server.url}/pub/hello.txt"
        calls = [(nettools.fetch_page, url), (nettools.download, "nope://x", None)]
        outcomes = {each.url: each for each in run_many(calls, executor=executor)}
        assert outcomes["0"].value.content == b"Hello, world.\n"
        assert isinstance(outcomes["1"].error, UsageError)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A real dask scheduler on loopback with two worker processes; its address."""
    pytest.importorskip("distributed", reason="dask's distributed is not installed")
    program = tmp_path / "cluster.py"
    program.write_text(
        "import sys, logging\n"
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, host='127.0.0.1', dashboard_address=None,"
        " silence_logs=logging.CRITICAL) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True)\n"
        "        sys.stdin.read()\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")  # distributed's own
def test_a_dask_scheduler_fetches_with_its_workers(scheduler: str, http_server: Any, tmp_path: Path) -> None:
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client, client.get_executor() as executor:
        fetch_all(executor, http_server, tmp_path / "d")
    source = tmp_path / "urls.txt"
    source.write_text(f"# two\n{http_server.url}/pub/hello.txt\n\n{http_server.url}/pub/index.html\n")
    command = [sys.executable, "-m", "nettools", "get", "--from", source, "--dask", scheduler, "-o", tmp_path / "o"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["hello.txt", "index.html"]


@pytest.mark.parametrize(
    ("calls", "executor", "said"),
    [(3, None, "calls are an iterable"), ([], object(), "executor= is a concurrent.futures.Executor")],
)
def test_what_is_no_list_of_calls_and_no_executor_is_refused(calls: Any, executor: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run_many(calls, executor=executor)


@pytest.mark.parametrize("folder", [3, "a\0b"])
def test_a_folder_that_is_none_is_the_callers_mistake(folder: Any) -> None:
    with pytest.raises(UsageError, match="dest_dir= is a folder"):
        download_many([], folder)


def test_an_outcome_gives_its_value_or_raises_its_error_as_a_future_does() -> None:
    good, bad = sorted(run_many([(int, "1"), (int, "one")]), key=lambda outcome: not outcome.ok)
    assert good.result() == 1
    with pytest.raises(ValueError, match="'one'"):
        bad.result()
