"""The same tests over every server: the fake in clear, with STARTTLS, with TLS, referees, and real daemons.

A `Site` is where to go and with what; `server` is the fake, whose log and World a test may look at, None for others;
`service` the real daemon's record. Parameters that name a daemon carry the mark `daemon`: `make test` leaves them out,
`make test-daemons` runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daemons.base import Service
from nettools import TLS

ALICE = ("alice", "secret")


@dataclass
class Site:
    """A server to test against."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)
    server: Any = None
    kind: str = "plain"
    service: Service | None = None

    @property
    def anonymous(self) -> dict[str, Any]:
        """The options without credentials."""
        return {name: value for name, value in self.options.items() if name != "auth"}

    def at(self, path: str) -> str:
        return self.url.rstrip("/") + "/" + path.lstrip("/")


@pytest.fixture
def fake_site(net_servers: Callable[..., Any], tls_ca: Path) -> Callable[..., Site]:
    """Makes a Site of a fake: `fake_site("smtp", "starttls")`."""

    def make(protocol: str, kind: str, **options: Any) -> Site:
        server = net_servers(protocol, tls=True, **options)
        tls = {"plain": TLS(mode="off"), "starttls": TLS(mode="starttls", ca=tls_ca), "implicit": TLS(ca=tls_ca)}[kind]
        url = server.tls_url if kind == "implicit" else server.url
        return Site(url, {"auth": ALICE, "tls": tls, "timeout": 20}, server, kind)

    return make


@pytest.fixture
def daemon_site(daemon: Callable[[str], dict[str, Service]]) -> Callable[..., Site]:
    """Makes a Site of a real server, as it is at its start: `daemon_site("vsftpd", "ftp", "implicit")`.

    A mailbox is a new user's own: `site.service.facts["deliver"](site.options["auth"][0], raw)` puts mail into it.
    """

    def make(name: str, protocol: str, kind: str) -> Site:
        service = daemon(name)[protocol]
        service.reset()
        user = service.facts["new_user"]() if "new_user" in service.facts else service.user
        tls = {
            "plain": TLS(mode="off"),
            "starttls": TLS(mode="starttls", ca=service.ca),
            "implicit": TLS(ca=service.ca),
        }[kind]
        options = {"auth": (user, service.password), "tls": tls, "timeout": 20}
        return Site(service.url(kind), options, None, kind, service)

    return make


@pytest.fixture
def make_site() -> type[Site]:
    """The class, for sites that are no fakes."""
    return Site
