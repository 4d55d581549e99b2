// SPDX-License-Identifier: Apache-2.0
//
// Calls to AWS Organizations that many tests make, and the organization that they begin with.

import Federation
import Foundation
import IdentityModel
import Testing

extension TestServer {
  /// Calls an action of AWS Organizations.
  func organizations(_ action: String, _ json: String = "{}", as keys: Keys = .root) async -> Answer {
    await call(.organizations, action, json: json, as: keys)
  }

  /// Calls, and expects success.
  @discardableResult
  func arranged(
    _ action: String,
    _ json: String = "{}",
    as keys: Keys = .root,
    _ location: SourceLocation = #_sourceLocation
  ) async -> Answer {
    let answer = await organizations(action, json, as: keys)
    #expect(answer.status == 200, "\(action): \(answer.text)", sourceLocation: location)
    return answer
  }

  /// Makes an organization of the test's account and answers its id and its root's.
  func newOrganization(featureSet: String = "ALL") async throws -> (organization: String, root: String) {
    let created = await arranged("CreateOrganization", #"{"FeatureSet":"\#(featureSet)"}"#)
    let roots = await arranged("ListRoots")
    return (try #require(created.jsonMember("Id")), try #require(roots.jsonMember("Id")))
  }

  /// Makes an account and answers its id.
  func newAccount(_ name: String, role: String? = nil) async throws -> AccountID {
    let role = role.map { #","RoleName":"\#($0)""# } ?? ""
    let created = await arranged(
      "CreateAccount",
      #"{"AccountName":"\#(name)","Email":"\#(name)@example.test"\#(role)}"#
    )
    #expect(created.text.contains(#""State":"SUCCEEDED""#), "\(created.text)")
    return try #require(created.jsonMember("AccountId").flatMap { AccountID($0) })
  }

  /// Makes a unit and answers its id.
  func newUnit(_ name: String, below parent: String) async throws -> String {
    let created = await arranged(
      "CreateOrganizationalUnit",
      #"{"ParentId":"\#(parent)","Name":"\#(name)"}"#
    )
    return try #require(created.jsonMember("Id"))
  }

  /// A session of the access role of `account`, of somebody of the management account who may do everything.
  func administrator(of account: AccountID, as keys: Keys) async throws -> Keys {
    try await assume("arn:aws:iam::\(account):role/OrganizationAccountAccessRole", as: keys)
  }
}

extension Answer {
  /// The first string named `name` in an answer of JSON, however deep.
  func jsonMember(_ name: String) -> String? {
    guard let start = text.ranges(of: "\"\(name)\":\"").first else { return nil }
    return text[start.upperBound...].split(separator: "\"", maxSplits: 1).first.map(String.init)
  }

  /// Every string named `name`, in order.
  func jsonMembers(_ name: String) -> [String] {
    text.ranges(of: "\"\(name)\":\"").compactMap { range in
      text[range.upperBound...].split(separator: "\"", maxSplits: 1).first.map(String.init)
    }
  }
}
