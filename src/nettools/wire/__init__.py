"""Bytes and time: sockets, deadlines, TLS, proxies, traces. Knows no protocol, and alone imports `socket` and `ssl`."""
