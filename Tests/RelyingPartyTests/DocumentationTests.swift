// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/relying-party-library.md, compiled, and the same as it stands there; and that every failure is in
// the table there.

import Foundation
import RelyingParty
import RelyingPartyHTTP
import Testing

struct DocumentationTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../docs/relying-party-library.md").standardizedFileURL

  // The lines between `example` and `end of example` are those of the page.
  private static func use(_ text: String) async throws {
    // example
    let verifier = try TokenVerifier(
      trusting: [TrustedIssuer("https://sts.example.org/UUID", audiences: ["https://api.example.com"])],
      fetcher: try HTTPDocumentFetcher()
    )
    let token = try await verifier.verify(text)  // throws VerificationFailure, naming the check
    print(token.subject, token.aws?.account ?? "")
    // end of example
  }

  @Test func `the example of the page is the one that is compiled here, and refuses what is no token`()
    async throws
  {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let begin = try #require(lines.firstIndex { $0.hasSuffix("// example") })
    let end = try #require(lines.firstIndex { $0.hasSuffix("// end of example") })
    let example = lines[(begin + 1)..<end].map { String($0.dropFirst(4)) }.joined(separator: "\n")
    #expect(try String(contentsOf: Self.page, encoding: .utf8).contains("```swift\n\(example)\n```"))
    await #expect(throws: VerificationFailure.notCompact) { try await Self.use("") }
  }

  @Test func `the page names every check`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let failures: [VerificationFailure] = [
      .tooLong(limit: 1), .notCompact, .notBase64URL(.header), .notJSON(.header, ""), .notAnObject(.header),
      .algorithmMissing, .algorithmNotAllowed(""), .extensionNotUnderstood(""), .typeNotAllowed(nil),
      .keyIDMissing,
      .issuerNotTrusted(""), .keysUnavailable(.otherIssuer("")), .keyUnknown(""), .keyAmbiguous(""),
      .keyDoesNotFit(.rs256), .signatureInvalid, .claimMissing(""), .claimMalformed(""),
      .audienceMismatch([]),
      .expired(0), .notYetValid(0), .issuedInTheFuture(0), .lifetimeTooLong(limit: 1), .requirementNotMet(""),
      .replayed, .replayCacheFull, .revoked, .suspended, .statusUnknown(3), .statusUnavailable(""),
    ]
    for failure in failures { #expect(page.contains("`\(failure.name)`"), "\(failure.name)") }
  }
}
