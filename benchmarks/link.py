"""A link with a real round-trip delay, without netem: two network namespaces, and a process that holds every packet.

Each namespace has one TUN device; the forwarder reads packets from one and writes them to the other half a round trip
later. Segmentation offload is passed through (IFF_VNET_HDR), so that large transfers cost little CPU while the segment
size, and with it slow start, stay those of the MTU. Needs root, iproute2 and /dev/net/tun.

The forwarder counts *turns*: how often the client began to send after something had come in. For a client that waits
for each answer these are its round trips (one more where the server speaks first), for one that streams an upper bound.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

CLIENT, SERVER = "10.77.0.1", "10.77.0.2"
TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4 = 1, 2
VNET_HEADER = 10  # octets of struct virtio_net_hdr
CLONE_NEWNET = 0x40000000
TCP = 6


class Link:
    """Up while it is a context; `client` and `server` are what to put before a command to run it at that end."""

    def __init__(self, rtt_ms: float) -> None:
        self.rtt_ms = rtt_ms
        self._names = [f"nettools-{end}-{os.getpid()}" for end in ("c", "s")]
        self.client, self.server = (["ip", "netns", "exec", name] for name in self._names)
        self._forwarder: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        for name in self._names:
            _ip("netns", "add", name)
        argv = [sys.executable, "-m", "benchmarks.link", *self._names, str(self.rtt_ms)]
        self._forwarder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._ask("")  # its devices are there
        for name, address in zip(self._names, (CLIENT, SERVER), strict=True):
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "tun0")
            _ip("-n", name, "link", "set", "tun0", "mtu", "1500", "txqueuelen", "10000", "up")
            setting = ["sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1", "net.ipv4.tcp_slow_start_after_idle=0"]
            subprocess.run(["ip", "netns", "exec", name, *setting], check=False, capture_output=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._forwarder is not None:
            self._forwarder.communicate("quit\n", timeout=5)
        for name in self._names:
            _ip("netns", "del", name)

    def reset(self) -> None:
        self._ask("reset")

    def turns(self) -> int:
        """Since the last reset; waits until what is under way has arrived."""
        time.sleep(2.5 * self.rtt_ms / 1000)
        return int(self._ask("turns"))

    def _ask(self, what: str) -> str:
        assert self._forwarder is not None
        assert self._forwarder.stdin is not None
        assert self._forwarder.stdout is not None
        self._forwarder.stdin.write(what + "\n")
        return self._forwarder.stdout.readline().strip()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _open_tun(name: str) -> int:
    """The TUN device of a namespace, made there."""
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{name}", os.O_RDONLY)
    _enter(there)
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
        fcntl.ioctl(device, TUNSETVNETHDRSZ, struct.pack("i", VNET_HEADER))
        fcntl.ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)
    finally:
        _enter(home)
        os.close(home)
        os.close(there)
    return device


def _speaks(packet: bytes) -> bool:
    """Whether an IPv4 packet opens a TCP connection or carries some of its data."""
    if packet[VNET_HEADER] >> 4 != 4 or packet[VNET_HEADER + 9] != TCP:
        return False
    header = (packet[VNET_HEADER] & 15) * 4
    segment = VNET_HEADER + header
    payload = len(packet) - segment - (packet[segment + 12] >> 4) * 4
    return payload > 0 or bool(packet[segment + 13] & 2)


class _Turns:
    def __init__(self) -> None:
        self.count, self._heard = 0, True

    def outgoing(self, packet: bytes) -> None:
        if self._heard and _speaks(packet):
            self.count, self._heard = self.count + 1, False

    def incoming(self, packet: bytes) -> None:
        self._heard = self._heard or _speaks(packet)


def forward(client: int, server: int, rtt_ms: float) -> None:
    """Carry packets between two devices, each half a round trip later, and answer questions on stdin."""
    delay, turns = rtt_ms / 2000, _Turns()
    ways = (
        (client, server, collections.deque[tuple[float, bytes]]()),
        (server, client, collections.deque[tuple[float, bytes]]()),
    )
    while True:
        now = time.monotonic()
        for source, sink, queue in ways:
            while queue and queue[0][0] <= now:
                packet = queue.popleft()[1]
                if source == server:
                    turns.incoming(packet)
                with contextlib.suppress(OSError):  # the device is full or down: a lost packet, as links have them
                    os.write(sink, packet)
        due = min((queue[0][0] for _, _, queue in ways if queue), default=None)
        wait = None if due is None else max(0.0, due - time.monotonic())
        ready = select.select([client, server, sys.stdin], [], [], wait)[0]
        for source, _, queue in ways:
            if source in ready:
                for _ in range(64):
                    try:
                        packet = os.read(source, 65536 + 64)
                    except BlockingIOError:
                        break
                    if source == client:
                        turns.outgoing(packet)
                    queue.append((time.monotonic() + delay, packet))
        if sys.stdin in ready:
            word = sys.stdin.readline().strip()
            if word == "quit":
                return
            if word == "reset":
                turns = _Turns()
            print(turns.count, flush=True)


if __name__ == "__main__":
    forward(_open_tun(sys.argv[1]), _open_tun(sys.argv[2]), float(sys.argv[3]))
