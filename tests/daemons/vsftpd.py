"""vsftpd: FTP with explicit TLS, a port that demands a resumed session on TLS data connections, and implicit TLS.

It asks PAM, so the user exists only in a mount namespace of the server's own, with its own passwd and shadow.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from daemons.base import HOST, PASSWORD, USER, Home, Service, free_ports, refill
from nettools.testing import World

PACKAGES = ("vsftpd",)
OWNER = 14321

CONF = """
listen=YES
listen_ipv6=NO
listen_address={host}
listen_port={port}
background=NO
local_enable=YES
anonymous_enable=YES
anon_root={home}/ftp
write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
secure_chroot_dir={home}/empty
pam_service_name=vsftpd
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
utf8_filesystem=YES
mdtm_write=YES
use_localtime=NO
ascii_upload_enable=YES
ascii_download_enable=YES
ssl_enable=YES
allow_anon_ssl=YES
force_local_data_ssl=NO
force_local_logins_ssl=NO
rsa_cert_file={home}/cert.pem
rsa_private_key_file={home}/key.pem
ssl_ciphers=HIGH
xferlog_enable=YES
vsftpd_log_file={home}/log/vsftpd.log
pasv_min_port={low}
pasv_max_port={high}
max_per_ip=50
delay_failed_login=0
delay_successful_login=0
{own}
"""


def start(home: Home, label: str) -> list[Service]:
    plain, reuse, implicit = free_ports(3)
    low = 40000 + plain % 90 * 100
    root, _ = home.folder("ftp"), home.folder("empty")
    files = dict(World().files)
    refill(root, files, OWNER)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, capture_output=True, text=True, check=True
    ).stdout.strip()
    passwd = Path("/etc/passwd").read_text() + f"{USER}:x:{OWNER}:{OWNER}::{root}:/bin/sh\n"
    shadow = Path("/etc/shadow").read_text() + f"{USER}:{hashed}:19000:0:99999:7:::\n"
    passwd_file, shadow_file = home.write("passwd", passwd), home.write("shadow", shadow, mode=0o600)
    variants = {
        "plain": (plain, "require_ssl_reuse=NO"),
        "reuse": (reuse, "require_ssl_reuse=YES"),
        "implicit": (implicit, "require_ssl_reuse=YES\nimplicit_ssl=YES"),
    }
    for name, (port, own) in variants.items():
        text = CONF.format(host=HOST, port=port, home=home.path, low=low, high=low + 99, own=own)
        conf = home.write(f"{name}.conf", text, mode=0o600)
        own_users = f"mount --bind {passwd_file} /etc/passwd; mount --bind {shadow_file} /etc/shadow"
        script = f"{own_users}; exec /usr/sbin/vsftpd {conf}"
        home.spawn(name, "unshare", "-m", "sh", "-ec", script)
    home.wait_for(plain, reuse, implicit)
    facts = {"reuse_port": reuse, "root": root}
    return [
        Service(
            "ftp", plain, implicit, True, home.ca, home.other_ca, label,
            reset=lambda: refill(root, files, OWNER), facts=facts,
        )
    ]  # fmt: skip
