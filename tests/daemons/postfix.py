"""postfix: SMTP with STARTTLS and SASL (asked of a dovecot of its own), and a port with TLS from the first octet.

Mail for example.org, example.test and localhost lands in one maildir, its recipient in X-Original-To; for other domains
only after a login. reject@ and nobody@ are refused with 550, defer@ put off with 451; messages have at most 20,000,000
octets, on `facts["large_port"]` ten times as many.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from daemons.base import HOST, PASSWORD, USER, Home, Service, free_ports, give

PACKAGES = ("postfix", "dovecot-core")

AUTH = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log/auth.log
protocols =
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
passdb {{
  driver = passwd-file
  args = {home}/passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home=/nonexistent
}}
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener smtp-auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
maillog_file = {home}/log/maillog
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.test
mydestination =
mynetworks =
alias_maps =
alias_database =
virtual_mailbox_domains = example.org, example.test, localhost
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
default_transport = virtual
message_size_limit = {largest}
virtual_mailbox_limit = 0
mailbox_size_limit = 0
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_chain_files = {home}/key.pem, {home}/cert.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {home}/run/smtp-auth
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access regexp:{home}/access
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
"""

MASTER = """
{host}:{port} inet n - n - - smtpd
    -o message_size_limit={size_limit}
{host}:{large_port} inet n - n - - smtpd
{host}:{tls_port} inet n - n - - smtpd
    -o message_size_limit={size_limit}
    -o smtpd_tls_wrappermode=yes
{host}:{bare_port} inet n - n - - smtpd
    -o smtpd_discard_ehlo_keywords=pipelining,8bitmime,smtputf8,chunking,size
    -o smtputf8_enable=no
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - n n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
SIZE_LIMIT = 20_000_000


def start(home: Home, label: str) -> list[Service]:
    port, tls_port, bare_port, large_port = free_ports(4)
    for name in ("run", "spool", "etc"):
        home.folder(name)
    home.folder("data", owner="postfix")
    box = home.folder("mail/box")
    _empty(box)
    give(home.path / "mail", "mail")
    home.write("passwd", f"{USER}:{{PLAIN}}{PASSWORD}\n", mode=0o640, owner="root:dovecot")
    auth = home.write("auth.conf", AUTH.format(home=home.path))
    home.write("access", "/^(reject|nobody)@/ 550 5.1.1 no such user here\n/^defer@/ 451 4.7.1 try again later\n")
    home.write("etc/main.cf", MAIN.format(home=home.path, largest=10 * SIZE_LIMIT))
    ports = {"port": port, "tls_port": tls_port, "bare_port": bare_port, "large_port": large_port}
    home.write("etc/master.cf", MASTER.format(host=HOST, size_limit=SIZE_LIMIT, **ports))
    home.spawn("auth", "/usr/sbin/dovecot", "-F", "-c", auth)
    subprocess.run(["/usr/sbin/postfix", "-c", home.path / "etc", "check"], check=True, capture_output=True)
    home.spawn("postfix", "/usr/sbin/postfix", "-c", home.path / "etc", "start-fg")
    home.wait_for(*ports.values())
    facts = {"maildir": box, "bare_port": bare_port, "large_port": large_port, "size_limit": SIZE_LIMIT}
    return [
        Service("smtp", port, tls_port, True, home.ca, home.other_ca, label, reset=lambda: _empty(box), facts=facts)
    ]


def _empty(box: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True, exist_ok=True)
        for each in (box / name).iterdir():
            each.unlink(missing_ok=True)
