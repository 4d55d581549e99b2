// SPDX-License-Identifier: Apache-2.0
//
// A secret never shows, by whatever route a program prints a value.

import IdentityModel
import Testing

struct SecretTests {
  private let plain = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

  private struct Holder {
    let name = "holder"
    let secret: Secret
    let several: [Secret]
    let perhaps: Secret?
    let named: [String: Secret]
  }

  private enum Case {
    case one(Secret)
  }

  private func dumped(_ value: Any) -> String {
    var text = ""
    dump(value, to: &text)
    return text
  }

  private func mirrored(_ value: Any, _ depth: Int = 0) -> String {
    let mirror = Mirror(reflecting: value)
    guard depth < 8 else { return "" }
    return "\(mirror)\(mirror.subjectType)"
      + mirror.children.map { "\($0.label ?? "")\($0.value)\(mirrored($0.value, depth + 1))" }.joined()
  }

  @Test func `a secret prints as redacted by every route, alone and inside other values`() {
    let secret = Secret(plain)
    let holder = Holder(secret: secret, several: [secret], perhaps: secret, named: ["k": secret])
    let values: [Any] = [
      secret, [secret], Optional(secret) as Any, (secret, 1), ["k": secret], holder, Case.one(secret),
      Result<Secret, Never>.success(secret),
    ]
    for value in values {
      var streamed = ""
      print(value, to: &streamed)
      var debugged = ""
      debugPrint(value, to: &debugged)
      let texts = [
        "\(value)", String(describing: value), String(reflecting: value), streamed, debugged, dumped(value),
        mirrored(value),
      ]
      for text in texts {
        for part in [plain, "wJal", "119, 74", "77 4a", "d0ph"] {
          #expect(!text.contains(part))
        }
      }
      for text in texts.dropLast() { #expect(text.contains("<redacted>")) }
    }
    #expect(secret.description == "<redacted>")
    #expect(secret.debugDescription == "<redacted>")
    #expect("\(secret)" == "<redacted>")
    #expect(Mirror(reflecting: secret).children.isEmpty)
  }

  @Test func `a secret cannot be encoded`() {
    #expect(!(Secret(plain) as Any is any Encodable))
    #expect(!(Secret(plain) as Any is any Decodable))
    #expect(!(Secret(plain) as Any is any LosslessStringConvertible))
  }

  @Test func `two secrets are equal when all bytes are`() {
    #expect(Secret("abc") == Secret(Array("abc".utf8)))
    #expect(Secret("abc") != Secret("abd"))
    #expect(Secret("abc") != Secret("bbc"))
    #expect(Secret("abc") != Secret("ab"))
    #expect(Secret("") == Secret([UInt8]()))
    #expect(Secret("\u{e9}") != Secret("e\u{301}"))
  }

  @Test func `the bytes are lent as they are, and what the borrower throws comes out`() {
    struct Failure: Error {}
    #expect(Secret(plain).withBytes { $0 } == Array(plain.utf8))
    #expect(Secret(plain).count == 40)
    #expect(throws: Failure.self) { try Secret(plain).withBytes { _ throws(Failure) in throw Failure() } }
  }

  @Test func `the constant-time comparison finds every single flipped bit`() {
    let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 * 37) }
    #expect(constantTimeEqual(bytes, bytes))
    for position in bytes.indices {
      for bit in 0..<8 {
        var other = bytes
        other[position] ^= 1 << bit
        #expect(!constantTimeEqual(bytes, other))
      }
    }
    #expect(!constantTimeEqual(bytes, bytes.dropLast()))
    #expect(constantTimeEqual([UInt8](), [UInt8]()))
  }
}
