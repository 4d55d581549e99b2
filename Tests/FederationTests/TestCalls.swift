// SPDX-License-Identifier: Apache-2.0
//
// Calls that many tests make on the way to what they are about, and what they expect of them.

import Federation
import Foundation
import IdentityModel
import Testing

extension TestServer {
  /// Calls, and expects success.
  @discardableResult
  func done(
    _ action: String,
    _ parameters: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root,
    _ location: SourceLocation = #_sourceLocation
  ) async -> Answer {
    let answer = await call(action, parameters, as: keys)
    #expect(answer.status == 200, "\(answer.text)", sourceLocation: location)
    return answer
  }

  /// Calls, and expects this refusal.
  func refused(
    _ action: String,
    _ parameters: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root,
    _ status: Int,
    _ code: String,
    _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) async {
    let answer = await call(action, parameters, as: keys)
    #expect(answer.status == status, sourceLocation: location)
    #expect(answer.code == code, sourceLocation: location)
    #expect(answer["Message"] == message, sourceLocation: location)
  }

  /// Sends `action` with both sets of parameters.
  func call(
    _ action: String,
    adding first: KeyValuePairs<String, String>,
    to second: KeyValuePairs<String, String>,
    as keys: Keys = .root
  ) async -> Answer {
    var form = "Action=\(action)&Version=2010-05-08"
    for (name, value) in Array(first) + Array(second) {
      let value = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      form += "&\(name)=\(value)"
    }
    return await send(Array(form.utf8), to: .iam, as: keys)
  }

  /// Makes a managed policy and returns its ARN.
  func managedPolicy(_ name: String, _ document: String) async throws -> String {
    let answer = await done("CreatePolicy", ["PolicyName": name, "PolicyDocument": document])
    return try #require(answer["Arn"])
  }

  /// Adds a version to the policy `arn`.
  func version(of arn: String, _ document: String, isDefault: Bool) async -> Answer {
    await call(
      "CreatePolicyVersion",
      ["PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": isDefault ? "true" : "false"]
    )
  }

  /// Attaches the policy `arn` to the identity `name`, or makes it its boundary.
  func attach<Entity: IAMEntity>(
    _ arn: String,
    to type: Entity.Type,
    _ name: String,
    as use: PolicyAttachmentRecord.Use = .policy
  ) async {
    let kind = Entity.entityKind.rawValue
    switch use {
    case .policy: await done("Attach\(kind)Policy", ["\(kind)Name": name, "PolicyArn": arn])
    case .boundary:
      await done("Put\(kind)PermissionsBoundary", ["\(kind)Name": name, "PermissionsBoundary": arn])
    }
  }

  /// Assumes `role`, which must succeed.
  func assume(_ role: String, as keys: Keys, session: String = "session") async throws -> Keys {
    let answer = await call("AssumeRole", ["RoleArn": role, "RoleSessionName": session], as: keys)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.credentials)
  }
}

extension Answer {
  /// The contents of all elements `name`, in order.
  func all(_ name: String) -> [String] {
    text.components(separatedBy: "<\(name)>").dropFirst().compactMap { part in
      part.components(separatedBy: "</\(name)>").first
    }
  }
}
