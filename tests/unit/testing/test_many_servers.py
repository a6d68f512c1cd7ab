"""Hundreds of fakes in one test: each listens and answers, and nothing of them is left."""

from __future__ import annotations

import itertools
import os
import socket
import threading

from nettools.testing import FAKES, World, make_server

PROTOCOLS = tuple(name for name in FAKES if name not in ("udp", "unix"))


def test_five_hundred_servers_start_and_stop() -> None:
    before, descriptors = set(threading.enumerate()), len(os.listdir("/dev/fd"))
    world = World()
    running = [make_server(name, world).start() for name in itertools.islice(itertools.cycle(PROTOCOLS), 500)]
    try:
        assert len({server.port for server in running}) == 500
        assert len(set(threading.enumerate()) - before) == 1
        for server in running:
            socket.create_connection((server.host, server.port), timeout=10).close()
    finally:
        for server in running:
            server.stop()
    assert set(threading.enumerate()) == before
    assert len(os.listdir("/dev/fd")) <= descriptors  # their ports may be somebody else's by now


def test_a_server_that_starts_is_no_change_of_the_world() -> None:
    world, told = World(), []
    stop = world.listen(lambda: told.append(len(world.inbox("alice"))))
    with make_server("smtp", world), make_server("imap", world):
        assert told == []
        world.deliver("alice", b"\r\n")
    stop()
    assert told == [1]
