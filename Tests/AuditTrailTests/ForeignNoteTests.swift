// SPDX-License-Identifier: Apache-2.0
//
// Notes that we write, read by a few lines of Python that follow the specification with another Ed25519 (pyca).

import AuditTrail
import Foundation
import Testing

private let python = Judge.python(with: "cryptography.hazmat.primitives.asymmetric.ed25519")

/// Reads a note and verifier keys; prints the names of the keys whose signatures verify.
private let script = """
  import base64, hashlib, struct, sys
  from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
  note = open(sys.argv[1], "rb").read()
  text, lines = note.rsplit(b"\\n\\n", 1)
  text += b"\\n"
  for vkey in sys.argv[2:]:
      name, key_id, encoded = vkey.split("+", 2)
      encoded = base64.b64decode(encoded, validate=True)
      assert hashlib.sha256(name.encode() + b"\\n" + encoded).digest()[:4].hex() == key_id
      for line in lines.decode().splitlines():
          dash, signer, blob = line.split(" ")
          blob = base64.b64decode(blob, validate=True)
          if dash == "\\u2014" and signer == name and blob[:4].hex() == key_id:
              message = text
              if encoded[0] == 4:
                  seconds = struct.unpack(">Q", blob[4:12])[0]
                  message = f"cosignature/v1\\ntime {seconds}\\n".encode() + text
              Ed25519PublicKey.from_public_bytes(encoded[1:]).verify(blob[-64:], message)
              print(name)
  """

struct ForeignNoteTests {
  @Test(.enabled(if: python != nil, "needs python3 with cryptography"))
  func `another implementation verifies the notes that we write`() throws {
    let log = try NoteSigner("audit.example.com/log", seed: 1)
    let witness = try NoteSigner("w.example.com/1", .cosignatureV1, seed: 2)
    let text = try Checkpoint(origin: log.key.name, size: 3, root: .leaf([])).text
    let note = try SignedNote(
      text: text,
      signatures: [log.sign(text), witness.cosign(text, seconds: 1_792_569_600)]
    )
    try Judge.withFolder { folder in
      let file = folder.appending(path: "note")
      let arguments = [file.path, log.key.text, witness.key.text]
      try Data(note.bytes).write(to: file)
      let verdict = try Judge.run(#require(python), script, arguments)
      #expect(verdict.output == "audit.example.com/log\nw.example.com/1\n")
      // The judge can say no.
      let other = try SignedNote(text: "x\n", signatures: note.signatures)
      try Data(other.bytes).write(to: file)
      #expect(try Judge.run(#require(python), script, arguments).status != 0)
    }
  }
}
