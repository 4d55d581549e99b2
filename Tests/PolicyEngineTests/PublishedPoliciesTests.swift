// SPDX-License-Identifier: Apache-2.0
//
// Policies that AWS and others published: all of them parse as what they are, except those listed here with the
// reason. Templates have placeholders; they are filled in as a reader would.

import Foundation
import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

struct PublishedPoliciesTests {
  @Test(.enabled(if: Corpus.has("iam-policies-aws-managed"), "the corpora are not beside the checkout"))
  func `the policies that AWS manages are identity policies and boundaries`() throws {
    let lines = try Corpus.text("iam-policies-aws-managed/managed-policies.jsonl").split(separator: "\n")
    #expect(lines.count == 707)
    for line in lines {
      let entry = try #require(try JSONReader.read(line.utf8).object)
      let json = bytes(of: try #require(entry["document"]))
      for kind in [PolicyKind.identity, .boundary] {
        #expect(throws: Never.self, "\(entry["name"]?.string ?? "?")") {
          try PolicyDocument(json: json, kind: kind)
        }
      }
      #expect(refusal(String(decoding: json, as: UTF8.self), .resource) == .missingElement("Principal"))
      let document = try PolicyDocument(json: json, kind: .identity)
      #expect(document.source == json && document.statementSpans.count == document.statements.count)
      let unknown = PolicyLint.findings(document).filter { $0.code == .unknownAction }
      #expect(unknown.isEmpty, "\(unknown)")
      let named = NamedPolicy(identifier: "p", document: document)
      let explanation = PolicyEvaluator.explain(request(), PolicySet(identity: [named]))
      #expect(explanation.matched.count + explanation.unmatched.count == document.statements.count)
    }
  }

  @Test(
    .enabled(if: Corpus.has("iam-policies-aws-rcp") && Corpus.has("iam-policies-aws-perimeter")),
    arguments: ["iam-policies-aws-rcp", "iam-policies-aws-perimeter"]
  )
  func `the samples of AWS parse as the kind that they are`(set: String) throws {
    let files = try Corpus.files(in: set)
    #expect(files.count == (set == "iam-policies-aws-rcp" ? 23 : 29))
    for file in files {
      var json = try Corpus.text("\(set)/\(file)")
      for (placeholder, value) in placeholders { json = json.replacing(placeholder, with: value) }
      let expected = misprints.first { file.hasSuffix($0.key) }?.value
      #expect(refusal(json, kind(of: file, in: set)) == expected, "\(file)")
    }
  }

  @Test(.enabled(if: Corpus.has("iam-policies-cloudsplaining"), "the corpora are not beside the checkout"))
  func `an account's own policies parse, and trust policies are not identity policies`() throws {
    let details = try Corpus.json("iam-policies-cloudsplaining/test/files/example-authz-details.json")
    var counts = (trust: 0, identity: 0)
    try visit(details) { name, value in
      switch name {
      case "AssumeRolePolicyDocument":
        counts.trust += 1
        let json = String(decoding: bytes(of: value), as: UTF8.self)
        #expect(refusal(json, .trust) == nil)
        #expect(refusal(json, .identity) != nil)
      case "PolicyDocument", "Document":
        counts.identity += 1
        #expect(refusal(String(decoding: bytes(of: value), as: UTF8.self)) == nil)
      default: break
      }
    }
    #expect(counts.trust == 4 && counts.identity == 39, "\(counts)")
  }

  @Test(
    .enabled(if: Corpus.has("iam-policies-flosell"), "the corpora are not beside the checkout"),
    arguments: [
      ("empty-policy", PolicyDocumentError.wrongType(element: "Statement")),
      ("error-broken", .json(.unexpectedEnd)),
      ("error-cloudformation-snippet", .unknownElement("PolicyName")),
      ("error-no-statements", .missingElement("Statement")),
      ("simple", .prohibitedElement("Principal")),
      ("single-statement", .conditionValue(operator: "NotIpAddress", value: "xxx.xxx.xxx.xxx/xx")),
      ("tf-interpolations", .json(.unexpectedByte(offset: 1033))),
    ] as [(String, PolicyDocumentError)]
  )
  func `odd documents are refused for what is odd`(file: String, expected: PolicyDocumentError) throws {
    #expect(refusal(try Corpus.text("iam-policies-flosell/converter/fixtures/\(file).json")) == expected)
  }

  @Test(.enabled(if: Corpus.has("iam-policies-aws-rcp"), "the corpora are not beside the checkout"))
  func `the sample for outbound federation denies what it says`() throws {
    let sample = try Corpus.text(
      "iam-policies-aws-rcp/Service-specific-controls/IAM-Restrict-outbound-federation.json"
    ).replacing("<YOUR_SIGNING_ALGORITHM>", with: "ES384")
    let full = statements(#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#)
    let set = PolicySet(
      identity: [try policy(statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#), named: "all")],
      resourceControl: [
        [
          try policy(full, .resourceControl, named: "RCPFullAWSAccess"),
          try policy(sample, .resourceControl, named: "rcp"),
        ]
      ]
    )
    func decision(_ algorithm: String, _ audiences: [String], _ seconds: String) -> Decision {
      PolicyEvaluator.decide(
        request([
          "sts:SigningAlgorithm": [algorithm], "sts:IdentityTokenAudience": audiences,
          "sts:DurationSeconds": [seconds],
        ]),
        set
      )
    }
    let one = "https://api1.example.com"
    let two = "https://api2.example.com"
    #expect(decision("ES384", [one, two], "300") == .allow(by: [reference(0, "all")]))
    #expect(decision("RS256", [one], "300") == .explicitDeny(.resourceControl, reference(0, "rcp")))
    #expect(
      decision("ES384", [one, "https://evil"], "300") == .explicitDeny(.resourceControl, reference(1, "rcp"))
    )
    #expect(decision("ES384", [one], "301") == .explicitDeny(.resourceControl, reference(2, "rcp")))
  }
}

private func request(_ context: [String: [String]]) -> PolicyRequest {
  request("sts:GetWebIdentityToken", on: "arn:aws:sts::111122223333:self", by: alice, of: nil, context)
}

private let placeholders = [
  "<my-corporate-cidr>": "203.0.113.0/24",
  "<third-party-resource-arn>": "arn:aws:s3:::third-party/*",
  "<third-party-resource>": "arn:aws:s3:::third-party/*",
  "${Account}": "111122223333",
  "\"<action>\"": "\"s3:GetObject\"",
  "[MAX_SIGNATURE_AGE_IN_MILLISECONDS]": "600000",
]

/// Samples that are no policies of their kind: AWS refuses them too, or would.
private let misprints: [String: PolicyDocumentError] = [
  // `Stringlike`: AWS answers `Invalid Condition type` to operators in another case.
  "STS-protect-IAMRA-session-tags.json": .conditionOperator("ForAnyValue:Stringlike"),
  // A key without the vendor's prefix; AWS: `Actions/Conditions must be prefaced by a vendor`.
  "Shared-Issuers.json": .conditionKey("accounts.google.com"),
]

private func kind(of file: String, in set: String) -> PolicyKind {
  if file.hasSuffix("api_gateway_policy.json") || file.hasSuffix("sns_topic_policy.json") { return .resource }
  if file.hasPrefix("service_control_policies") { return .serviceControl }
  if file.hasPrefix("vpc_endpoint_policies") { return .resource }
  return .resourceControl
}

private func visit(_ value: JSONValue, _ body: (String, JSONValue) throws -> Void) throws {
  for element in value.array ?? [] { try visit(element, body) }
  for member in value.object?.members ?? [] {
    try body(member.name, member.value)
    try visit(member.value, body)
  }
}
