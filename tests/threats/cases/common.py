"""What several cases share: arguments of operations, and small handlers."""

from __future__ import annotations

import socket
import time

from threats.engine import SECRET, USER
from threats.scripts import reply

FTP = dict(host="127.0.0.1", port="{main}", user=USER, password=SECRET, tls="none")

SMTP = dict(host="127.0.0.1", port="{main}", sender="a@a.test", rcpts=["b@b.test"], subject="hi", body="hello\n")
SMTP_LOGIN = dict(SMTP, user=USER, password=SECRET)
MAILBOX = dict(host="127.0.0.1", port="{main}", user=USER, password=SECRET)
STARTTLS = b"STARTTLS"


def literal(head, tail=b""):
    def f(c, arg, st):
        c.send(b"* 1 FETCH (UID 5 " + head)
        c.send(tail)
        return False

    return f


NEWS = dict(host="127.0.0.1", port="{main}", group="g.test", number=1)

SOCKET = dict(host="127.0.0.1", port="{main}")


def xml_answer(body, *h):
    def f(c, ctx):
        if c.http():
            c.send(reply(body, "200 OK", "Content-Type: text/xml", *h))

    return f


XMLRPC = dict(url="http://127.0.0.1:{main}/RPC2", method="m", params=())
XMLRPC_OK = b"<?xml version='1.0'?><methodResponse><params><param><value>%s</value></param></params></methodResponse>"


def datagrams(f):
    f.udp = True
    return f


def spoof(s, d, peer, ctx):
    k = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    k.bind(("127.0.0.1", 0))
    k.sendto(b"SPOOFED", peer)
    k.close()
    time.sleep(0.2)
    s.sendto(b"genuine", peer)


def big(s, d, peer, ctx):
    s.sendto(b"b" * 9000, peer)


def two(s, d, peer, ctx):
    ctx.bag["n"] = ctx.bag.get("n", 0) + 1


def echo(s, d, peer, ctx):
    s.sendto(b"pong", peer)
