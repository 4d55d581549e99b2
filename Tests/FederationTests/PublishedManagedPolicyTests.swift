// SPDX-License-Identifier: Apache-2.0
//
// Policies that AWS and others published, as an account's own: what fits IAM's limits is taken and comes back byte for
// byte, and what is no managed policy is refused.

import Federation
import Foundation
import IdentityModel
import StrictJSON
import Testing

@Suite struct PublishedManagedPolicyTests {
  @Test(
    .enabled(if: sharedVectors("iam-policies-aws-managed") != nil, "the corpora are not beside the checkout")
  )
  func `the documents that AWS manages come back byte for byte`() async throws {
    let file = try #require(sharedVectors("iam-policies-aws-managed")).appending(
      path: "managed-policies.jsonl"
    )
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 707)
    try await TestServer.run { server in
      var kept = 0
      for (number, line) in lines.enumerated() {
        let entry = try #require(try JSONReader.read(line.utf8).object)
        var writer = JSONWriter()
        writer.value(try #require(entry["document"]))
        let text = String(decoding: writer.bytes, as: UTF8.self)
        let answer = await server.call("CreatePolicy", ["PolicyName": "p\(number)", "PolicyDocument": text])
        // Written by AWS without IAM's limit for customers: compact text, so its length is what counts.
        guard text.utf8.count <= 6144 else {
          #expect(answer.code == "LimitExceeded", "\(entry["name"]?.string ?? "?")")
          continue
        }
        #expect(answer.status == 200, "\(entry["name"]?.string ?? "?") \(answer.text)")
        kept += 1
        let arn = try #require(answer["Arn"])
        let version = await server.call("GetPolicyVersion", ["PolicyArn": arn, "VersionId": "v1"])
        #expect(version["Document"]?.removingPercentEncoding?.utf8.elementsEqual(text.utf8) == true)
      }
      #expect(kept > 600, "\(kept)")
    }
  }

  @Test(
    .enabled(
      if: sharedVectors("iam-policies-cloudsplaining") != nil,
      "the corpora are not beside the checkout"
    )
  )
  func `an account's own policies are taken, trust policies are not`() async throws {
    let file = try #require(sharedVectors("iam-policies-cloudsplaining")).appending(
      path: "test/files/example-authz-details.json"
    )
    let details = try JSONReader.read(try Data(contentsOf: file))
    var documents: [String] = []
    var trusts: [String] = []
    collect("Document", in: details, &documents)
    collect("PolicyDocument", in: details, &documents)
    collect("AssumeRolePolicyDocument", in: details, &trusts)
    #expect(documents.count == 39 && trusts.count == 4)
    try await TestServer.run { server in
      for (number, text) in (documents + trusts).enumerated() {
        let answer = await server.call("CreatePolicy", ["PolicyName": "p\(number)", "PolicyDocument": text])
        if number >= documents.count {
          #expect(answer.code == "MalformedPolicyDocument")
        } else if text.utf8.count > 6144 {
          #expect(answer.code == "LimitExceeded")
        } else {
          #expect(answer.status == 200, "\(text) \(answer.text)")
        }
      }
    }
  }

  @Test(
    .enabled(
      if: sharedVectors("iam-policies-aws-rcp") != nil && sharedVectors("iam-policies-flosell") != nil,
      "the corpora are not beside the checkout"
    ),
    arguments: ["iam-policies-aws-rcp", "iam-policies-flosell"]
  )
  func `resource control policies and broken documents are no managed policies`(_ set: String) async throws {
    let files = try sharedJSONFiles(set)
    #expect(!files.isEmpty)
    try await TestServer.run { server in
      for (path, text) in files {
        let answer = await server.call("CreatePolicy", ["PolicyName": "p", "PolicyDocument": text])
        #expect(answer.code == "MalformedPolicyDocument", "\(path)")
      }
    }
  }

  @Test(
    .enabled(
      if: sharedVectors("iam-policies-aws-perimeter") != nil,
      "the corpora are not beside the checkout"
    )
  )
  func `service control policies have the grammar of a managed policy, endpoint policies have not`()
    async throws
  {
    try await TestServer.run { server in
      for (number, file) in try sharedJSONFiles("iam-policies-aws-perimeter").enumerated() {
        let text = file.text.replacing("<my-corporate-cidr>", with: "203.0.113.0/24")
          .replacing("<third-party-resource-arn>", with: "arn:aws:s3:::third-party/*")
          .replacing("<third-party-resource>", with: "arn:aws:s3:::third-party/*")
          .replacing("\"<action>\"", with: "\"s3:GetObject\"")
          .replacing("[MAX_SIGNATURE_AGE_IN_MILLISECONDS]", with: "600000")
        let answer = await server.call("CreatePolicy", ["PolicyName": "p\(number)", "PolicyDocument": text])
        let isServiceControl =
          file.path.hasPrefix("service_control_policies") && !file.path.hasSuffix("api_gateway_policy.json")
        if !isServiceControl {
          #expect(answer.code == "MalformedPolicyDocument", "\(file.path)")
        } else {
          #expect(answer.status == 200 || answer.code == "LimitExceeded", "\(file.path) \(answer.text)")
        }
      }
    }
  }
}

private func collect(_ name: String, in value: JSONValue, _ found: inout [String]) {
  for element in value.array ?? [] { collect(name, in: element, &found) }
  for member in value.object?.members ?? [] {
    if member.name == name {
      var writer = JSONWriter()
      writer.value(member.value)
      found.append(String(decoding: writer.bytes, as: UTF8.self))
    }
    collect(name, in: member.value, &found)
  }
}
