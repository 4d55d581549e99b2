// SPDX-License-Identifier: Apache-2.0
//
// Tags of an organization's policies and of what they are attached to, as policies ask for them: a Deny on a tag keeps
// hands off what has it, and off nothing else.

import Federation
import IdentityModel
import StoreSQLite
import Testing

private let lock = #""Tags":[{"Key":"lock","Value":"on"}]"#

extension TestServer {
  /// Somebody of the management account who may do everything with what is not locked.
  fileprivate func operatorWithoutKey() async throws -> Keys {
    try await user(
      "ops",
      policy: #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},"#
        + #"{"Effect":"Deny","Action":"organizations:*","Resource":"*","#
        + #""Condition":{"StringEquals":{"aws:ResourceTag/lock":"on"}}}]}"#
    )
  }

  fileprivate func refuses(_ action: String, _ body: String, as keys: Keys) async {
    await refusedByOrganizations(action, body, as: keys, "AccessDeniedException")
  }
}

@Suite struct OrganizationLockTests {
  @Test func `a Deny on a tag stops whoever would touch a policy that has it`() async throws {
    try await TestServer.runOrganization { server in
      let ops = try await server.operatorWithoutKey()
      let deny = TestOrganization.policy("Deny", #""sts:*""#)
      let locked = try await server.organizationPolicy("locked", deny)
      let open = try await server.organizationPolicy("open", deny)
      await server.organized("TagResource", #"{"ResourceId":"\#(locked)",\#(lock)}"#)
      for action in ["DescribePolicy", "UpdatePolicy", "DeletePolicy", "ListTargetsForPolicy"] {
        await server.refuses(action, #"{"PolicyId":"\#(locked)"}"#, as: ops)
      }
      // Neither of the two resources of a call hides the tags of the other.
      await server.refuses("AttachPolicy", attachment(locked, TestOrganization.unit), as: ops)
      await server.organized("AttachPolicy", attachment(locked, TestOrganization.unit))
      await server.refuses("DetachPolicy", attachment(locked, TestOrganization.unit), as: ops)
      await server.organized("AttachPolicy", attachment(open, TestOrganization.unit), as: ops)
      await server.organized("DetachPolicy", attachment(open, TestOrganization.unit), as: ops)
      await server.organized("UpdatePolicy", #"{"PolicyId":"\#(open)","Name":"n"}"#, as: ops)
      await server.organized("DeletePolicy", #"{"PolicyId":"\#(open)"}"#, as: ops)
    }
  }

  @Test(arguments: [TestOrganization.root, TestOrganization.unit, TestOrganization.member])
  func `a Deny on a tag keeps the policies of a target where they are`(target: String) async throws {
    try await TestServer.runOrganization { server in
      let ops = try await server.operatorWithoutKey()
      let deny = TestOrganization.policy("Deny", #""s3:*""#)
      let id = try await server.bind(target, deny)
      try await server.bind(TestOrganization.innerUnit, deny + " ")
      let other = try await server.organizationPolicy("other", deny)
      await server.organized("TagResource", #"{"ResourceId":"\#(target)",\#(lock)}"#)
      await server.refuses("DetachPolicy", attachment(id, target), as: ops)
      await server.refuses("AttachPolicy", attachment(other, target), as: ops)
      await server.refuses(
        "ListPoliciesForTarget",
        #"{"TargetId":"\#(target)","Filter":"SERVICE_CONTROL_POLICY"}"#,
        as: ops
      )
      if target == TestOrganization.root {
        let body = #"{"RootId":"\#(target)","PolicyType":"RESOURCE_CONTROL_POLICY"}"#
        await server.refuses("DisablePolicyType", body, as: ops)
        await server.organized("DisablePolicyType", body)
        await server.refuses("EnablePolicyType", body, as: ops)
      }
      await server.organized("AttachPolicy", attachment(id, TestOrganization.innerUnit), as: ops)
      await server.organized("DetachPolicy", attachment(id, TestOrganization.innerUnit), as: ops)
    }
  }
}
