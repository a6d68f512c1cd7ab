"""TCP and UDP: answers that are cut, endless, too large, or from a stranger."""

from __future__ import annotations

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
