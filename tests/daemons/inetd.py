"""A tiny inetd: `python inetd.py PORT CERT|- PROGRAM [ARGS...]` gives every connection to a program's stdin and stdout.

With a certificate (key and chain in one file) it speaks TLS to the client and plain octets to the program.
"""

from __future__ import annotations

import select
import signal
import socket
import ssl
import subprocess
import sys
import threading


def carry(conn: socket.socket, context: ssl.SSLContext, argv: list[str]) -> None:
    """Octets between a TLS client and a program, until either ends."""
    try:
        tls = context.wrap_socket(conn, server_side=True)
    except OSError:
        conn.close()
        return
    ours, theirs = socket.socketpair()
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL), ours:
        theirs.close()
        try:
            while True:
                ready = [tls] if tls.pending() else select.select([tls, ours], [], [])[0]
                for source, sink in ((tls, ours), (ours, tls)):
                    if source in ready:
                        data = source.recv(65536)
                        if not data:
                            raise EOFError
                        sink.sendall(data)
        except (OSError, EOFError):
            pass
        try:
            tls.unwrap().close()
        except OSError:
            tls.close()


def main(port: int, certificate: str, argv: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    context = None
    if certificate != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    children: list[subprocess.Popen[bytes]] = []
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    while True:
        conn, _ = listener.accept()
        children = [child for child in children if child.poll() is None]
        if context is not None:
            threading.Thread(target=carry, args=(conn, context, argv), daemon=True).start()
        else:
            children.append(subprocess.Popen(argv, stdin=conn, stdout=conn, stderr=subprocess.DEVNULL))
            conn.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
