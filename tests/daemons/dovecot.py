"""dovecot: IMAP and POP3, in clear with STARTTLS, and TLS only; on 127.0.0.2 no login in clear (LOGINDISABLED).

Any user is known. `facts["new_user"]()` makes one with an empty mailbox and gives its name; `facts["deliver"](user,
raw)` puts a message into its INBOX, so that every test has a mailbox of its own. `facts["restart"]()` stops and starts
the server; `facts["hang_up"]()` ends the processes that serve IMAP, as its idle timeout does.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from daemons.base import PASSWORD, USER, Home, Service, free_ports, give

PACKAGES = ("dovecot-imapd", "dovecot-pop3d")

CONF = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log/dovecot.log
listen = 127.0.0.1, 127.0.0.2
protocols = imap pop3
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
local 127.0.0.2 {{
  disable_plaintext_auth = yes
}}
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256
auth_cache_size = 0
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
mail_plugins = quota
imap_idle_notify_interval = 1 s
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%u
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=1G
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = create
  }}
}}
protocol imap {{
  mail_plugins = quota imap_quota imap_zlib
}}
first_valid_uid = 1
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
"""


class Mailboxes:
    """The users of a running dovecot, and their maildirs."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = home.folder("mail")
        self._numbers = itertools.count(1)
        self.add(USER)

    def add(self, name: str) -> str:
        for each in ("cur", "new", "tmp"):
            (self.maildir(name) / each).mkdir(parents=True, exist_ok=True)
        give(self._folder / name, "mail")
        return name

    def new_user(self) -> str:
        return self.add(f"{USER}-{next(self._numbers)}")

    def maildir(self, name: str) -> Path:
        return self._folder / name / "Maildir"

    def deliver(self, name: str, raw: bytes) -> None:
        """Into INBOX; what is delivered later has the greater UID."""
        number = next(self._numbers)
        path = self._home.write(
            f"mail/{name}/Maildir/tmp/{1_600_000_000 + number}.M{number}P1.localhost", raw, owner="mail:mail"
        )
        path.rename(self.maildir(name) / "new" / path.name)


def start(home: Home, label: str) -> list[Service]:
    imap, imaps, pop3, pop3s = free_ports(4)
    home.folder("run")
    mailboxes = Mailboxes(home)
    conf = home.write(
        "dovecot.conf", CONF.format(home=home.path, password=PASSWORD, imap=imap, imaps=imaps, pop3=pop3, pop3s=pop3s)
    )
    home.spawn("dovecot", "/usr/sbin/dovecot", "-F", "-c", conf)
    home.wait_for(imap, imaps, pop3, pop3s)
    facts = {
        "new_user": mailboxes.new_user,
        "deliver": mailboxes.deliver,
        "maildir": mailboxes.maildir,
        "strict_host": "127.0.0.2",
        "pop3_port": pop3,
        "restart": lambda: home.restart(imap, imaps, pop3, pop3s),
        "hang_up": lambda: home.hang_up("imap"),
    }
    return [
        Service("imap", imap, imaps, True, home.ca, home.other_ca, label, facts=facts),
        Service("pop3", pop3, pop3s, True, home.ca, home.other_ca, label.replace("imapd", "pop3d"), facts=facts),
    ]
