# SPDX-License-Identifier: Apache-2.0
"""Scripts/check-walls.py refuses what it should: each breach is planted in a small package of its own."""

import json
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "Scripts" / "check-walls.py"
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
TARGETS = [
    {"name": "IdentityModel", "type": "regular", "dependencies": []},
    {"name": "SigV4", "type": "regular", "dependencies": [
        {"byName": ["IdentityModel", None]}, {"product": ["Crypto", "swift-crypto", None, None]}]},
    {"name": "StoreSQLite", "type": "regular", "dependencies": [
        {"byName": ["IdentityModel", None]}, {"product": ["GRDB", "GRDB.swift", None, None]}]},
    {"name": "RelyingParty", "type": "regular", "dependencies": [{"byName": ["SigV4", None]}]},
    {"name": "exeat", "type": "executable", "dependencies": [{"byName": ["StoreSQLite", None]}]},
    {"name": "SigV4Tests", "type": "test", "dependencies": [{"byName": ["SigV4", None]}]},
]
GOOD = {
    "Sources/IdentityModel/A.swift": "package struct A {}\n",
    "Sources/SigV4/B.swift": "import Crypto\npackage import IdentityModel\n// Task { } in a comment, \"try!\" in a string\n"
                             "let s = \"fatalError( \\\" @unchecked Sendable\"\nlet t = \"\"\"\n  try! await\n  \"\"\"\n",
    "Sources/StoreSQLite/C.swift": "import Foundation\nimport GRDB\nfunc f() async {}\n",
    "Sources/RelyingParty/L.swift": "import SigV4\nfunc f() async {}\n",
    "Sources/exeat/D.swift": "import StoreSQLite\nimport struct Foundation.URL\n",
    "Tests/SigV4Tests/E.swift": "import Testing\nimport SigV4\nimport Foundation\n",
}


def check(tmp_path, files, targets=TARGETS, allowed=""):
    for name, text in {**GOOD, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith("//!") else SPDX + text)
    (tmp_path / "Scripts").mkdir(exist_ok=True)
    (tmp_path / "Scripts" / "walls-allowed.txt").write_text(allowed)
    (tmp_path / "dump.json").write_text(json.dumps({"targets": targets}))
    return subprocess.run([sys.executable, str(SCRIPT), "--root", str(tmp_path), "--dump", str(tmp_path / "dump.json")],
                          capture_output=True, text=True, timeout=120)


def test_a_package_without_breach_passes(tmp_path):
    done = check(tmp_path, {})
    assert (done.returncode, done.stdout) == (0, "walls: 6 files, 0 breaches\n"), done.stdout


BREACHES = {
    "Foundation in the public library": ("Sources/RelyingParty/X.swift", "import Foundation\n"),
    "an import that only a sibling declares": ("Sources/SigV4/X.swift", "import GRDB\n"),
    "an import of a sibling room": ("Sources/SigV4/X.swift", "  @preconcurrency import StoreSQLite\n"),
    "Foundation in a room": ("Sources/SigV4/X.swift", "internal import Foundation\n"),
    "one type of Foundation in a room": ("Sources/SigV4/X.swift", "import struct Foundation.Data\n"),
    "a re-export": ("Sources/exeat/X.swift", "@_exported import StoreSQLite\n"),
    "waiting in a room": ("Sources/SigV4/X.swift", "func f() async {}\n"),
    "chance in a room": ("Sources/SigV4/X.swift", "let x = Int.random(in: 0...1)\n"),
    "a clock in a room": ("Sources/SigV4/X.swift", "let c = ContinuousClock()\n"),
    "a task": ("Sources/exeat/X.swift", "func f() { Task { } }\n"),
    "a task with arguments": ("Sources/exeat/X.swift", "func f() { Task<Void, Never>(priority: .high) { } }\n"),
    "a detached task": ("Sources/exeat/X.swift", "func f() { Task.detached { } }\n"),
    "@unchecked Sendable": ("Sources/StoreSQLite/X.swift", "final class C: @unchecked Sendable {}\n"),
    "nonisolated(unsafe)": ("Sources/StoreSQLite/X.swift", "nonisolated(unsafe) var x = 1\n"),
    "try!": ("Sources/exeat/X.swift", "let x = try! f()\n"),
    "fatalError": ("Sources/exeat/X.swift", "func f() -> Never { fatalError(\"x\") }\n"),
    "code after a nested comment": ("Sources/exeat/X.swift", "/* /* */ */ let x = try! f()\n"),
    "code after a raw string": ("Sources/exeat/X.swift", "let s = #\"\"\"#; let x = try! f()\n"),
    "@testable": ("Tests/SigV4Tests/X.swift", "@testable import SigV4\n"),
    "a test's import that it did not declare": ("Tests/SigV4Tests/X.swift", "import IdentityModel\n"),
    "no licence": ("Sources/exeat/X.swift", "//! nothing\n"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_refused_and_named(tmp_path, breach):
    name, text = BREACHES[breach]
    done = check(tmp_path, {name: text})
    assert done.returncode == 1, done.stdout
    assert name in done.stdout and "1 breaches" in done.stdout, done.stdout


@pytest.mark.parametrize("name, other", [("SigV4", "StoreSQLite"), ("IdentityModel", "SigV4"), ("SigV4", "Federation"),
                                         ("RelyingParty", "StoreSQLite")])
def test_a_forbidden_arrow_is_refused(tmp_path, name, other):
    targets = [dict(target) for target in TARGETS] + [{"name": "Federation", "type": "regular", "dependencies": []}]
    for target in targets:
        if target["name"] == name:
            target["dependencies"] = [*target["dependencies"], {"byName": [other, None]}]
    done = check(tmp_path, {}, targets)
    assert done.returncode == 1 and f"`{name}` may not depend on `{other}`" in done.stdout


def test_an_exception_needs_a_reason_and_must_still_be_needed(tmp_path):
    files = {"Sources/StoreSQLite/X.swift": "final class C: @unchecked Sendable {}\n"}
    line = "Sources/StoreSQLite/X.swift | @unchecked Sendable | "
    assert check(tmp_path, files, allowed=line + "a C pointer, closed by deinit\n").returncode == 0
    assert check(tmp_path, files, allowed=line + "\n").returncode == 1
    done = check(tmp_path, {"Sources/StoreSQLite/X.swift": "\n"}, allowed=line + "a C pointer\n")
    assert done.returncode == 1 and "allows nothing" in done.stdout
