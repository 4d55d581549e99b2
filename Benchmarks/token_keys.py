# SPDX-License-Identifier: Apache-2.0
"""What signing keys in a PKCS#11 token cost: tokens a second with keys in SoftHSM, which is a token in software on the same
core. A token of its own, in a folder of its own."""

import pathlib
import shutil
import subprocess
import tempfile

import bench

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "1234"


def measure(seconds):
    """The runs by algorithm."""
    offered = subprocess.run([bench.EXEAT, "serve", "--help"], capture_output=True, text=True).stdout
    if "--signing-keys" not in offered:
        raise LookupError("this build has no --signing-keys")
    if not MODULE.exists() or not shutil.which("softhsm2-util"):
        raise LookupError("SoftHSM is not installed (softhsm2)")
    with tempfile.TemporaryDirectory(prefix="bench-hsm-", dir=bench.OUT) as folder:
        work = pathlib.Path(folder)
        (work / "tokens").mkdir()
        configuration = work / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {work}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        environment = {"SOFTHSM2_CONF": str(configuration)}
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "bench", "--pin", PIN, "--so-pin", PIN], check=True,
            capture_output=True, env={**bench.ENVIRONMENT, **environment})
        (work / "pin").write_text(PIN)
        (work / "pin").chmod(0o600)
        where = f"pkcs11:token=bench?module-path={MODULE}&pin-source={work}/pin"
        options = {"flags": ("--signing-keys", where), "environment": environment}
        keys, _ = bench.set_up(work, **options)
        with bench.Server(work, "off", *options["flags"], environment=environment) as server:
            return {algorithm: bench.tokens(server, "http", keys, algorithm, seconds=seconds, connections=8)
                    for algorithm in ("ES384", "RS256")}
