// SPDX-License-Identifier: Apache-2.0
//
// The 80 hostile requests of ../shared/vectors/sigv4-hostile. Cases whose verdict belongs to another part of the house
// are listed with the reason, and what this room itself says about them is checked all the same.

import Federation
import Foundation
import IdentityModel
import SigV4
import StrictJSON
import Testing

@Suite(.enabled(if: Corpora.areHere, Corpora.absence))
struct HostileRequestTests {
  /// What the room says: accepted, refused with a wire code, or a key that nobody has.
  enum Verdict: Equatable {
    case accepts
    case refuses(String)
    case unknownKey
  }

  struct Elsewhere {
    let reason: String
    let verdict: Verdict
  }

  static let elsewhere: [String: Elsewhere] = [
    "host-twice": Elsewhere(
      reason: "the HTTP server answers 400 to two Host lines",
      verdict: .refuses("SignatureDoesNotMatch")
    ),
    "host-foreign-but-signed": Elsewhere(
      reason: "the HTTP server knows which hosts are its own",
      verdict: .accepts
    ),
    "param-duplicate-action": Elsewhere(
      reason: "the form reader refuses a duplicate parameter",
      verdict: .accepts
    ),
    "param-encoded-name": Elsewhere(reason: "the form reader decodes names", verdict: .accepts),
    "member-index-alias": Elsewhere(reason: "the form reader reads list indices", verdict: .accepts),
    "member-index-overflow": Elsewhere(reason: "the form reader reads list indices", verdict: .accepts),
    "param-bad-utf8": Elsewhere(reason: "the form reader checks UTF-8", verdict: .accepts),
    "content-type-json": Elsewhere(reason: "the form reader wants a form", verdict: .accepts),
    "path-//": Elsewhere(reason: "the router knows the paths that are served", verdict: .accepts),
    "path-/a/../": Elsewhere(reason: "the router knows the paths that are served", verdict: .accepts),
    "path-/%2e/": Elsewhere(reason: "the router knows the paths that are served", verdict: .accepts),
    "path-/?": Elsewhere(reason: "the router knows the paths that are served", verdict: .accepts),
  ]

  static func verdict(
    _ request: SignableRequest,
    changing change: (inout VerificationProfile) -> Void = { _ in }
  ) throws -> Verdict {
    let region = try Example.region()
    var profile = VerificationProfile(
      services: ["sts"],
      homeRegion: region,
      regionIsAcceptable: { $0 == region }
    )
    change(&profile)
    let now = try #require(Instant(basicFormat: "20270115T080000Z"))
    do throws(SigV4Error) {
      let presented = try PresentedSignature(request, now: now, profile: profile)
      guard presented.accessKeyID.utf8.elementsEqual(Example.accessKeyID.utf8) else {
        #expect(throws: SigV4Error.signatureDoesNotMatch) {
          try presented.verify(secretAccessKey: Example.otherSecret)
        }
        return .unknownKey
      }
      try presented.verify(secretAccessKey: Example.secret)
      return .accepts
    } catch {
      return .refuses(ServiceError(error).code)
    }
  }

  struct Case {
    let name: String
    let expect: String
    let code: String?
    let request: SignableRequest
  }

  static func cases() throws -> [Case] {
    let file = try Corpora.folder("sigv4-hostile").appending(path: "cases.json")
    let list = try #require(try JSONReader.read(Corpora.bytes(file)).object?["cases"]?.array)
    return try list.map { entry in
      let object = try #require(entry.object)
      let raw = try #require(object["request"]?.string)
      return Case(
        name: try #require(object["name"]?.string),
        expect: try #require(object["expect"]?.string),
        code: object["code"]?.string,
        request: try #require(RawRequest.parse(Array(raw.utf8)))
      )
    }
  }

  @Test func `every hostile request gets the verdict on its label`() throws {
    let cases = try HostileRequestTests.cases()
    #expect(cases.count == 80)
    var own = 0
    var others: Set<String> = []
    for test in cases {
      let verdict = try HostileRequestTests.verdict(test.request)
      if let elsewhere = HostileRequestTests.elsewhere[test.name] {
        #expect(verdict == elsewhere.verdict, "\(test.name): \(elsewhere.reason)")
        others.insert(test.name)
        continue
      }
      own += 1
      switch (test.expect, test.code) {
      case ("accept", nil): #expect(verdict == .accepts, "\(test.name)")
      case ("reject", "InvalidClientTokenId"): #expect(verdict == .unknownKey, "\(test.name)")
      case ("reject", let code?): #expect(verdict == .refuses(code), "\(test.name)")
      default: Issue.record("\(test.name): no verdict for this room, and not listed as another's")
      }
    }
    #expect(own == 68)
    #expect(others == Set(HostileRequestTests.elsewhere.keys))
  }

  @Test func `a profile may let the content type go unsigned, and nothing else`() throws {
    let accepted = try casesAccepted { $0.allowsUnsignedContentType = true }
    #expect(accepted == ["content-type-unsigned"])
  }

  @Test func `a profile may let the body go unsigned, and nothing else`() throws {
    let accepted = try casesAccepted { $0.allowsUnsignedPayload = true }
    #expect(accepted == ["unsigned-payload"])
  }

  /// The cases that are refused by default and accepted after `change`.
  private func casesAccepted(after change: (inout VerificationProfile) -> Void) throws -> [String] {
    try HostileRequestTests.cases().filter { test in
      try HostileRequestTests.verdict(test.request) != .accepts
        && HostileRequestTests.verdict(test.request, changing: change) == .accepts
    }.map(\.name)
  }
}
