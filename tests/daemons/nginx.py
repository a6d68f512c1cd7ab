"""nginx: files, ranges, gzip, Basic authentication, redirects, statuses, PUT and DELETE, also on a Unix socket."""

from __future__ import annotations

import subprocess

from daemons.base import HOST, PASSWORD, USER, Home, Service, free_ports, refill
from nettools.testing import World

PACKAGES = ("nginx",)

CONF = """
user root;
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/log/error.log info;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; text/plain txt; application/json json; application/octet-stream bin; image/png png; }}
  default_type application/octet-stream;
  access_log off;
  client_body_temp_path {home}/tmp/body; proxy_temp_path {home}/tmp/proxy; fastcgi_temp_path {home}/tmp/fcgi;
  uwsgi_temp_path {home}/tmp/uwsgi; scgi_temp_path {home}/tmp/scgi;
  client_max_body_size 100m;
  gzip on; gzip_types text/plain application/json; gzip_min_length 100; gzip_vary on;
  ssl_certificate {home}/cert.pem;
  ssl_certificate_key {home}/key.pem;
  server {{
    listen {host}:{port};
    listen {host}:{tls_port} ssl http2;
    listen unix:{home}/http.sock;
    root {home}/www;
    location / {{ autoindex on; dav_methods PUT DELETE MKCOL; create_full_put_path on; }}
    location /private/ {{ auth_basic "private"; auth_basic_user_file {home}/htpasswd; }}
    location = /redirect {{ return 302 /pub/hello.txt; }}
    location = /redirect308 {{ return 308 /pub/hello.txt; }}
    location = /loop {{ return 302 /loop; }}
    location = /empty {{ return 204; }}
    location = /gone {{ return 410 "gone\\n"; }}
    location = /busy {{ add_header Retry-After 1 always; return 503 "busy\\n"; }}
    location = /drop {{ return 444; }}
    location = /cookies {{ add_header Set-Cookie "a=1"; add_header Set-Cookie "b=2"; return 200 "set\\n"; }}
    location = /asked {{ default_type text/plain; return 200 "$request_method $request_uri $http_cookie\\n"; }}
  }}
}}
"""


def start(home: Home, label: str) -> list[Service]:
    port, tls_port = free_ports(2)
    home.folder("tmp")
    www = home.folder("www")
    files = {
        **World().files,
        "private/secret.txt": b"private\n",
        "long.txt": b"".join(b"line %d\n" % n for n in range(2000)),
    }
    refill(www, files)
    hashed = subprocess.run(
        ["openssl", "passwd", "-apr1", "-stdin"], input=PASSWORD, capture_output=True, text=True, check=True
    )
    home.write("htpasswd", f"{USER}:{hashed.stdout.strip()}\n")
    conf = home.write("nginx.conf", CONF.format(home=home.path, host=HOST, port=port, tls_port=tls_port))
    home.spawn("nginx", "/usr/sbin/nginx", "-e", home.log / "error.log", "-c", conf, "-p", home.path)
    home.wait_for(port, tls_port)
    facts = {"unix_socket": home.path / "http.sock", "root": www}
    return [
        Service(
            "http", port, tls_port, False, home.ca, home.other_ca, label, reset=lambda: refill(www, files), facts=facts
        )
    ]
