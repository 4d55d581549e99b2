# SPDX-License-Identifier: Apache-2.0
"""A web host that is not ours: nginx on loopback, with the configuration that stands in examples/static-publishing."""

import pathlib
import re

from driver import apache

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples" / "static-publishing" / "nginx.conf"

FRAME = """\
daemon off; pid {work}/nginx.pid; error_log {work}/nginx.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work}; uwsgi_temp_path {work};
  scgi_temp_path {work};
  include {work}/site.conf;
}}
"""


def nginx(work, port, issuer_id, folder, certificate, key):
    """nginx with the issuer's folder on a port of 127.0.0.1; a context manager."""
    site = EXAMPLE.read_text()
    for old, new in {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "sts.example.org;": "localhost;",
            "/etc/ssl/sts.example.org.pem": str(certificate), "/etc/ssl/sts.example.org.key": str(key),
            "/UUID": f"/{issuer_id}", "/srv/issuer/": f"{folder}/"}.items():
        assert old in site, old
        site = site.replace(old, new)
    assert not re.search(r"UUID|/srv/|example", site.split("server {", 1)[1]), site
    (work / "site.conf").write_text(site)
    (work / "nginx.conf").write_text(FRAME.format(work=work))
    apache.hand_over(work)
    return apache.Daemon(
        [apache.program("nginx"), "-e", work / "nginx.log", "-c", work / "nginx.conf", "-p", work], work / "nginx.out",
        lambda: apache.answers(("127.0.0.1", port)))
