# SPDX-License-Identifier: Apache-2.0
"""What is written for readers: every relative link leads to a file and a heading, and every `exeat` command that is shown has
subcommands and options that the binary knows."""

import functools
import os
import re

import pytest

from driver import clients, guides, server as servers

ROOT = guides.ROOT
TEXTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
FENCE = re.compile(r"^ *```([\w-]*).*\n((?:.*\n)*?) *```$", re.MULTILINE)
# Blocks of these kinds hold no shell commands.
OTHER_LANGUAGES = {"json", "python", "swift", "hcl", "xml", "nginx"}
EXCHANGES = {"oauth", "jwt-bearer", "saml-bearer", "entra", "google", "aws", "aws-saml", "vault"}


def named(path):
    return str(path.relative_to(ROOT))


# MARK: links


@functools.cache
def anchors(path):
    """The names of a text's headings, as GitHub makes them."""
    found, seen = set(), {}
    for heading in re.findall(r"^#+ +(.*?) *$", FENCE.sub("", path.read_text()), re.MULTILINE):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen[name] = seen.get(name, -1) + 1
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
    return found


def dead_links(path):
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", path.read_text()))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"https?:|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            yield f"{target}: no such file"
        elif anchor and anchor not in anchors(file):
            yield f"{target}: no such heading"


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_every_link_leads_somewhere(path):
    assert list(dead_links(path)) == []


def test_every_page_is_reached_from_the_readme():
    """By links, one after the other."""
    reached, next_ones = set(), [ROOT / "README.md"]
    while next_ones:
        path = next_ones.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text()):
            if not re.match(r"https?:|mailto:", target):
                file = (path.parent / target).resolve()
                if file.is_dir():
                    next_ones += [file / "README.md"] if (file / "README.md").exists() else sorted(file.glob("*.md"))
                elif file.exists():
                    next_ones.append(file)
    assert sorted(map(named, set(TEXTS) - reached)) == []


# MARK: commands


@functools.cache
def help_of(*words):
    done = servers.exeat(*words, "--help")
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


@functools.cache
def subcommands(*words):
    """The subcommands of a command, and which of them is meant without a name."""
    _, _, listed = help_of(*words).partition("SUBCOMMANDS:\n")
    found = re.findall(r"^  ([a-z][a-z0-9-]*)( \(default\))?(?: |$)", listed.split("\n\n")[0], re.MULTILINE)
    return {name for name, _ in found}, [name for name, default in found if default]


def commands(text):
    """The `exeat` commands in blocks and in prose, each as the rest of its line."""
    for language, block in FENCE.findall(text):
        if language not in OTHER_LANGUAGES:
            yield from re.findall(r"(?:^|[|;&(!=]|\bdo\b|\bthen\b)[ \t]*(?:\$ )?(?:\.build/release/)?exeat (\S[^\n]*)",
                                  re.sub(r"\\\n", " ", block), re.MULTILINE)
    prose = FENCE.sub("", text)
    yield from re.findall(r"`exeat ([^`]+)`", prose)


def wrong(command):
    """What is wrong with a command; `None` when nothing is."""
    words = re.split(r"[|;&<>)#\"]|(?: -- )", command)[0].split()
    path = []
    while True:
        names, default = subcommands(*path)
        if words and words[0] in names:
            path.append(words.pop(0))
        else:
            break
    if names and not default and words and re.fullmatch(r"[a-z][a-z-]*", words[0].strip(",.")):
        return f"no subcommand `{words[0]}` of `exeat {' '.join(path)}`"
    known = help_of(*path) + "".join(help_of(*path, name) for name in default)
    for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", " ".join(words)):
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", known):
            return f"`exeat {' '.join(path)}` has no {option}"
    targets = {"exchange": EXCHANGES, "trust": set(re.split(r"[,.\s]+", known.partition("Services: ")[2].partition("USAGE")[0]))}
    if path and path[0] in targets and words and re.fullmatch(r"[a-z-]+", words[0]) and not words[0].startswith("-"):
        if words[0] not in targets[path[0]]:
            return f"`exeat {path[0]}` knows no `{words[0]}`"
    return None


@pytest.mark.parametrize("path", [path for path in TEXTS if "exeat " in path.read_text()], ids=named)
def test_every_command_is_one_that_the_binary_knows(path):
    found = {command: wrong(command) for command in commands(path.read_text())}
    assert {command: why for command, why in found.items() if why} == {}


@pytest.mark.parametrize("command, why", [
    ("token --audience a --algorythm ES384", "has no --algorythm"), ("tokens --audience a", "no subcommand `tokens`"),
    ("keys rotated", "no subcommand `rotated`"), ("trust enrta --lint", "knows no `enrta`"),
    ("exchange azure --tenant t", "knows no `azure`"), ("agent --configuration f", "has no --configuration"),
    ("trust entra --lint | grep --colour error", None), ("agent --config f -- prog --flag", None)])
def test_a_wrong_command_is_found(command, why):
    assert (wrong(command) or "None").find(why or "None") >= 0


# MARK: the README


def test_the_readme_leads_from_nothing_to_tokens(dev, tmp_path):
    """Its commands as they stand there; where server and programs are is of this run."""
    section = (ROOT / "README.md").read_text().split("\n## Five minutes\n", 1)[1].split("\n## ", 1)[0]
    [block] = [block for _, block in FENCE.findall(section)]
    exports, rest = block.split("\n\n", 1)
    assert all(line.startswith("export ") for line in exports.splitlines())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "exeat").symlink_to(servers.binary())
    environment = clients.environment_for(dev, tmp_path) | {"PATH": f"{tmp_path}/bin:{clients.VENV}:{os.environ['PATH']}"}
    said = guides.run(f"```sh\n{rest}```\n", {}, tmp_path, environment)
    assert said.count('"WebIdentityToken"') == 1 and "my-service" in said and '"example-service"' in said, said


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
