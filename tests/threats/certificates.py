"""A test authority and leaves: good, for another name, expired, self-signed; made by the openssl command."""

from __future__ import annotations

import os
import ssl
import subprocess
import warnings


def make_certs(d):
    """A test CA and leaves (good, wronghost, expired, selfsigned) for localhost, *.test and 127.0.0.1, with openssl."""
    os.makedirs(d, exist_ok=True)

    def run(*a):
        subprocess.run(("openssl", *a), cwd=d, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run(
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "30",
        "-subj",
        "/CN=exam CA",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )
    open(os.path.join(d, "index.txt"), "w").close()
    with open(os.path.join(d, "ca.cnf"), "w") as f:
        f.write(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
            "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n"
        )
    good = "DNS:localhost,DNS:origin.test,DNS:*.test,DNS:mail.test,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"
    for name, san, a, b in (
        ("good", good, None, None),
        ("wronghost", "DNS:elsewhere.invalid", None, None),
        ("expired", good, "20200101000000Z", "20200201000000Z"),
    ):
        with open(os.path.join(d, name + ".ext"), "w") as f:
            f.write(
                f"subjectAltName={san}\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                "extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
            )
        run("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", f"/CN={name}")
        when = ("-startdate", a, "-enddate", b) if a else ("-days", "20")
        run(
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-in",
            name + ".csr",
            "-out",
            name + ".pem",
            "-notext",
            "-extfile",
            name + ".ext",
            *when,
        )
    run(
        "req",
        "-x509",
        *key,
        "-keyout",
        "selfsigned.key",
        "-out",
        "selfsigned.pem",
        "-days",
        "20",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=" + good,
    )
    return d


def server_context(certs, cert="good", old=False, sni=None, tls12=False):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.path.join(certs, cert + ".pem"), os.path.join(certs, cert + ".key"))
    if old:
        c.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            c.minimum_version, c.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    if tls12:
        c.maximum_version = ssl.TLSVersion.TLSv1_2
    if sni:
        c.sni_callback = lambda s, name, ctx: sni(name)
    return c
