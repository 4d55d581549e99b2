# SPDX-License-Identifier: Apache-2.0
"""SAML service providers in a web server, which nobody here wrote, each set up from its guide's own files in
examples/relying-parties/. Only names and places are put in: the files are what a reader copies."""

import contextlib
import glob
import grp
import json
import os
import pathlib
import pwd
import re
import socket
import subprocess

import requests

from driver import apache, receivers
from driver.guides import EXAMPLES

APPLICATION = "https://app.example.com"
ISSUER = "https://sts.example.org/ISSUER"
COMMON_MODULES = {
    "authn_core_module": "mod_authn_core", "authz_core_module": "mod_authz_core", "authz_user_module": "mod_authz_user",
    "headers_module": "mod_headers", "proxy_module": "mod_proxy", "proxy_http_module": "mod_proxy_http",
    "ssl_module": "mod_ssl",
}


def adapted(text, replacements):
    """The text with names and places of this run; one that the file does not have is a mistake of the test."""
    for old, new in replacements.items():
        assert old in text, f"{old} is not in the example"
        text = text.replace(old, str(new))
    return text


class ServiceProvider:
    """A service in front of an application that only the team `payments` may use. What each kind says of itself:

    `folder`: its example, and its guide's name. `page`: what of the application is opened. `metadata_path`: where it says
    who it is. `closed`: what it answers to who has no session. `packages`: files that show that a package is installed.
    `verifies`: the signature algorithms that it knows. `encryption`: whether RSA-OAEP with SHA-256 is `read` or `refused`;
    `None` when its guide gives it no key. `takes_old_messages`: whether a response may be as old as its assertion is
    valid. `reasons`: what its log says to each kind of refusal.
    """

    folder, page, metadata_path, closed, packages = None, "/", None, 401, {}
    verifies, encryption, takes_old_messages, reasons = set(), None, True, {}

    def __init__(self):
        # Kept bound: nobody's outgoing connection gets the port before Apache listens there.
        self.reservation = socket.socket()
        self.reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reservation.bind(("127.0.0.1", 0))
        self.port = self.reservation.getsockname()[1]
        # Not `localhost`: a cookie for a name without a dot is one that many clients refuse.
        self.base = f"https://127.0.0.1:{self.port}"

    @classmethod
    def missing(cls):
        """What is not installed, in words; `None` when all is there."""
        absent = [package for package, pattern in cls.packages.items() if not glob.glob(pattern)]
        return f"not installed: {', '.join(absent)}" if absent else None

    def document(self):
        """The guide's federation config, for this run's addresses."""
        text = adapted((EXAMPLES / self.folder / "my-federation.json").read_text(), {APPLICATION: self.base})
        return json.loads(text)["OutboundFederationConfig"]

    def example(self, name, replacements):
        """Puts a file of the example into the folder of this run; its new path."""
        path = self.work / name
        path.write_text(adapted((EXAMPLES / self.folder / name).read_text(), replacements))
        return path

    def close(self):
        self.reservation.close()

    @contextlib.contextmanager
    def run(self, issuer):
        """Runs it, with the issuer's metadata as they are now."""
        with apache.folder() as self.work, apache.Application() as self.application:
            self.issuer = issuer
            self.ca, _ = receivers.certificate(self.work, "app.example.com")
            self.prepare()
            with self.serve():
                yield self

    def site(self, **replacements):
        """The example's virtual host with this run's addresses."""
        return self.example("apache.conf", {
            "*:443": f"127.0.0.1:{self.port}", APPLICATION: self.base,
            "/etc/ssl/certs/app.example.com.pem": self.ca,
            "/etc/ssl/private/app.example.com.key": self.work / "app.example.com.key", **replacements})

    # MARK: as a workload

    def post(self, response):
        """Brings a response, as text in base64, to the service; a session of cookies that may be worth something."""
        visitor = requests.Session()
        visitor.trust_env, visitor.verify = False, str(self.ca)
        form = {"SAMLResponse": response, "RelayState": f"{self.base}{self.page}"}
        visitor.posted = visitor.post(self.acs, data=form, allow_redirects=False, timeout=180)
        return visitor

    def open(self, visitor, **headers):
        """The page of the application."""
        return visitor.get(f"{self.base}{self.page}", headers=headers, allow_redirects=False, timeout=180)

    @property
    def acs(self):
        return self.document()["TargetService"]

    def metadata(self):
        """What it says of itself, as text."""
        answer = requests.get(f"{self.base}{self.metadata_path}", verify=str(self.ca), timeout=180)
        assert answer.status_code == 200, answer.text
        return answer.text

    def said(self):
        """Everything that the service wrote into its logs so far."""
        return "".join(self.logs().values())

    def logs(self):
        """The same by file."""
        return apache.texts([*sorted(self.work.glob("*.out")), self.work / "apache.log"])


class Shibboleth(ServiceProvider):
    folder = "shibboleth-sp"
    metadata_path = "/Shibboleth.sso/Metadata"
    verifies, encryption = {"RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"}, "read"
    takes_old_messages = False
    reasons = {
        "changed": "Message was signed, but signature could not be verified",
        "unsigned": "Unable to establish security of incoming assertion",
        "foreign": "Message was signed, but signature could not be verified",
        # It counts a message's age before it looks into the assertion.
        "expired": "Message expired, was issued too long ago",
        "audience": "Assertion contains an unacceptable AudienceRestriction",
        "destination": "SAML message delivered with POST to incorrect server URL",
        "recipient": "Unable to locate satisfiable bearer SubjectConfirmation",
        "replayed": "Rejecting replayed message ID",
    }
    packages = {
        "apache2-bin": "/usr/sbin/apache2", "libapache2-mod-shib": f"{apache.MODULES}/mod_shib.so",
        "shibboleth-sp-utils": "/usr/sbin/shibd",
    }

    def prepare(self):
        """Keys as the guide makes them, and both configurations."""
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        subprocess.run(
            [apache.program("shib-keygen"), "-o", self.work, "-n", "sp-encrypt", "-u", user, "-g", group,
             "-h", "app.example.com", "-e", f"{self.base}/shibboleth"], check=True, capture_output=True)
        (self.work / "exeat-signing.pem").write_text(self.issuer.certificate())
        (self.work / "shibd.logger").write_text(
            "log4j.rootCategory=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
            "log4j.appender.out.layout.ConversionPattern=%p %c: %m%n\n")
        self.example("attribute-map.xml", {})
        self.configuration = self.example("shibboleth2.xml", {
            APPLICATION: self.base, ISSUER: self.issuer.url, "/run/shibboleth/": f"{self.work}/",
            "/var/cache/shibboleth/": f"{self.work}/", "/etc/shibboleth/exeat-signing.pem": self.work / "exeat-signing.pem",
            "/etc/shibboleth/attribute-map.xml": self.work / "attribute-map.xml",
            "/etc/shibboleth/sp-encrypt-": self.work / "sp-encrypt-"})

    @contextlib.contextmanager
    def serve(self):
        modules = {"mpm_event_module": "mod_mpm_event", **COMMON_MODULES, "mod_shib": "mod_shib"}
        site = self.site(**{"http://127.0.0.1:3000/": f"http://127.0.0.1:{self.application.port}/"})
        with apache.shibd(self.work, self.configuration), apache.apache(
                self.work, self.port, modules, site, SHIBSP_CONFIG=str(self.configuration),
                SHIBSP_LOGGING=str(self.work / "shibd.logger")):
            yield

    def knows_the_issuer(self):
        """Whether it finds the issuer's entry in metadata that it loads afresh."""
        for kept in self.work.glob("exeat-metadata.xml*"):
            kept.unlink()
        apache.hand_over(self.work)
        done = subprocess.run(
            [apache.program("mdquery"), "-e", self.issuer.entity_id], capture_output=True, text=True, timeout=180,
            env={"PATH": apache.SYSTEM_PATH, "SHIBSP_CONFIG": str(self.configuration)}, **apache.unprivileged())
        return done.returncode == 0 and "IDPSSODescriptor" in done.stdout


class Mellon(ServiceProvider):
    folder, page, metadata_path = "mod-auth-mellon", "/app", "/mellon/metadata"
    # It sends whoever has no session to sign in; the issuer says there that it starts sign-in itself.
    closed = 303
    verifies, encryption = {"RSA-SHA256", "RSA-SHA384"}, "refused"
    reasons = {
        "algorithm": "Failed to verify signature",
        "encrypted": "Could not decrypt an assertion",
        "changed": "Failed to verify signature",
        "unsigned": "Signature element not found",
        "foreign": "Failed to verify signature",
        "expired": "NotOnOrAfter in SubjectConfirmationData was in the past",
        "audience": "Invalid Audience in Conditions",
        "destination": "Invalid Destination on Response",
        "recipient": "Wrong Recipient in SubjectConfirmationData",
        "replayed": "has already been used",
    }
    packages = {
        "apache2-bin": "/usr/sbin/apache2", "libapache2-mod-auth-mellon": f"{apache.MODULES}/mod_auth_mellon.so",
    }

    def prepare(self):
        """Key and metadata by the command of the guide."""
        subprocess.run(
            [apache.program("mellon_create_metadata"), f"{self.base}/mellon/metadata", f"{self.base}/mellon"],
            cwd=self.work, check=True, capture_output=True)
        (self.work / "exeat-metadata.xml").write_bytes(self.issuer.metadata())
        self.files = self.work / re.sub(r"[^0-9A-Za-z.]+", "_", f"{self.base}/mellon/metadata")

    def serve(self):
        modules = {"mpm_event_module": "mod_mpm_event", **COMMON_MODULES, "auth_mellon_module": "mod_auth_mellon"}
        site = self.site(**{
            "/etc/apache2/mellon/https_app.example.com_mellon_metadata": self.files,
            "/etc/apache2/mellon/exeat-metadata.xml": self.work / "exeat-metadata.xml",
            "http://127.0.0.1:3000/": f"http://127.0.0.1:{self.application.port}/"})
        return apache.apache(self.work, self.port, modules, site, f"MellonLockFile {self.work}/mellon.lock")


class SimpleSAMLphp(ServiceProvider):
    folder = "simplesamlphp"
    metadata_path = "/simplesamlphp/module.php/saml/sp/metadata.php/default-sp"
    verifies = {"RSA-SHA256", "RSA-SHA384"}
    reasons = {
        "algorithm": "Unsupported signing algorithm",
        "changed": "Reference validation failed",
        "unsigned": "Neither the assertion nor the response was signed",
        "foreign": "Unable to validate Signature",
        "expired": "Received an assertion that has expired",
        "audience": "is not a valid audience for the assertion",
        "destination": "Destination in response doesn't match the current URL",
        "recipient": "Recipient in SubjectConfirmationData does not match",
        "replayed": "Received duplicate assertion",
    }
    packages = {
        "apache2-bin": "/usr/sbin/apache2", "libapache2-mod-php": f"{apache.MODULES}/libphp*.so",
        "simplesamlphp": "/usr/share/simplesamlphp/lib/_autoload.php", "php-xml": "/etc/php/*/apache2/conf.d/*-xmlreader.ini",
        "php-mbstring": "/etc/php/*/apache2/conf.d/*-mbstring.ini", "php-sqlite3": "/etc/php/*/apache2/conf.d/*-sqlite3.ini",
    }

    def prepare(self):
        """The package's configuration, changed as the guide says; logs and sessions stay in the folder of this run."""
        configuration, page = self.work / "config", self.work / "app"
        configuration.mkdir()
        page.mkdir()
        (self.work / "exeat-metadata.xml").write_bytes(self.issuer.metadata())
        self.example("index.php", {}).rename(page / "index.php")
        self.example("authsources.php", {APPLICATION: self.base, ISSUER: self.issuer.url}).rename(
            configuration / "authsources.php")
        changes = self.example("config-changes.php", {
            APPLICATION: self.base, "'app.example.com'": f"'127.0.0.1:{self.port}'",
            "/etc/simplesamlphp/metadata/exeat-metadata.xml": self.work / "exeat-metadata.xml",
            "/var/lib/simplesamlphp/data/": f"{self.work}/"})
        # The package's secret is for root and the web server only; a run as anybody has one of its own.
        package = pathlib.Path("/etc/simplesamlphp/config.php").read_text().replace(
            "require_once('/var/lib/simplesamlphp/secrets.inc.php');", "$config['secretsalt'] = 'of these tests';")
        (configuration / "config.php").write_text(
            package + changes.read_text() + "\n$config['logging.handler'] = 'errorlog';\n")

    def serve(self):
        modules = {
            "mpm_prefork_module": "mod_mpm_prefork", "alias_module": "mod_alias", "dir_module": "mod_dir",
            "env_module": "mod_env", "php_module": next(apache.MODULES.glob("libphp*.so")).stem, **COMMON_MODULES}
        site = self.site(**{"/var/www/app": self.work / "app"})
        more = (f"SetEnv SIMPLESAMLPHP_CONFIG_DIR {self.work}/config\nphp_admin_value session.save_path {self.work}\n"
                "php_admin_value error_log NULL\n")
        return apache.apache(self.work, self.port, modules, site, more)
