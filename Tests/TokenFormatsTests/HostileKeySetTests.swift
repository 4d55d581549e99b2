// SPDX-License-Identifier: Apache-2.0
//
// The hostile key sets of the project's own corpus (jwt-attacks/cases.json, CC0, labels checked with an independent
// verifier) as sets of our own kinds of key. The reasons are ours: the check that must catch it. The hostile tokens go
// through the one verifier, in RelyingPartyTests.

import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct HostileKeySetTests {
  @Test(arguments: [
    ("private-d", "privateMember d"), ("oct", "privateMember k"), ("rsa-e1", "malformedKey n, e"),
    ("rsa-e-even", "malformedKey n, e"), ("rsa-n-32k", "ignored keySize(32768)"),
    ("rsa-e-huge", "malformedKey n, e"), ("n-padded", "malformedKey n"), ("n-hex", "malformedKey n"),
    ("ec-infinity", "malformedKey x, y"), ("ec-short-x", "malformedKey x, y"),
    ("ec-crv-mismatch", "ignored curve(\"P-256\")"), ("ec-curve-unknown", "ignored curve(\"secp256k1\")"),
    ("dup-kid", "2 keys, 0 to be chosen"), ("no-kid", "1 keys, 0 to be chosen"),
    ("keys-missing", "keysMissing"),
    ("keys-empty", "0 keys, 0 to be chosen"), ("key-ops-sign", "ignored keyOperations"),
    ("x5c-mismatch", "1 keys, 1 to be chosen"),
  ])
  func `a hostile key set gives no key that should not be there`(name: String, expected: String) throws {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let cases = try #require(corpus["jwks_cases"].array)
    #expect(cases.count == 18)
    let test = try #require(cases.first { $0["name"] == .string(name) })
    let outcome: String
    do {
      let set = try JWKSet(json: test["jwks"].bytes)
      if let ignored = set.ignored.first {
        #expect(set.keys.isEmpty)
        outcome = "ignored " + "\(ignored.reason)".replacing("TokenFormats.JWK.Unsupported.", with: "")
      } else {
        let selectable = ["rsa-1", "ec-1"].filter { set.keys(withID: $0).count == 1 }
        outcome = "\(set.keys.count) keys, \(selectable.count) to be chosen"
      }
    } catch {
      switch error {
      case .privateMember(0, let name): outcome = "privateMember \(name)"
      case .malformedKey(0, let member): outcome = "malformedKey \(member)"
      default: outcome = "\(error)"
      }
    }
    #expect(outcome == expected)
  }
}
