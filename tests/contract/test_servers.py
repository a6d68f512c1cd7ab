"""Every real server starts with the project's settings, and answers in clear and under TLS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nettools
from nettools import CertificateError, Options

pytestmark = pytest.mark.daemon

SERVERS = [("nginx", "http"), ("vsftpd", "ftp"), ("postfix", "smtp"), ("dovecot", "imap"), ("dovecot", "pop3")]
CASES = [
    (name, protocol, kind)
    for name, protocol in SERVERS
    for kind in ("plain", "starttls", "implicit")
    if not (protocol == "http" and kind == "starttls")
]
SECURE = [case for case in CASES if case[2] != "plain"]


@pytest.mark.parametrize(("name", "protocol", "kind"), CASES)
def test_a_real_server_is_reached(daemon_site: Callable[..., Any], name: str, protocol: str, kind: str) -> None:
    site = daemon_site(name, protocol, kind)
    with nettools.connect(site.url, **site.options) as session:
        session.ping()
        assert (session.tls is not None) == (kind != "plain")


@pytest.mark.parametrize(("name", "protocol", "kind"), SECURE)
def test_another_authority_is_not_believed(
    daemon_site: Callable[..., Any], name: str, protocol: str, kind: str
) -> None:
    site = daemon_site(name, protocol, kind)
    tls = nettools.TLS(mode="auto" if kind == "implicit" else "starttls", ca=site.service.other_ca)
    with pytest.raises(CertificateError) as caught:
        nettools.connect(site.url, options=Options(timeout=20), auth=site.options["auth"], tls=tls).ping()
    assert caught.value.exit_code == 60
