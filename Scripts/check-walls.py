#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses what SwiftPM lets through: imports that a target did not declare itself, rooms that are not pure, and
constructs that the style guide keeps to a few named files (Scripts/walls-allowed.txt).

Usage: Scripts/check-walls.py [--root DIR] [--dump FILE]   (FILE: output of `swift package dump-package`)
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

# The house plan. A target that stands in none of these lists is held to the strictest rule, a room's.
WORDS = {"IdentityModel", "StrictJSON"}
HOUSE = {"Federation"}
ADAPTERS = {"StoreSQLite", "LocalKeys", "AuditSinks", "TrailStorage", "HTTPServer", "FederationClient"}
# What drives a device for an adapter: knows words and the system, and no adapter, no room and no house.
DRIVERS = {"PKCS11"}
# What a workload runs on its own machine: adapters that stand on the client, one on the other.
CLIENTS = ["FederationClient", "Exchange", "Agent"]
# What others link. The library verifies: it waits for documents, but has no network, no Foundation and no adapter; its
# own adapters stand on it and on the client.
LIBRARY = {"RelyingParty"}
LIBRARY_ADAPTERS = {"RelyingPartyHTTP", "RelyingPartyHummingbird"}

# What a target may import without declaring it.
ANYONE = {"Swift", "Synchronization"}
OUTSIDE = ANYONE | {"Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Musl"}
TESTS = OUTSIDE | {"Testing", "FoundationXML"}

# Products whose modules are not one module of the same name.
MODULES_OF_PRODUCT = {"GRDB": {"GRDB", "GRDBSQLite"}}

# Constructs that need a line in walls-allowed.txt, in every target under Sources/.
GUARDED = {
    "Task {": re.compile(r"\bTask\s*(?:<[^>{}]*>)?\s*(?:\([^(){}]*\))?\s*\{"),
    "Task.detached": re.compile(r"\bTask\.detached\b"),
    "@unchecked Sendable": re.compile(r"@unchecked\s+Sendable\b"),
    "nonisolated(unsafe)": re.compile(r"\bnonisolated\(unsafe\)"),
    "try!": re.compile(r"\btry!"),
    "as!": re.compile(r"\bas!"),
    "fatalError(": re.compile(r"\bfatalError\s*\("),
    "preconditionFailure(": re.compile(r"\bpreconditionFailure\s*\("),
    "@_exported import": re.compile(r"@_exported\b"),
}
# A room has no clock, no chance, no waiting and no output.
IMPURE = {
    "async": re.compile(r"\basync\b"),
    "await": re.compile(r"\bawait\b"),
    "randomness": re.compile(r"\bSystemRandomNumberGenerator\b|\.random\(|\.randomElement\(|\.shuffled\("),
    "a clock": re.compile(r"\b(?:ContinuousClock|SuspendingClock)\b|\bDate\(\)|\bDate\.now\b"),
    "print": re.compile(r"(?<![\w.])(?:debugPrint|print|dump)\("),
}
IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:public|package|internal|fileprivate|private)[ \t]+)?import[ \t]+"
    r"(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)[ \t]+)?(\w+)",
    re.MULTILINE,
)
# Comments (nested ones by hand below), then string literals: raw, multi-line, plain.
TOKEN = re.compile(r'//[^\n]*|/\*|(#*)"""[\s\S]*?"""\1|(#+)"[^\n]*?"\2|"(?:\\.|[^"\\\n])*"')
LONG_FILE = 400


def code_only(text):
    """`text` with comments and string literals blanked out and every line where it was."""
    parts, at = [], 0
    while match := TOKEN.search(text, at):
        parts.append(text[at : match.start()])
        end = match.end()
        if match.group() == "/*":
            depth = 1
            while depth and (mark := re.compile(r"/\*|\*/").search(text, end)):
                depth += 1 if mark.group() == "/*" else -1
                end = mark.end()
            end = end if depth == 0 else len(text)
        parts.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
        at = end
    return "".join(parts) + text[at:]


def declared_modules(target, names):
    """Modules that `target` may import: its own direct dependencies, and for tests nothing more."""
    modules = {target["name"]}
    for dependency in target["dependencies"]:
        for kind in ("byName", "target", "product"):
            if kind in dependency:
                name = dependency[kind][0]
                local = kind != "product" and name in names
                modules |= {name} if local else MODULES_OF_PRODUCT.get(name, {name.replace("-", "_")})
    return modules


def read_allowed(path):
    """The exceptions as {(file, construct): [reason, used]}; raises ValueError on a line without a reason."""
    allowed = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 3 or not all(fields):
            raise ValueError(f"{path.name}:{number}: expected `file | construct | reason`")
        allowed[fields[0], fields[1]] = [fields[2], False]
    return allowed


class Walls:
    def __init__(self, root, package, allowed):
        self.root, self.package, self.allowed = root, package, allowed
        self.breaches, self.warnings, self.files = [], [], 0

    def breach(self, where, what):
        self.breaches.append(f"{where}: {what}")

    def is_allowed(self, file, construct):
        entry = self.allowed.get((file, construct))
        if entry:
            entry[1] = True
        return entry is not None

    def check(self):
        targets = [t for t in self.package["targets"] if t["type"] in ("regular", "executable", "test")]
        names = {t["name"] for t in self.package["targets"]}
        beyond = HOUSE | ADAPTERS | DRIVERS | set(CLIENTS) | LIBRARY | LIBRARY_ADAPTERS
        rooms = {t["name"] for t in targets if t["type"] == "regular"} - WORDS - beyond
        for target in targets:
            self.check_arrows(target, rooms)
            self.check_files(target, declared_modules(target, names), rooms)
        for (file, construct), (_, used) in self.allowed.items():
            if not used:
                self.breach("Scripts/walls-allowed.txt", f"`{file} | {construct}` allows nothing: remove the line")

    def check_arrows(self, target, rooms):
        name = target["name"]
        wants = {d[k][0] for d in target["dependencies"] for k in ("byName", "target") if k in d}
        if target["type"] != "regular":
            return
        adapters = ADAPTERS | set(CLIENTS)
        if name in WORDS:
            forbidden = rooms | HOUSE | adapters | DRIVERS | LIBRARY | LIBRARY_ADAPTERS
        elif name in DRIVERS:
            forbidden = rooms | HOUSE | adapters | LIBRARY | LIBRARY_ADAPTERS
        elif name in HOUSE:
            forbidden = adapters | DRIVERS | LIBRARY | LIBRARY_ADAPTERS
        elif name in LIBRARY:
            forbidden = HOUSE | adapters | DRIVERS | LIBRARY_ADAPTERS
        elif name in LIBRARY_ADAPTERS:
            forbidden = HOUSE | DRIVERS | (adapters - {"FederationClient"}) | (LIBRARY_ADAPTERS - {name})
        elif name in CLIENTS:
            forbidden = (adapters - set(CLIENTS[: CLIENTS.index(name)]) - {name}) | DRIVERS | LIBRARY_ADAPTERS
        elif name in ADAPTERS:
            forbidden = (adapters - {name}) | LIBRARY_ADAPTERS
        else:
            forbidden = (rooms - {name}) | HOUSE | adapters | DRIVERS | LIBRARY | LIBRARY_ADAPTERS
        for other in sorted(wants & forbidden):
            self.breach("Package.swift", f"`{name}` may not depend on `{other}`")

    def check_files(self, target, declared, rooms):
        name, kind = target["name"], target["type"]
        folder = self.root / (target.get("path") or f"{'Tests' if kind == 'test' else 'Sources'}/{name}")
        pure = kind == "regular" and name not in ADAPTERS | DRIVERS | set(CLIENTS) | LIBRARY_ADAPTERS
        system = TESTS if kind == "test" else ANYONE if pure else OUTSIDE
        for path in sorted(folder.rglob("*.swift")):
            file = path.relative_to(self.root).as_posix()
            text = path.read_text(encoding="utf-8")
            code = code_only(text)
            self.files += 1
            if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
                self.breach(f"{file}:1", "the first line is not `// SPDX-License-Identifier: Apache-2.0`")
            if text.count("\n") > LONG_FILE:
                self.warnings.append(f"{file}: {text.count(chr(10))} lines; split by meaning where it helps")
            for match in IMPORT.finditer(code):
                module = match.group(1)
                if module not in declared | system and not self.is_allowed(file, f"import {module}"):
                    line = code.count("\n", 0, match.start()) + 1
                    why = "is not for pure targets" if module in OUTSIDE else f"is not declared by `{name}`"
                    self.breach(f"{file}:{line}", f"`import {module}` {why}")
            if kind == "test":
                self.refuse(file, code, {"@testable import": re.compile(r"@testable\b")}, "is not used")
                continue
            self.refuse(file, code, GUARDED, "is kept to the files in Scripts/walls-allowed.txt")
            if name in WORDS or name in rooms:
                self.refuse(file, code, IMPURE, "has no place in a pure target")

    def refuse(self, file, code, constructs, why):
        for construct, pattern in constructs.items():
            for match in pattern.finditer(code):
                if not self.is_allowed(file, construct):
                    line = code.count("\n", 0, match.start()) + 1
                    self.breach(f"{file}:{line}", f"`{construct}` {why}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    options.add_argument("--dump", type=pathlib.Path)
    options = options.parse_args()
    if options.dump:
        dump = options.dump.read_bytes()
    else:
        command = ["swift", "package", "--package-path", str(options.root), "dump-package"]
        dump = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    try:
        allowed = read_allowed(options.root / "Scripts" / "walls-allowed.txt")
    except ValueError as error:
        print(error)
        return 1
    walls = Walls(options.root, json.loads(dump), allowed)
    walls.check()
    for warning in walls.warnings:
        print(f"warning: {warning}")
    for breach in walls.breaches:
        print(breach)
    if walls.files == 0:
        print("no Swift file found")
    print(f"walls: {walls.files} files, {len(walls.breaches)} breaches")
    return 1 if walls.breaches or walls.files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
