// SPDX-License-Identifier: Apache-2.0
//
// The policies of an organization and what they are attached to: what is made, kept, given back and refused.

import Federation
import IdentityModel
import StrictJSON
import Testing

private let deny = TestOrganization.policy("Deny", #""iam:*""#)
private let root = TestOrganization.root

/// A policy with a condition under `conditionOperator`.
private func deniesWhere(_ conditionOperator: String) -> String {
  TestOrganization.policy("Deny", #""sts:*""#, #","Condition":{"\#(conditionOperator)":{"aws:a":"b"}}"#)
}

@Suite struct OrganizationPolicyTests {
  @Test func `a policy is given back as it was put, until it is deleted`() async throws {
    try await TestServer.runOrganization { server in
      let content = """
        { "Version": "2012-10-17",
        "Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}
        """
      let id = try await server.organizationPolicy("one", content)
      let arn = "arn:aws:organizations::123456789012:policy/o-exampleorg/service_control_policy/\(id)"
      func expectPolicy(_ name: String, _ description: String, _ content: String) async throws {
        let answer = await server.organized("DescribePolicy", #"{"PolicyId":"\#(id)"}"#)
        let policy = try JSONReader.read(Array(answer.text.utf8)).object?["Policy"]?.object
        #expect(policy?["Content"]?.string == content)
        #expect(
          policy?["PolicySummary"]
            == .object(
              JSONObject([
                .init("Id", .string(id)), .init("Arn", .string(arn)), .init("Name", .string(name)),
                .init("Description", .string(description)), .init("Type", .string("SERVICE_CONTROL_POLICY")),
                .init("AwsManaged", .bool(false)),
              ])
            )
        )
      }
      let named = #"{"PolicyId":"\#(id)"}"#
      try await expectPolicy("one", "d", content)
      // What is left out stays.
      await server.organized("UpdatePolicy", #"{"PolicyId":"\#(id)","Name":"two"}"#)
      await server.organized("UpdatePolicy", #"{"PolicyId":"\#(id)","Description":""}"#)
      await server.organized("UpdatePolicy", #"{"PolicyId":"\#(id)","Content":\#(quoted(deny))}"#)
      try await expectPolicy("two", "", deny)
      // The former name is free, and the present one is taken.
      _ = try await server.organizationPolicy("one", deny)
      await server.refusedByOrganizations(
        "CreatePolicy",
        createPolicyBody("two", deny),
        "DuplicatePolicyException"
      )
      await server.refusedByOrganizations(
        "UpdatePolicy",
        #"{"PolicyId":"\#(id)","Name":"one"}"#,
        "DuplicatePolicyException"
      )
      // A name belongs to a type.
      _ = try await server.organizationPolicy(
        "two",
        TestOrganization.rcp(#""sts:*""#),
        "RESOURCE_CONTROL_POLICY"
      )
      await server.organized("DeletePolicy", named)
      await server.refusedByOrganizations("DescribePolicy", named, "PolicyNotFoundException")
      await server.refusedByOrganizations("DeletePolicy", named, "PolicyNotFoundException")
      _ = try await server.organizationPolicy("two", deny)
    }
  }

  @Test func `every target has AWS's own policy from the moment its type is enabled`() async throws {
    try await TestServer.runOrganization(enabling: []) { server in
      let full = #"{"PolicyId":"p-FullAWSAccess"}"#
      #expect(await server.organized("ListTargetsForPolicy", full).text == #"{"Targets":[]}"#)
      let enable = #"{"RootId":"r-ab12","PolicyType":"SERVICE_CONTROL_POLICY"}"#
      await server.refusedByOrganizations("DisablePolicyType", enable, "PolicyTypeNotEnabledException")
      let answer = await server.organized("EnablePolicyType", enable)
      #expect(answer.text.contains(#""PolicyTypes":[{"Type":"SERVICE_CONTROL_POLICY","Status":"ENABLED"}]"#))
      await server.refusedByOrganizations("EnablePolicyType", enable, "PolicyTypeAlreadyEnabledException")
      let targets = await server.organized("ListTargetsForPolicy", full).text
      let ids = targets.matches(of: /"TargetId":"([^"]+)"/).map { String($0.output.1) }
      #expect(
        ids == [
          "123456789012", TestOrganization.member, TestOrganization.innerUnit, TestOrganization.unit, root,
        ]
      )
      // One at a time, page by page.
      var paged: [String] = []
      var token: String? = ""
      while let next = token, paged.count < 10 {
        let more = next.isEmpty ? "" : #","NextToken":"\#(next)""#
        let page = await server.organized(
          "ListTargetsForPolicy",
          #"{"PolicyId":"p-FullAWSAccess","MaxResults":1\#(more)}"#
        )
        paged += page.text.matches(of: /"TargetId":"([^"]+)"/).map { String($0.output.1) }
        token = page.member("NextToken")
      }
      #expect(paged == ids)
      #expect(
        await server.organized("DescribePolicy", full).text.contains(
          #""Name":"FullAWSAccess","Description":"Allows access to every operation","Type":"SERVICE_CONTROL_POLICY","AwsManaged":true"#
        )
      )
    }
  }

  @Test func `policies are attached, listed from both sides, and detached`() async throws {
    try await TestServer.runOrganization { server in
      let id = try await server.bind(TestOrganization.unit, deny)
      let mine = attachment(id, TestOrganization.unit)
      await server.refusedByOrganizations("AttachPolicy", mine, "DuplicatePolicyAttachmentException")
      func policies(of target: String, _ type: String = "SERVICE_CONTROL_POLICY") async -> [String] {
        let body = #"{"TargetId":"\#(target)","Filter":"\#(type)"}"#
        let answer = await server.organized("ListPoliciesForTarget", body)
        return answer.text.matches(of: /"Id":"([^"]+)"/).map { String($0.output.1) }
      }
      #expect(await policies(of: TestOrganization.unit) == ["p-FullAWSAccess", id])
      #expect(await policies(of: root) == ["p-FullAWSAccess"])
      #expect(await policies(of: root, "RESOURCE_CONTROL_POLICY") == ["p-RCPFullAWSAccess"])
      #expect(await policies(of: root, "TAG_POLICY") == [])
      let all = await server.organized("ListPolicies", #"{"Filter":"SERVICE_CONTROL_POLICY"}"#)
      #expect(
        all.text.matches(of: /"Id":"([^"]+)"/).map { String($0.output.1) } == ["p-FullAWSAccess", id]
      )
      let targets = await server.organized("ListTargetsForPolicy", #"{"PolicyId":"\#(id)"}"#)
      #expect(
        targets.text.replacing(#"\/"#, with: "/") == #"{"Targets":[{"TargetId":"\#(TestOrganization.unit)","#
          + #""Arn":"arn:aws:organizations::123456789012:ou/o-exampleorg/\#(TestOrganization.unit)","#
          + #""Name":"Outer","Type":"ORGANIZATIONAL_UNIT"}]}"#
      )
      await server.refusedByOrganizations("DeletePolicy", #"{"PolicyId":"\#(id)"}"#, "PolicyInUseException")
      // AWS's own may go when another one stays, and then the other one may not.
      await server.organized("DetachPolicy", attachment("p-FullAWSAccess", TestOrganization.unit))
      await server.refusedByOrganizations(
        "DetachPolicy",
        mine,
        "ConstraintViolationException",
        reason: "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
      )
      await server.organized("AttachPolicy", attachment("p-FullAWSAccess", TestOrganization.unit))
      #expect(await policies(of: TestOrganization.unit) == [id, "p-FullAWSAccess"])
      await server.organized("DetachPolicy", mine)
      await server.refusedByOrganizations("DetachPolicy", mine, "PolicyNotAttachedException")
      #expect(await policies(of: TestOrganization.unit) == ["p-FullAWSAccess"])
      await server.organized("DeletePolicy", #"{"PolicyId":"\#(id)"}"#)
    }
  }

  @Test func `a target has five policies of a type, and AWS's own resource control policy for good`()
    async throws
  {
    try await TestServer.runOrganization { server in
      for number in 1...4 {
        let id = try await server.organizationPolicy("p\(number)", deny)
        await server.organized("AttachPolicy", attachment(id, root))
      }
      let fifth = try await server.organizationPolicy("p5", deny)
      await server.refusedByOrganizations(
        "AttachPolicy",
        attachment(fifth, root),
        "ConstraintViolationException",
        reason: "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
      )
      try await server.bind(root, TestOrganization.rcp(#""sts:*""#), "RESOURCE_CONTROL_POLICY")
      await server.refusedByOrganizations(
        "DetachPolicy",
        attachment("p-RCPFullAWSAccess", root),
        "InvalidInputException",
        reason: "NON_DETACHABLE_POLICY"
      )
    }
  }

  @Test func `to disable a type detaches everything of it`() async throws {
    try await TestServer.runOrganization { server in
      let id = try await server.bind(TestOrganization.member, TestOrganization.policy("Deny", #""sts:*""#))
      #expect(await server.token(as: TestOrganization.memberRoot).code == "AccessDenied")
      let type = #"{"RootId":"r-ab12","PolicyType":"SERVICE_CONTROL_POLICY"}"#
      await server.organized("DisablePolicyType", type)
      #expect(await server.token(as: TestOrganization.memberRoot).status == 200)
      await server.refusedByOrganizations(
        "AttachPolicy",
        attachment(id, TestOrganization.member),
        "PolicyTypeNotEnabledException"
      )
      await server.organized("EnablePolicyType", type)
      #expect(await server.token(as: TestOrganization.memberRoot).status == 200)
      await server.organized("DeletePolicy", #"{"PolicyId":"\#(id)"}"#)
    }
  }

  @Test(arguments: [
    ("SERVICE_CONTROL_POLICY", #"{"Version":"2012-10-17"}"#),
    ("SERVICE_CONTROL_POLICY", "no JSON"),
    ("SERVICE_CONTROL_POLICY", TestOrganization.policy("Deny", #""sts:*""#, #","Principal":"*""#)),
    ("RESOURCE_CONTROL_POLICY", TestOrganization.policy("Deny", #""sts:*""#)),
    ("RESOURCE_CONTROL_POLICY", TestOrganization.rcp(#""*""#)),
    ("RESOURCE_CONTROL_POLICY", TestOrganization.rcp(#""ec2:*""#)),
    ("RESOURCE_CONTROL_POLICY", TestOrganization.policy("Allow", #""*""#, #","Principal":"*""#)),
    (
      "RESOURCE_CONTROL_POLICY",
      TestOrganization.policy("Deny", #""sts:*""#, #","Principal":{"AWS":"444455556666"}"#)
    ),
  ])
  func `a document that is none of its type is refused`(type: String, content: String) async throws {
    try await TestServer.runOrganization(enabling: []) { server in
      let body = createPolicyBody("p", content, type)
      await server.refusedByOrganizations("CreatePolicy", body, "MalformedPolicyDocumentException")
    }
  }

  @Test(arguments: [
    (
      "RESOURCE_CONTROL_POLICY", TestOrganization.policy("Allow", #""sts:*""#, #","Principal":"*""#),
      "`Allow` may not stand in this statement"
    ),
    ("SERVICE_CONTROL_POLICY", deniesWhere("StringEqualz"), "`StringEqualz` is no condition operator"),
    // Nothing of it turns a line of a terminal around, and nothing makes it long.
    ("SERVICE_CONTROL_POLICY", deniesWhere("a\u{202E}b"), #"`a\\u{202e}b` is no condition operator"#),
    (
      "SERVICE_CONTROL_POLICY", deniesWhere(String(repeating: "x", count: 3000)),
      "`" + String(repeating: "x", count: 511)
    ),
  ])
  func `what is wrong with a document stands behind AWS's sentence`(
    type: String,
    content: String,
    reason: String
  ) async throws {
    try await TestServer.runOrganization(enabling: []) { server in
      let id = try await server.organizationPolicy(
        "p",
        type == "RESOURCE_CONTROL_POLICY" ? TestOrganization.rcp(#""sts:*""#) : deny,
        type
      )
      for (action, body) in [
        ("CreatePolicy", createPolicyBody("q", content, type)),
        ("UpdatePolicy", #"{"PolicyId":"\#(id)","Content":\#(quoted(content))}"#),
      ] {
        let answer = await server.organizations(action, body)
        #expect(
          answer.jsonMember("message")
            == "The provided policy document does not meet the requirements of the specified policy type. \(reason)"
        )
      }
    }
  }

  @Test func `a document of 5,120 characters is taken, and one of more is not`() async throws {
    try await TestServer.runOrganization(enabling: []) { server in
      let content = deny + String(repeating: " ", count: 5120 - deny.utf8.count)
      let id = try await server.organizationPolicy("long", content)
      await server.refusedByOrganizations(
        "CreatePolicy",
        createPolicyBody("longer", content + " "),
        "ConstraintViolationException",
        reason: "POLICY_CONTENT_LIMIT_EXCEEDED"
      )
      await server.refusedByOrganizations(
        "UpdatePolicy",
        #"{"PolicyId":"\#(id)","Content":\#(quoted(content + " "))}"#,
        "ConstraintViolationException",
        reason: "POLICY_CONTENT_LIMIT_EXCEEDED"
      )
    }
  }

  @Test(
    arguments: [
      ("DescribePolicy", #"{"PolicyId":"p-absent0000"}"#, "PolicyNotFoundException", nil),
      (
        "UpdatePolicy", #"{"PolicyId":"p-FullAWSAccess","Name":"n"}"#, "InvalidInputException",
        "IMMUTABLE_POLICY"
      ),
      ("DeletePolicy", #"{"PolicyId":"p-FullAWSAccess"}"#, "InvalidInputException", "IMMUTABLE_POLICY"),
      ("AttachPolicy", attachment("p-absent0000", "r-ab12"), "PolicyNotFoundException", nil),
      ("AttachPolicy", attachment("p-FullAWSAccess", "r-zz99"), "TargetNotFoundException", nil),
      ("AttachPolicy", attachment("p-FullAWSAccess", "ou-ab12-absent00"), "TargetNotFoundException", nil),
      ("AttachPolicy", attachment("p-FullAWSAccess", "999999999999"), "TargetNotFoundException", nil),
      ("AttachPolicy", attachment("p-FullAWSAccess", "r-ab12"), "DuplicatePolicyAttachmentException", nil),
      ("DetachPolicy", attachment("p-FullAWSAccess", "999999999999"), "TargetNotFoundException", nil),
      (
        "DetachPolicy", attachment("p-FullAWSAccess", "r-ab12"), "ConstraintViolationException",
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
      ),
      (
        "ListPoliciesForTarget", #"{"TargetId":"999999999999","Filter":"SERVICE_CONTROL_POLICY"}"#,
        "TargetNotFoundException", nil
      ),
      ("ListTargetsForPolicy", #"{"PolicyId":"p-absent0000"}"#, "PolicyNotFoundException", nil),
      (
        "ListTargetsForPolicy", #"{"PolicyId":"p-FullAWSAccess","NextToken":"!"}"#, "InvalidInputException",
        "INVALID_NEXT_TOKEN"
      ),
      (
        "EnablePolicyType", #"{"RootId":"r-ab12","PolicyType":"TAG_POLICY"}"#,
        "PolicyTypeNotAvailableForOrganizationException", nil
      ),
      (
        "EnablePolicyType", #"{"RootId":"r-zz99","PolicyType":"SERVICE_CONTROL_POLICY"}"#,
        "RootNotFoundException", nil
      ),
      (
        "CreatePolicy", createPolicyBody("p", "{}", "TAG_POLICY"),
        "PolicyTypeNotAvailableForOrganizationException", nil
      ),
      (
        "DescribeEffectivePolicy", #"{"PolicyType":"SERVICE_CONTROL_POLICY"}"#, "InvalidInputException",
        "INVALID_ENUM_POLICY_TYPE"
      ),
      (
        "DescribeEffectivePolicy", #"{"PolicyType":"RESOURCE_CONTROL_POLICY","TargetId":"444455556666"}"#,
        "InvalidInputException", "INVALID_ENUM_POLICY_TYPE"
      ),
      ("DescribeEffectivePolicy", #"{"PolicyType":"TAG_POLICY"}"#, "EffectivePolicyNotFoundException", nil),
      (
        "DescribeEffectivePolicy", #"{"PolicyType":"TAG_POLICY","TargetId":"999999999999"}"#,
        "TargetNotFoundException", nil
      ),
    ] as [(String, String, String, String?)]
  )
  func `what cannot be done is refused by AWS's name for it`(
    action: String,
    body: String,
    code: String,
    reason: String?
  ) async throws {
    try await TestServer.runOrganization { server in
      await server.refusedByOrganizations(action, body, code, reason: reason)
    }
  }

  @Test func `only the management account sees and changes policies`() async throws {
    try await TestServer.run { server in
      let list = #"{"Filter":"SERVICE_CONTROL_POLICY"}"#
      await server.refusedByOrganizations("ListPolicies", list, "AWSOrganizationsNotInUseException")
      try await server.organize()
      await server.organized("ListPolicies", list)
      await server.refusedByOrganizations(
        "ListPolicies",
        list,
        as: TestOrganization.memberRoot,
        "AccessDeniedException"
      )
      await server.refusedByOrganizations(
        "AttachPolicy",
        attachment("p-FullAWSAccess", TestOrganization.member),
        as: TestOrganization.memberRoot,
        "AccessDeniedException"
      )
      let user = try await server.user("auditor", policy: allows("organizations:List*"))
      await server.organized("ListPolicies", list, as: user)
      await server.refusedByOrganizations(
        "CreatePolicy",
        createPolicyBody("p", deny),
        as: user,
        "AccessDeniedException"
      )
      // On the policy and on the target, both.
      let id = try await server.organizationPolicy("p", deny)
      let half = try await server.user(
        "half",
        policy: #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"organizations:*","#
          + #""Resource":"arn:aws:organizations::123456789012:policy/*"}}"#
      )
      await server.organized("DescribePolicy", #"{"PolicyId":"\#(id)"}"#, as: half)
      await server.refusedByOrganizations(
        "AttachPolicy",
        attachment(id, root),
        as: half,
        "AccessDeniedException"
      )
    }
  }
}
