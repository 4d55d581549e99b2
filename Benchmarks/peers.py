# SPDX-License-Identifier: Apache-2.0
"""What others make of the same work on the same core: nginx for documents, moto's STS for calls, SimpleSAMLphp as an identity
provider for assertions. Each is a context manager and says by `missing()` what it lacks on this machine."""

import glob
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

import bench
import signed_requests as wire

VENV = bench.ROOT / ".build" / "venv" / "bin" / "python"
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
SIMPLESAMLPHP = pathlib.Path("/usr/share/simplesamlphp")


class Daemon:
    """A program on the server's core until the end of the block."""

    def __init__(self, command, port, log, environment=None, user=None):
        self.command = bench.on_core(bench.SERVER_CORE, *command)
        self.port, self.log, self.environment, self.user = port, log, environment, user

    def __enter__(self):
        self.output = open(self.log, "ab")
        # A session of its own: Apache ends by a signal to everybody in its process group.
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, start_new_session=True,
            env={**bench.ENVIRONMENT, **(self.environment or {})}, **(self.user or {}))
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.command[3]} did not start: {pathlib.Path(self.log).read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)
        self.output.close()

    def __exit__(self, *ignored):
        self.stop()


# MARK: documents

def get_document(url):
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, context=trust if url.startswith("https") else None) as answer:
        return answer.read(), answer.headers


class Nginx(Daemon):
    """nginx with one worker, serving the document that Exeat has at `path` with the headers that Exeat sends."""

    def __init__(self, work, server, scheme, path):
        self.scheme, self.ports = scheme, {"http": bench.free_port(), "https": bench.free_port()}
        body, headers = get_document(f"{scheme}://127.0.0.1:{server.port}{path}")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-keyout", work / "key.pem", "-out", work / "cert.pem"], check=True,
            capture_output=True)
        site = work / "site"
        (site / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (site / path.lstrip("/")).write_bytes(body)
        lines = "\n".join(f"      add_header {name} '{headers[name]}';" for name in (
            "Cache-Control", "ETag", "Access-Control-Allow-Origin", "X-Content-Type-Options") if name in headers)
        user = "user root;" if os.getuid() == 0 else ""
        (work / "nginx.conf").write_text(f"""
{user} daemon off; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log; worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100; etag off;
  client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work}; uwsgi_temp_path {work};
  scgi_temp_path {work};
  server {{
    listen 127.0.0.1:{self.ports['http']}; listen 127.0.0.1:{self.ports['https']} ssl;
    ssl_certificate {work}/cert.pem; ssl_certificate_key {work}/key.pem;
    root {site};
    location / {{
      default_type {headers['Content-Type'].split(';')[0]}; if_modified_since off;
{lines}
    }}
  }}
}}
""")
        super().__init__(["/usr/sbin/nginx", "-c", work / "nginx.conf", "-p", work], self.ports["http"], work / "nginx.out")

    @staticmethod
    def missing():
        return None if os.path.exists("/usr/sbin/nginx") else "nginx is not installed (nginx-light)"

    def compare(self, server, path):
        """GETs of the document a second, Exeat and nginx one after the other."""
        ours = f"{self.scheme}://127.0.0.1:{server.port}{path}"
        theirs = f"{self.scheme}://127.0.0.1:{self.ports[self.scheme]}{path}"
        if get_document(theirs)[0] != get_document(ours)[0]:
            raise RuntimeError("nginx and exeat do not serve the same bytes")
        return {"exeat": bench.wrk(ours, 5)["per_second"], "nginx": bench.wrk(theirs, 5)["per_second"]}


# MARK: calls

class Moto(Daemon):
    """moto's server, which answers STS and checks no signature."""

    def __init__(self, work):
        port = bench.free_port()
        super().__init__([VENV, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], port, work / "moto.log")

    @staticmethod
    def missing():
        done = VENV.exists() and subprocess.run([VENV, "-c", "import moto.server"], capture_output=True).returncode == 0
        return None if done else "moto is not installed (Scripts/make-venv.sh)"


def caller_identity(work, port, keys, seconds):
    """`GetCallerIdentity` a second at `port`: the same distinct signed requests for either server."""
    host, file = f"127.0.0.1:{port}", work / "identity-requests"
    bodies = (f"Action=GetCallerIdentity&Version=2011-06-15&Number={number}" for number in range(bench.DISTINCT_REQUESTS))
    signer = wire.Signer(*keys, host)
    wire.write_requests(file, signer, bodies)
    return bench.wrk(f"http://{host}/", seconds, {
        "REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date})


# MARK: assertions

CONFIG = """<?php
require '/etc/simplesamlphp/config.php';
$config['baseurlpath'] = 'http://127.0.0.1:{port}/simplesamlphp/';
$config['secretsalt'] = 'of this benchmark';
$config['module.enable']['exampleauth'] = true;
$config['enable.saml20-idp'] = true;
$config['metadata.sources'] = [['type' => 'flatfile']];
$config['metadatadir'] = '{work}/metadata/';
$config['certdir'] = '{work}/';
$config['session.cookie.secure'] = false;
$config['logging.handler'] = 'errorlog';
$config['logging.level'] = 3;
"""
SOURCES = """<?php
$config = ['static' => ['exampleauth:StaticSource', 'uid' => ['arn:aws:iam::123456789012:role/ci'],
  'aws_account' => ['123456789012'], 'team' => ['payments']]];
"""
HOSTED = """<?php
$metadata['urn:bench:idp'] = ['host' => '__DEFAULT__', 'privatekey' => 'idp-key.pem', 'certificate' => 'idp-cert.pem',
  'auth' => 'static', 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'userid.attribute' => 'uid'];
"""
REMOTE = """<?php
$metadata['https://sp.bench.example'] = ['AssertionConsumerService' => 'https://sp.bench.example/acs',
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', 'simplesaml.nameidattribute' => 'uid',
  'saml20.sign.response' => false, 'saml20.sign.assertion' => true];
"""
FRAME = """
ServerRoot {work}
ServerName localhost
PidFile {work}/apache.pid
Mutex file:{work} default
Listen 127.0.0.1:{port}
ErrorLog {work}/apache.log
LogLevel crit
KeepAlive On
MaxKeepAliveRequests 0
StartServers 8
MinSpareServers 8
{modules}
SetEnv SIMPLESAMLPHP_CONFIG_DIR {work}/config
php_admin_value session.save_path {work}/sessions
php_admin_value opcache.enable 1
DocumentRoot {work}/empty
Alias /simplesamlphp /usr/share/simplesamlphp/www
<Directory /usr/share/simplesamlphp/www>
  Require all granted
</Directory>
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
AcceptPathInfo On
"""


class SimpleSAMLphp(Daemon):
    """SimpleSAMLphp as an identity provider under Apache: every GET of `url` is answered with a signed assertion for one
    service, about a subject who needs no password, with an RSA-2048 key and SHA-256."""

    def __init__(self):
        port = bench.free_port()
        # Apache runs without privileges, and must get at it wherever the project lies.
        self.folder = tempfile.TemporaryDirectory(prefix="exeat-bench-")
        work = pathlib.Path(self.folder.name)
        for folder in ("config", "metadata", "sessions", "empty"):
            (work / folder).mkdir(parents=True)
        package = pathlib.Path("/etc/simplesamlphp/config.php").read_text().replace(
            "require_once('/var/lib/simplesamlphp/secrets.inc.php');", "")
        (work / "package-config.php").write_text(package)
        (work / "config" / "config.php").write_text(
            CONFIG.replace("/etc/simplesamlphp/config.php", f"{work}/package-config.php").replace("{port}", str(port))
            .replace("{work}", str(work)))
        (work / "config" / "authsources.php").write_text(SOURCES)
        (work / "metadata" / "saml20-idp-hosted.php").write_text(HOSTED)
        (work / "metadata" / "saml20-sp-remote.php").write_text(REMOTE)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=idp", "-keyout",
             work / "idp-key.pem", "-out", work / "idp-cert.pem"], check=True, capture_output=True)
        php = next(APACHE_MODULES.glob("libphp*.so")).stem
        modules = {"mpm_prefork_module": "mod_mpm_prefork", "authz_core_module": "mod_authz_core", "dir_module": "mod_dir",
                   "alias_module": "mod_alias", "env_module": "mod_env", "php_module": php}
        (work / "apache.conf").write_text(FRAME.format(work=work, port=port, modules="\n".join(
            f"LoadModule {name} {APACHE_MODULES}/{file}.so" for name, file in modules.items())))
        user = {}
        if os.getuid() == 0:
            for path in (work, *work.rglob("*")):
                shutil.chown(path, "www-data", "www-data")
            user = {"user": "www-data", "group": "www-data", "extra_groups": []}
        super().__init__(["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", work / "apache.conf"], port, work / "apache.out",
                         user=user)
        entity = urllib.parse.quote("https://sp.bench.example", safe="")
        self.url = f"http://127.0.0.1:{port}/simplesamlphp/saml2/idp/SSOService.php?spentityid={entity}"

    def stop(self):
        super().stop()
        self.folder.cleanup()

    @staticmethod
    def missing():
        there = [SIMPLESAMLPHP / "lib" / "_autoload.php", pathlib.Path("/usr/sbin/apache2")]
        if all(path.exists() for path in there) and glob.glob(str(APACHE_MODULES / "libphp*.so")):
            return None
        return "SimpleSAMLphp is not installed (simplesamlphp, libapache2-mod-php)"

    def assertions(self, seconds, connections=32):
        """Assertions a second; each answer must hold one."""
        page = urllib.request.urlopen(self.url, timeout=30).read()
        if b'name="SAMLResponse"' not in page:
            raise RuntimeError(f"SimpleSAMLphp gives no assertion: {page[-1500:]!r}")
        return bench.wrk(self.url, seconds, {}, connections)
