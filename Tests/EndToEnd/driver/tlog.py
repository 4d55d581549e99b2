# SPDX-License-Identifier: Apache-2.0
"""A transparency log in Python: RFC 6962 trees, C2SP tiles, signed notes, cosignatures and proofs, written from these
texts alone. It makes logs for the tests, and judges what `exeat audit` makes. Knows nothing of Exeat."""

import base64
import hashlib
import pathlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519, COSIGNATURE = 0x01, 0x04


# MARK: RFC 6962 §2.1

def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return node_hash(tree_root(leaves[:cut]), tree_root(leaves[cut:]))


def inclusion_proof(index, leaves):
    if len(leaves) <= 1:
        return []
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    if index < cut:
        return inclusion_proof(index, leaves[:cut]) + [tree_root(leaves[cut:])]
    return inclusion_proof(index - cut, leaves[cut:]) + [tree_root(leaves[:cut])]


def root_of_proof(index, size, leaf, proof):
    """The root that an inclusion proof leads to: RFC 9162 §2.1.3.2."""
    first, last, result = index, size - 1, leaf
    for sibling in proof:
        assert last, "the proof is too long"
        if first & 1 or first == last:
            result = node_hash(sibling, result)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        first, last = first >> 1, last >> 1
    assert not last, "the proof is too short"
    return result


# MARK: C2SP signed-note, tlog-checkpoint, tlog-cosignature

class Key:
    """A key that signs notes: of a log, or of a witness."""

    def __init__(self, name, seed, kind=ED25519):
        self.name, self.kind = name, kind
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def id(self):
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def verifier(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def line(self, text, seconds=1_700_000_000):
        if self.kind == ED25519:
            signature = self.private.sign(text.encode())
        else:
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            signature = struct.pack(">Q", seconds) + self.private.sign(message)
        return f"\u2014 {self.name} {base64.b64encode(self.id + signature).decode()}\n"


def cosigned_by(note, verifier):
    """When the witness with this verifier key has signed; an exception when it has not."""
    name, key_id, encoded = verifier.split("+", 2)
    octets = base64.b64decode(encoded)
    assert octets[0] == COSIGNATURE
    text, lines = note.rsplit("\n\n", 1)
    for line in lines.splitlines():
        dash, signer, signature = line.split(" ")
        raw = base64.b64decode(signature)
        if dash == "\u2014" and signer == name and raw[:4].hex() == key_id:
            seconds = struct.unpack(">Q", raw[4:12])[0]
            message = f"cosignature/v1\ntime {seconds}\n{text}\n".encode()
            Ed25519PublicKey.from_public_bytes(octets[1:]).verify(raw[12:], message)
            return seconds
    raise InvalidSignature(f"no signature of {name}")


# MARK: C2SP tlog-tiles

def place(index, width=256):
    text = f"{index % 1000:03}"
    while index := index // 1000:
        text = f"x{index % 1000:03}/{text}"
    return text if width == 256 else f"{text}.p/{width}"


def tiles(size):
    """Every tile of a tree: level, index, width."""
    level = 0
    while (count := size >> (8 * level)) > 0:
        for index in range((count + 255) // 256):
            yield level, index, min(256, count - index * 256)
        level += 1


class Log:
    """A log that grows, and writes itself into a folder."""

    def __init__(self, name="log.example.com/audit", seed="log"):
        self.name, self.key, self.entries, self.leaves = name, Key(name, seed), [], []

    def append(self, *entries):
        for entry in entries:
            self.entries.append(entry)
            self.leaves.append(leaf_hash(entry))

    def row(self, level, size):
        """The hashes of a level of tiles."""
        row = self.leaves[:size]
        for _ in range(level):
            row = [tree_root(row[i:i + 256]) for i in range(0, len(row) - 255, 256)]
        return row

    def text(self, size=None, root=None):
        size = len(self.leaves) if size is None else size
        root = tree_root(self.leaves[:size]) if root is None else root
        return f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n"

    def checkpoint(self, size=None, witnesses=(), root=None):
        text = self.text(size, root)
        return text + "\n" + "".join(key.line(text) for key in (self.key, *witnesses))

    def write(self, folder, size=None, records=True, witnesses=()):
        """Writes checkpoint, tiles and bundles, and what is needed of a tree of `size` entries only."""
        folder, size = pathlib.Path(folder), len(self.leaves) if size is None else size
        rows = {}
        for level, index, width in tiles(size):
            row = rows.setdefault(level, self.row(level, size))
            self._put(folder / "tile" / str(level) / place(index, width), b"".join(row[index * 256:][:width]))
            if level == 0 and records:
                bundle = self.entries[index * 256:][:width]
                self._put(folder / "tile" / "entries" / place(index, width),
                          b"".join(struct.pack(">H", len(entry)) + entry for entry in bundle))
        self._put(folder / "checkpoint", self.checkpoint(size, witnesses).encode())
        return folder

    @staticmethod
    def _put(path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one step: somebody may be reading.
        new = path.with_name(path.name + ".new")
        new.write_bytes(data)
        new.rename(path)


# MARK: C2SP tlog-proof

def read_proof(data):
    """Index, audit path, checkpoint and `extra` of a proof file."""
    head, checkpoint = data.decode().split("\n\n", 1)
    lines = head.split("\n")
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1"
    extra = base64.b64decode(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
    index = int(lines.pop(0).removeprefix("index "))
    return index, [base64.b64decode(line) for line in lines], checkpoint, extra
