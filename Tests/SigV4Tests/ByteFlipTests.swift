// SPDX-License-Identifier: Apache-2.0
//
// Every byte of every signed request of AWS's suite, changed: what is still accepted must still mean the same. What a
// request means is written down here a second time, without the canonical form that is under test.

import Foundation
import IdentityModel
import SigV4
import Testing

@Suite(.enabled(if: Corpora.areHere, Corpora.absence))
struct ByteFlipTests {
  /// What a request means: all of it except headers that nobody signed and that no one may act on, and except the
  /// session token, which is compared apart.
  struct Meaning: Equatable {
    let method: String
    let path: [String]
    let endsWithSlash: Bool
    let parameters: [[String?]]
    let headers: [String: [String]]
    let body: [UInt8]

    init(_ request: SignableRequest, signed names: Set<String>, normalizesPath: Bool) {
      method = request.method
      let halves = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
      var path = halves[0].split(separator: "/", omittingEmptySubsequences: normalizesPath).map(String.init)
      if normalizesPath {
        path = path.reduce(into: []) { path, segment in
          switch segment {
          case ".": break
          case "..": _ = path.popLast()
          default: path.append(segment)
          }
        }
      }
      self.path = path
      endsWithSlash = !path.isEmpty && halves[0].last == "/"
      let query: Substring = halves.count > 1 ? halves[1] : ""
      let pairs: [[String?]] = query.split(separator: "&").map { pair in
        let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return [sides[0].removingPercentEncoding, sides.count > 1 ? sides[1].removingPercentEncoding : ""]
      }
      parameters = pairs.filter { $0[0] != "X-Amz-Security-Token" }
        .sorted { String(describing: $0) < String(describing: $1) }
      let matters = request.headers.filter { field in
        let name = field.name.lowercased()
        return names.contains(name) || name == "authorization" || name == "content-type"
          || (name.hasPrefix("x-amz-") && name != "x-amz-security-token")
      }
      headers = Dictionary(grouping: matters, by: { $0.name.lowercased() }).mapValues { fields in
        fields.map { $0.value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ") }
      }
      body = request.body
    }
  }

  /// Changes each byte of the signed requests by `mask`.
  ///
  /// - Returns: how many changed requests were tried, and how many were accepted and meant the same.
  func flip(_ version: String, _ form: String, mask: UInt8) throws -> (tried: Int, accepted: Int) {
    var tried = 0
    var accepted = 0
    let keyV4A = try #require(
      SigningKeyV4A(secretAccessKey: Example.secret, accessKeyID: Example.accessKeyID)
    )
    let cases = try SuiteCase.all(version).filter(\.hasExpectedValues)
    #expect(cases.count == 38)
    for test in cases {
      let raw = try test.bytes("\(form)-signed-request.txt")
      let original = try #require(RawRequest.parse(raw))
      let names = Set(try original.signedHeaders().split(separator: ";").map(String.init))
      let meaning = Meaning(original, signed: names, normalizesPath: test.normalizesPath)
      let profile = try test.profile()
      let token = test.credential.sessionToken ?? test.tokenAddedAfterSigning
      for index in raw.indices {
        var changed = raw
        changed[index] ^= mask
        tried += 1
        guard let request = RawRequest.parse(changed),
          let presented = try? PresentedSignature(request, now: test.now, profile: profile)
        else { continue }
        // An access key id that changed selects another secret: nobody's, here.
        guard presented.accessKeyID == Example.accessKeyID else { continue }
        let isAccepted =
          switch presented.algorithm {
          case .hmacSHA256: (try? presented.verify(secretAccessKey: Example.secret)) != nil
          case .ecdsaP256SHA256: (try? presented.verify(using: keyV4A)) != nil
          }
        guard isAccepted else { continue }
        guard presented.sessionToken == token else {
          // Only where the token was added after signing does the signature not cover it.
          #expect(test.tokenAddedAfterSigning != nil, "\(test), byte \(index)")
          continue
        }
        accepted += 1
        #expect(
          Meaning(request, signed: names, normalizesPath: test.normalizesPath) == meaning,
          "\(test), byte \(index)"
        )
      }
    }
    return (tried, accepted)
  }

  @Test(arguments: ["header", "query"], [0x01, 0x20, 0x80] as [UInt8])
  func `no SigV4 request with one byte changed is accepted with another meaning`(
    form: String,
    mask: UInt8
  ) throws {
    let (tried, accepted) = try flip("v4", form, mask: mask)
    #expect(tried > 10_000)
    // 0x20 folds the case of header names and of hexadecimal digits in escapes. Apart from that, what passes is a
    // path that normalises to the same path: the 23 bytes of segments that `..` takes away, and dots as slashes.
    #expect(accepted < (mask == 0x20 ? tried / 5 : 30), "\(accepted) of \(tried)")
  }

  @Test(arguments: ["header", "query"])
  func `no SigV4A request with one byte changed is accepted with another meaning`(form: String) throws {
    let (tried, accepted) = try flip("v4a", form, mask: 0x01)
    #expect(tried > 10_000)
    #expect(accepted < 30, "\(accepted) of \(tried)")
  }
}
