// SPDX-License-Identifier: Apache-2.0
//
// What AWS Organizations refuses of the shape of a request, and of what is not there.

import Federation
import IdentityModel
import StoreSQLite
import Testing

@Suite struct OrganizationRefusalTests {
  private static let email = #""Email":"a@b.test""#

  @Test(arguments: [
    ("CreateOrganization", #"{"FeatureSet":"SOME"}"#, "INVALID_ENUM"),
    ("CreateAccount", #"{"Email":"a@b.test"}"#, "INPUT_REQUIRED"),
    ("CreateAccount", #"{"AccountName":"x"}"#, "INPUT_REQUIRED"),
    ("CreateAccount", #"{"AccountName":"x","Email":"a@b.c"}"#, "MIN_LENGTH_EXCEEDED"),
    ("CreateAccount", #"{"AccountName":"x","Email":"a b@c.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"a@b@c.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"@example.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"aaaaa@.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"aaaaa@test."}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"aaaaa@test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"ä@example.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{"AccountName":"x","Email":"a\u0000@example.test"}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{\#(email),"AccountName":""}"#, "MIN_LENGTH_EXCEEDED"),
    ("CreateAccount", #"{\#(email),"AccountName":"é"}"#, "INVALID_PATTERN"),
    (
      "CreateAccount", #"{\#(email),"AccountName":"\#(String(repeating: "x", count: 51))"}"#,
      "MAX_LENGTH_EXCEEDED"
    ),
    ("CreateAccount", #"{\#(email),"AccountName":"x","RoleName":"a/b"}"#, "INVALID_ROLE_NAME"),
    ("CreateAccount", #"{\#(email),"AccountName":"x","RoleName":""}"#, "MIN_LENGTH_EXCEEDED"),
    ("CreateAccount", #"{\#(email),"AccountName":"x","IamUserAccessToBilling":"MAYBE"}"#, "INVALID_ENUM"),
    ("CreateAccount", #"{\#(email),"AccountName":"x","Tags":[{"Key":"a"}]}"#, "INPUT_REQUIRED"),
    (
      "CreateAccount",
      #"{\#(email),"AccountName":"x","Tags":[{"Key":"a","Value":""},{"Key":"A","Value":""}]}"#,
      "DUPLICATE_TAG_KEY"
    ),
    (
      "CreateAccount", #"{\#(email),"AccountName":"x","Tags":[{"Key":"AWS:a","Value":""}]}"#,
      "INVALID_SYSTEM_TAGS_PARAMETER"
    ),
    (
      "CreateAccount", #"{\#(email),"AccountName":"x","Tags":[{"Key":"","Value":""}]}"#,
      "MIN_LENGTH_EXCEEDED"
    ),
    ("CreateAccount", #"{\#(email),"AccountName":"x","Tags":[{"Key":"!","Value":""}]}"#, "INVALID_PATTERN"),
    ("CreateAccount", #"{\#(email),"AccountName":"x","Tags":[{"Key":"a","Value":"!"}]}"#, "INVALID_PATTERN"),
    ("DescribeAccount", "{}", "INPUT_REQUIRED"),
    ("DescribeAccount", #"{"AccountId":"12345678901"}"#, "INVALID_PATTERN"),
    ("DescribeAccount", #"{"AccountId":"１23456789012"}"#, "INVALID_PATTERN"),
    ("DescribeAccount", #"{"AccountId":"r-abcd"}"#, "INVALID_PATTERN"),
    ("CloseAccount", #"{"AccountId":"x"}"#, "INVALID_PATTERN"),
    ("ListParents", #"{"ChildId":"r-abcd"}"#, "INVALID_PATTERN"),
    ("ListChildren", #"{"ParentId":"123456789012","ChildType":"ACCOUNT"}"#, "INVALID_PATTERN"),
    ("ListChildren", #"{"ParentId":"r-abcd"}"#, "INPUT_REQUIRED"),
    ("ListChildren", #"{"ParentId":"r-abcd","ChildType":"account"}"#, "INVALID_ENUM"),
    ("ListChildren", #"{"ParentId":"r-abc","ChildType":"ACCOUNT"}"#, "INVALID_PATTERN"),
    ("ListChildren", #"{"ParentId":"r-ABCD","ChildType":"ACCOUNT"}"#, "INVALID_PATTERN"),
    ("ListChildren", #"{"ParentId":"ou-abcd-0000000","ChildType":"ACCOUNT"}"#, "INVALID_PATTERN"),
    ("CreateOrganizationalUnit", #"{"ParentId":"r-abcd"}"#, "INPUT_REQUIRED"),
    ("CreateOrganizationalUnit", #"{"ParentId":"r-abcd","Name":""}"#, "MIN_LENGTH_EXCEEDED"),
    (
      "CreateOrganizationalUnit", #"{"ParentId":"r-abcd","Name":"\#(String(repeating: "x", count: 129))"}"#,
      "MAX_LENGTH_EXCEEDED"
    ),
    ("DescribeOrganizationalUnit", #"{"OrganizationalUnitId":"ou-abcd-0000-0000"}"#, "INVALID_PATTERN"),
    ("DescribeCreateAccountStatus", #"{"CreateAccountRequestId":"car-0"}"#, "INVALID_PATTERN"),
    ("ListCreateAccountStatus", #"{"States":["DONE"]}"#, "INVALID_ENUM"),
    ("ListAccounts", #"{"MaxResults":0}"#, "MIN_VALUE_EXCEEDED"),
    ("ListAccounts", #"{"MaxResults":21}"#, "MAX_VALUE_EXCEEDED"),
    ("ListAccounts", #"{"NextToken":"not a token"}"#, "INVALID_NEXT_TOKEN"),
    ("ListAccounts", #"{"NextToken":"_w"}"#, "INVALID_NEXT_TOKEN"),
    ("ListAccounts", #"{"NextToken":""}"#, "INVALID_NEXT_TOKEN"),
    ("TagResource", #"{"ResourceId":"r-abcd"}"#, "INPUT_REQUIRED"),
    ("TagResource", #"{"ResourceId":"o-0123456789","Tags":[{"Key":"a","Value":"b"}]}"#, "INVALID_PATTERN"),
    ("UntagResource", #"{"ResourceId":"r-abcd"}"#, "INPUT_REQUIRED"),
    ("UntagResource", #"{"ResourceId":"r-abcd","TagKeys":[""]}"#, "MIN_LENGTH_EXCEEDED"),
  ])
  func `a request of the wrong shape is refused with its reason`(
    action: String,
    json: String,
    reason: String
  ) async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let answer = await server.organizations(action, json)
      #expect(answer.status == 400)
      #expect(answer.jsonMember("__type") == "InvalidInputException", "\(answer.text)")
      #expect(answer.jsonMember("Reason") == reason, "\(answer.text)")
      let records = try await server.store.records(
        of: OrganizationRecord.kind,
        prefix: "",
        after: nil,
        limit: 1
      )
      #expect(records.isEmpty)
    }
  }

  @Test func `what is of another type is not read at all`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      for (action, json) in [
        ("DescribeAccount", #"{"AccountId":123456789012}"#), ("ListAccounts", #"{"MaxResults":"2"}"#),
        ("TagResource", #"{"ResourceId":"r-abcd","Tags":{}}"#),
        ("UntagResource", #"{"ResourceId":"r-abcd","TagKeys":"a"}"#),
      ] {
        let answer = await server.organizations(action, json)
        #expect(answer.jsonMember("__type") == "SerializationException", "\(action): \(answer.text)")
      }
      let unknown = await server.organizations("InviteAccountToOrganization")
      #expect(unknown.jsonMember("__type") == "UnknownOperationException")
    }
  }

  @Test func `what is not there is not found, and another organization's is not there`() async throws {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      let unit = try await server.newUnit("u", below: root)
      let account = try await server.newAccount("dev")
      let other = Keys(id: "AKIAOTHEROTHEROTHERR", secret: "other")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: false)
      await server.arranged("CreateOrganization", as: other)
      for (action, json, code) in [
        ("DescribeAccount", #"{"AccountId":"\#(account)"}"#, "AccountNotFoundException"),
        ("CloseAccount", #"{"AccountId":"\#(account)"}"#, "AccountNotFoundException"),
        ("RemoveAccountFromOrganization", #"{"AccountId":"\#(account)"}"#, "AccountNotFoundException"),
        ("CreateOrganizationalUnit", #"{"ParentId":"\#(root)","Name":"x"}"#, "ParentNotFoundException"),
        ("ListOrganizationalUnitsForParent", #"{"ParentId":"\#(root)"}"#, "ParentNotFoundException"),
        ("ListAccountsForParent", #"{"ParentId":"\#(unit)"}"#, "ParentNotFoundException"),
        ("ListChildren", #"{"ParentId":"\#(root)","ChildType":"ACCOUNT"}"#, "ParentNotFoundException"),
        ("ListParents", #"{"ChildId":"\#(unit)"}"#, "ChildNotFoundException"),
        ("ListParents", #"{"ChildId":"\#(account)"}"#, "ChildNotFoundException"),
        (
          "DescribeOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#,
          "OrganizationalUnitNotFoundException"
        ),
        (
          "UpdateOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)","Name":"x"}"#,
          "OrganizationalUnitNotFoundException"
        ),
        (
          "DeleteOrganizationalUnit", #"{"OrganizationalUnitId":"\#(unit)"}"#,
          "OrganizationalUnitNotFoundException"
        ),
        ("ListTagsForResource", #"{"ResourceId":"\#(unit)"}"#, "TargetNotFoundException"),
        (
          "TagResource", #"{"ResourceId":"\#(account)","Tags":[{"Key":"a","Value":"b"}]}"#,
          "TargetNotFoundException"
        ),
        ("UntagResource", #"{"ResourceId":"\#(root)","TagKeys":["a"]}"#, "TargetNotFoundException"),
      ] {
        let answer = await server.organizations(action, json, as: other)
        #expect(answer.jsonMember("__type") == code, "\(action): \(answer.text)")
      }
      // A page token of one list leads to no entry of another's.
      let foreign = await server.arranged("ListAccounts", #"{"MaxResults":1}"#)
      let token = try #require(foreign.jsonMember("NextToken"))
      let page = await server.arranged("ListAccounts", #"{"NextToken":"\#(token)"}"#, as: other)
      #expect(page.jsonMembers("Id").allSatisfy { $0 == "999999999999" })
    }
  }

  @Test func `the management account is neither closed nor removed, and no account has 51 tags`() async throws
  {
    try await TestServer.run { server in
      let (_, root) = try await server.newOrganization()
      let closed = await server.organizations("CloseAccount", #"{"AccountId":"123456789012"}"#)
      #expect(closed.jsonMember("__type") == "ConstraintViolationException")
      #expect(closed.jsonMember("Reason") == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
      let removed = await server.organizations(
        "RemoveAccountFromOrganization",
        #"{"AccountId":"123456789012"}"#
      )
      #expect(removed.jsonMember("__type") == "MasterCannotLeaveOrganizationException")
      func tags(_ range: ClosedRange<Int>) -> String {
        range.map { #"{"Key":"k\#($0)","Value":"v"}"# }.joined(separator: ",")
      }
      let many = await server.organizations(
        "TagResource",
        #"{"ResourceId":"\#(root)","Tags":[\#(tags(1...51))]}"#
      )
      #expect(many.jsonMember("Reason") == "MAX_TAG_LIMIT_EXCEEDED")
      await server.arranged("TagResource", #"{"ResourceId":"\#(root)","Tags":[\#(tags(1...50))]}"#)
      let more = await server.organizations(
        "TagResource",
        #"{"ResourceId":"\#(root)","Tags":[\#(tags(51...51))]}"#
      )
      #expect(more.jsonMember("Reason") == "MAX_TAG_LIMIT_EXCEEDED")
    }
  }
}
