"""nettools as the client under examination: every operation of the exam is the facade's usual call.

Nothing here makes a case pass: no option is set that the case does not name.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

import nettools
from threats.child import Adapter, Unsupported

SCHEMES = {"implicit": "s"}
GENERAL = ("dns", "user", "password", "cafile", "tls", "max_bytes", "retries", "verbose", "auth")


def common(timeout: float, deadline: float, more: dict[str, Any]) -> dict[str, Any]:
    """What the exam's general terms are in nettools' options; anything that is not known is not taken."""
    opts: dict[str, Any] = {"timeout": nettools.Timeout(connect=timeout, idle=timeout, total=deadline)}
    more.pop("dns", None)  # played by the exam itself, in getaddrinfo
    if "auth" in more:
        opts["auth"] = more.pop("auth")
    elif more.get("user") is not None:
        opts["auth"] = nettools.Auth(more["user"], more["password"])
    tls: dict[str, Any] = {"ca": more["cafile"]} if more.get("cafile") else {}
    match more.get("tls"):
        case "starttls":
            tls["mode"] = "starttls"
        case "none":
            tls["mode"] = "off"
    if tls:
        opts["tls"] = nettools.TLS(**tls)
    if more.get("max_bytes"):
        opts["max_size"] = more["max_bytes"]
    if more.get("retries"):
        opts["retry"] = nettools.Retry(attempts=more["retries"] + 1)
    if more.get("verbose"):
        opts["on_event"] = lambda event: print(event, file=sys.stderr)
    for name in ("user", "password", "cafile", "tls", "max_bytes", "retries", "verbose"):
        more.pop(name, None)
    if more:
        raise Unsupported(", ".join(more))
    return opts


def address(scheme: str, host: str, port: int, path: str = "", tls: str | None = None) -> str:
    return f"{scheme}{SCHEMES.get(tls or '', '')}://{host}:{port}{path}"


class Nettools(Adapter):
    NAME = "nettools"
    TYPED = (nettools.NettoolsError,)

    # -- HTTP

    def http_get(
        self, url: str, timeout: float, deadline: float, *, dest: Any = None, dir: Any = None, headers: Any = None,
        method: str = "GET", data: Any = None, resume: bool = False, bearer: Any = None, proxy: Any = None,
        noproxy: Any = None, netrc: bool = False, cookies: bool = False, digest: bool = False, text: bool = False,
        want_headers: bool = False, **more: Any,
    ) -> Any:  # fmt: skip
        opts = common(timeout, deadline, more)
        if bearer:
            opts["auth"] = nettools.Auth(token=bearer)
        if digest:
            opts["auth"] = nettools.Auth(opts["auth"].user, opts["auth"].password, mechanism="digest")
        if proxy:
            opts["proxy"] = nettools.Proxy(proxy, bypass=tuple(filter(None, (noproxy or "").split(","))))
        if netrc:
            opts["netrc"] = True
        if dest or dir:
            done = nettools.download(
                url, dest or f"{dir}/", method=method, headers=headers, data=data, resume=resume, **opts
            )
            return str(done.path)
        page = nettools.fetch_page(url, method=method, headers=headers, data=data, check=not digest, **opts)
        if want_headers:
            return repr(dict(page.headers)).encode().replace(b"\\x00", b"\0")
        return page.text if text else page.content

    def http_get2(self, url: str, url2: str, timeout: float, deadline: float) -> bytes:
        with nettools.connect(url, **common(timeout, deadline, {})) as http:
            return http.fetch(url).content + b"|" + http.fetch(url2).content

    # -- FTP

    def ftp_get(
        self, host: str, port: int, path: str, timeout: float, deadline: float, *, dest: Any = None,
        resume: bool = False, want_size: bool = False, **more: Any,
    ) -> Any:  # fmt: skip
        url = address("ftp", host, port, "/" + quote(path), more.get("tls"))
        done = nettools.ftp_get(url, dest, resume=resume, **common(timeout, deadline, more))
        return str(done.path) if dest else done.data

    def ftp_list(self, host: str, port: int, path: str, timeout: float, deadline: float, **more: Any) -> list[str]:
        url = address("ftp", host, port, "/" + quote(path.strip("/")), more.get("tls"))
        return [entry.name for entry in nettools.ftp_list(url, **common(timeout, deadline, more))]

    def ftp_mirror(
        self, host: str, port: int, path: str, dir: str, timeout: float, deadline: float, **more: Any
    ) -> None:
        url = address("ftp", host, port, path, more.get("tls"))
        nettools.ftp_mirror(url, dir, **common(timeout, deadline, more))

    # -- mail

    def smtp_send(
        self, host: str, port: int, sender: str, rcpts: list[str], timeout: float, deadline: float, *,
        subject: Any = None, body: Any = None, raw: Any = None, bcc: Any = (), helo: Any = None, **more: Any,
    ) -> dict[str, list[str]]:  # fmt: skip
        url = address("smtp", host, port, "", more.get("tls"))
        opts = common(timeout, deadline, more)
        if helo is not None:
            opts["ehlo"] = helo
        own = {"message": raw} if raw is not None else {"subject": subject, "text": body}
        report = nettools.send_mail(url, to=rcpts, sender=sender, bcc=bcc, **own, **opts)
        return {"refused": sorted(report.refused)}

    def pop3_get(
        self, host: str, port: int, index: int, timeout: float, deadline: float, *, delete: bool = False,
        apop: bool = False, **more: Any,
    ) -> bytes:  # fmt: skip
        url = address("pop3", host, port, "", more.get("tls"))
        opts = common(timeout, deadline, more)
        if apop:
            opts["auth"] = nettools.Auth(opts["auth"].user, opts["auth"].password, mechanism="apop")
        with nettools.connect(url, **opts) as mail:
            raw = mail.fetch(number=index).raw
            if delete:
                mail.delete(numbers=index)
        return raw

    def pop3_list(self, host: str, port: int, timeout: float, deadline: float, **more: Any) -> list[tuple[int, int]]:
        url = address("pop3", host, port, "", more.get("tls"))
        return [(info.number, info.size) for info in nettools.list_mail(url, **common(timeout, deadline, more))]

    def imap_fetch(
        self, host: str, port: int, uid: int, timeout: float, deadline: float, *, mailbox: str = "INBOX", **more: Any
    ) -> bytes:
        url = address("imap", host, port, "", more.get("tls"))
        return nettools.fetch_mail(url, uid, folder=mailbox, **common(timeout, deadline, more)).raw

    def imap_search(
        self, host: str, port: int, header: tuple[str, str], timeout: float, deadline: float, **more: Any
    ) -> tuple[str, ...]:
        url = address("imap", host, port, "", more.get("tls"))
        return nettools.search_mail(url, nettools.Query(header=header), **common(timeout, deadline, more))

    def imap_append(
        self, host: str, port: int, mailbox: str, raw: bytes, timeout: float, deadline: float, **more: Any
    ) -> None:
        url = address("imap", host, port, "", more.get("tls"))
        nettools.append_mail(url, raw, folder=mailbox, **common(timeout, deadline, more))

    def mail_save(self, raw: bytes, dir: str, timeout: float, deadline: float) -> list[str]:
        return [path.name for path in nettools.save_attachments(nettools.parse_mail(raw), dir)]

    # -- news, Telnet, Gopher, XML-RPC

    def nntp_article(
        self, host: str, port: int, group: str, number: int, timeout: float, deadline: float, **more: Any
    ) -> bytes:
        url = address("nntp", host, port, "", more.get("tls"))
        return nettools.fetch_article(url, number, group=group, **common(timeout, deadline, more)).raw

    def telnet_talk(
        self, host: str, port: int, send: bytes, expect_bytes: bytes, timeout: float, deadline: float, *,
        secret_send: bool = False, **more: Any,
    ) -> bytes:  # fmt: skip
        what: Any = nettools.Secret(send.decode("latin-1").rstrip("\r\n")) if secret_send else send
        script = [(None, what)] if send else []
        url = address("telnet", host, port)
        return nettools.telnet_run(url, [*script, (expect_bytes, None)], **common(timeout, deadline, more)).data

    def gopher_get(self, url: str, timeout: float, deadline: float, *, dest: Any = None, **more: Any) -> Any:
        done = nettools.gopher_get(url, dest, **common(timeout, deadline, more))
        return str(done.path) if dest else done.data

    def gopher_menu(self, url: str, timeout: float, deadline: float, **more: Any) -> list[str]:
        return [repr(item.to_dict()) for item in nettools.gopher_list(url, **common(timeout, deadline, more))]

    def xmlrpc_call(
        self, url: str, method: str, params: tuple[Any, ...], timeout: float, deadline: float, **more: Any
    ) -> Any:
        return nettools.call_xmlrpc(url, method, *params, **common(timeout, deadline, more))

    # -- sockets

    def tcp_talk(
        self, host: str, port: int, send: bytes, until: bytes, timeout: float, deadline: float, **more: Any
    ) -> bytes:
        return nettools.exchange(address("tcp", host, port), send, until=until, **common(timeout, deadline, more)).data

    def udp_talk(self, host: str, port: int, send: bytes, timeout: float, deadline: float) -> bytes:
        return nettools.exchange(address("udp", host, port), send, **common(timeout, deadline, {})).data

    # -- any function of the facade, any method of a session

    def facade(
        self, function: str, given: tuple[Any, ...], timeout: float, deadline: float, *, take: tuple[str, ...] = (),
        token: str | None = None, method: str | None = None, **more: Any,
    ) -> list[Any]:  # fmt: skip
        """`take` names attributes of the result; `method` is called on the session that `connect` gives."""
        if token is not None:
            more["auth"] = nettools.Auth(more.pop("user"), token=token)
        if function == "listen":
            given = (*given, print)
        own = {name: more.pop(name) for name in list(more) if name not in GENERAL}
        opts = {**common(timeout, deadline, more), **own}
        if method is not None:
            with nettools.connect(given[0], **{n: opts.pop(n) for n in ("timeout", "auth", "tls") if n in opts}) as far:
                result = getattr(far, method)(*given[1:], **opts)
        else:
            result = getattr(nettools, function)(*given, **opts)
        if isinstance(result, Iterator):
            result = list(islice(result, 5))
        found = [getattr(result, name) for name in ("data", "raw", "content", *take) if hasattr(result, name)]
        return [repr(result), *map(repr, found), *(each for each in found if isinstance(each, bytes))]

    def listening(self, url: str, attack: bytes, connections: int, timeout: float, deadline: float) -> list[str]:
        """A server of ours that clients do this to; then one that behaves, and what it is answered."""
        datagram = url.startswith("udp:")
        handler = (lambda data, peer: data) if datagram else (lambda conn: conn.send(conn.receive(until=b"\n").data))
        with nettools.listen(url, handler, timeout=timeout, max_connections=20) as server:
            family = socket.AF_UNIX if isinstance(server.address, str) else socket.AF_INET
            hostile = [
                socket.socket(family, socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM) for _ in range(connections)
            ]
            for sock in hostile:
                sock.settimeout(deadline)
                with contextlib.suppress(OSError):
                    sock.connect(server.address)
                    sock.sendall(attack)
            answer = nettools.exchange(server.url, b"good\n", until=None if datagram else b"\n", timeout=deadline).data
            for sock in hostile:
                sock.close()
        return [repr(answer)]

    # -- the command, on a terminal

    def command(self, words: tuple[str, ...], timeout: float, deadline: float) -> bytes:
        return self._command(deadline, *words)

    def _command(self, deadline: float, *words: str) -> bytes:
        return self.on_pty([sys.executable, "-m", "nettools.cli.main", *words, "-m", str(deadline)])

    def cli_http(self, url: str, timeout: float, deadline: float, *, show_headers: bool = False) -> bytes:
        return self._command(deadline, "http", *(["-i"] if show_headers else []), url)

    def cli_ftp_list(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        path: str,
        timeout: float,
        deadline: float,
        tls: Any = None,
    ) -> bytes:
        words = ("ftp", "list", "-vv", "-u", f"{user}:{password}", *(["--tls", "off"] if tls == "none" else []))
        return self._command(deadline, *words, f"ftp://{host}:{port}{path}")

    def cli_imap_list(
        self, host: str, port: int, user: str, password: str, timeout: float, deadline: float, tls: Any = None
    ) -> bytes:
        words = ("imap", "list", "-u", f"{user}:{password}", *(["--tls", "off"] if tls == "none" else []))
        return self._command(deadline, *words, f"imap://{host}:{port}/INBOX")

    def cli_gopher(self, url: str, timeout: float, deadline: float) -> bytes:
        return self._command(deadline, "gopher", url)

    def cli_telnet(self, host: str, port: int, timeout: float, deadline: float) -> bytes:
        return self._command(2, "telnet", "run", f"telnet://{host}:{port}", "--expect", "login:")
