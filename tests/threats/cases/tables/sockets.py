"""TCP and UDP: answers that are cut, endless, too large, or from a stranger."""

from __future__ import annotations

import socket

from threats.cases.common import SOCKET, datagrams
from threats.cases.tables.shared import ANY, ERROR, endless
from threats.engine import MB, case

TALK = dict(SOCKET, send=b"x\n", until=b"\n")
case("tcp-flood", "tcp_talk", **TALK, max_bytes=MB, expect=dict(ERROR, rss=200))(endless(b"", b"a" * 65536))
case("tcp-end-early", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: (c.line(), c.send(b"half"), None)[-1])
case("tcp-end-empty", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: c.line() and None)
case("tcp-reset", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: (c.line(), c.send(b"half"), c.rst(), None)[-1])
case("tcp-silent", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: c.hold(8))
case("tcp-blackhole", "tcp_talk", **dict(TALK, port="{hole}"), listen={"hole": "blackhole"}, expect=ERROR)(
    lambda c, ctx: None
)
case("tcp-two-lines", "tcp_talk", **TALK, expect=dict(outcome="ok", value_not=b"evil"))(
    lambda c, ctx: (c.line(), c.send(b"one\nevil\n"), None)[-1]
)

UDP = dict(host="127.0.0.1", port="{u}", send=b"q")


def datagram(name: str, serve, **expect) -> None:
    case(name, "udp_talk", **UDP, listen={"u": datagrams(serve)}, expect=dict(ANY, **expect))(lambda c, ctx: None)


datagram("udp-whole", lambda s, d, peer, ctx: s.sendto(b"b" * 9000, peer), check="udp_whole")
datagram("udp-largest", lambda s, d, peer, ctx: s.sendto(b"b" * 65507, peer), outcome="ok")
datagram("udp-empty", lambda s, d, peer, ctx: s.sendto(b"", peer))
datagram("udp-silent", lambda s, d, peer, ctx: None, outcome="error")
datagram("udp-flood", lambda s, d, peer, ctx: [s.sendto(b"b" * 60000, peer) for _ in range(300)] and None, rss=200)
case("udp-refused", "udp_talk", **UDP, listen={"u": "dead"}, expect=ERROR)(lambda c, ctx: None)
case("udp-endless", "facade", function="exchange", given=("udp://127.0.0.1:{u}", b"q"), until=1000, expect=ERROR,
     listen={"u": datagrams(lambda s, d, peer, ctx: s.sendto(b"few", peer))})(lambda c, ctx: None)  # fmt: skip
case("udp-over-limit", "facade", function="exchange", given=("udp://127.0.0.1:{u}", b"q"), max_size=100, expect=ERROR,
     listen={"u": datagrams(lambda s, d, peer, ctx: s.sendto(b"b" * 101, peer))})(lambda c, ctx: None)  # fmt: skip


def other_address(s, d, peer, ctx):
    """The same port of another address of the server's machine answers first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", s.getsockname()[1]))
        other.sendto(b"evil", peer)
    s.sendto(b"good", peer)


datagram("udp-other-address", other_address, outcome="ok", value_has=b"good", value_not=b"evil")
datagram(
    "udp-answers-many", lambda s, d, peer, ctx: [s.sendto(b"%d" % n, peer) for n in range(9)] and None, outcome="ok"
)


def local(name: str, serve, expect=ERROR, *, until=b"\n", data: bytes = b"x\n", **more) -> None:
    """A server on a Unix socket."""
    given = ("unix://{s}", data)
    listen = {"s": ("/socket", serve)}
    case(f"unix-{name}", "facade", function="exchange", given=given, until=until, listen=listen, **more, expect=expect)(
        lambda c, ctx: None
    )


local("line", lambda c, ctx: (c.line(), c.send(b"one\nevil\n"), None)[-1], dict(outcome="ok", value_has=b"one\\n"))
local("silent", lambda c, ctx: c.hold(8))
local("drip", lambda c, ctx: c.drip(b"a" * 100))
local("flood", endless(b"", b"a" * 65536), dict(ERROR, rss=200), max_bytes=MB)
local("end-early", lambda c, ctx: (c.line(), c.send(b"half"), None)[-1])
local("end-empty", lambda c, ctx: c.line() and None)
local("end-at-once", lambda c, ctx: None, data=b"x" * MB)
local("no-read", lambda c, ctx: c.sleep(8), data=b"x" * (16 * MB))


def descriptors(c, ctx):
    """Open files come along with the answer, which nobody asked for."""
    c.line()
    with open("/dev/null", "rb") as each:
        socket.send_fds(c.s, [b"ok\n"], [each.fileno()] * 50)


local("descriptors", descriptors, dict(outcome="ok", value_has=b"ok"))
local("replaced", lambda c, ctx: (c.line(), c.send(b"ok\n"), None)[-1], dict(outcome="ok"), dl={"s": b"other"})


def nowhere(name: str, **more) -> None:
    case(f"unix-{name}", "facade", function="exchange", given=("unix://{home}/s", b"x"), **more, expect=ERROR)(
        lambda c, ctx: None
    )


nowhere("pipe", home={"s": None})
nowhere("plain-file", home={"s": "text"})


def clients(name: str, url: str, attack: bytes, connections: int, **expect) -> None:
    """A server of ours, what these clients do to it, and one that behaves, which has to be served."""
    args = dict(url=url, attack=attack, connections=connections)
    case(f"listen-{name}", "listening", **args, expect=dict(outcome="ok", value_has=b"good", rss=200, **expect))(
        lambda c, ctx: None
    )


clients("half-line", "tcp://127.0.0.1:0", b"no end", 19)
clients("more-than-are-served", "tcp://127.0.0.1:0", b"", 25)
clients("tls-to-plain", "tcp://127.0.0.1:0", b"\x16\x03\x01\x02\x00" + b"\0" * 512, 10)
clients("unix-silent", "unix://{dl}/s", b"", 10)
clients("unix-more-than-are-served", "unix://{dl}/s", b"half", 25)
clients("unix-flood", "unix://{dl}/s", b"x" * 3_000_000, 3)
clients("udp-empty", "udp://127.0.0.1:0", b"", 50)
clients("udp-largest", "udp://127.0.0.1:0", b"x" * 65507, 50)
clients("udp-many", "udp://127.0.0.1:0", b"x" * 1000, 500)
