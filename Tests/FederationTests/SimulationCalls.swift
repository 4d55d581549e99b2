// SPDX-License-Identifier: Apache-2.0
//
// Calls of the simulators, and how their answers are read.

import Federation
import IdentityModel
import Testing

extension Answer {
  /// `Line:Column` of all positions of the kind `name`.
  func positions(_ name: String) -> [String] {
    all(name).map { position in
      let answer = Answer(status: status, text: position)
      return "\(answer["Line"] ?? ""):\(answer["Column"] ?? "")"
    }
  }

  /// What stands in the first answer's list `name`: the same list stands in its resource's results.
  func simulationMembers(_ name: String) -> [String] {
    Answer(status: status, text: self[name] ?? "").all("member")
  }

  /// `EvalDecisionDetails` of the first result, sorted: `IAM Policy=allowed`.
  var decisionDetails: [String] {
    Answer(status: status, text: self["EvalDecisionDetails"] ?? "").all("entry").map { entry in
      let answer = Answer(status: status, text: entry)
      return "\(answer["key"] ?? "")=\(answer["value"] ?? "")"
    }.sorted()
  }
}

extension TestServer {
  /// Simulates `policy` of nobody: `sts:GetWebIdentityToken`, unless the form says otherwise.
  func simulate(_ policy: String, _ form: [(String, String)] = []) async -> Answer {
    var form = [("PolicyInputList.member.1", policy)] + form
    if !form.contains(where: { $0.0 == "ActionNames.member.1" }) {
      form.append(("ActionNames.member.1", "sts:GetWebIdentityToken"))
    }
    return await call("SimulateCustomPolicy", form: form)
  }

  /// Simulates `sts:GetWebIdentityToken` of `arn`.
  func simulatePrincipal(_ arn: String, _ form: [(String, String)] = [], as keys: Keys = .root) async
    -> Answer
  {
    await call(
      "SimulatePrincipalPolicy",
      form: [("PolicySourceArn", arn), ("ActionNames.member.1", "sts:GetWebIdentityToken")] + form,
      as: keys
    )
  }

  /// Makes the group `crew` with `policy` and the member `user`.
  func crew(_ policy: String, _ user: String) async {
    await done("CreateGroup", ["GroupName": "crew"])
    await done("PutGroupPolicy", ["GroupName": "crew", "PolicyName": "g", "PolicyDocument": policy])
    await done("AddUserToGroup", ["GroupName": "crew", "UserName": user])
  }
}

func contextEntry(_ number: Int, _ key: String, _ values: [String], _ type: String = "string") -> [(
  String, String
)] {
  let name = "ContextEntries.member.\(number)"
  return [("\(name).ContextKeyName", key), ("\(name).ContextKeyType", type)]
    + values.enumerated().map { ("\(name).ContextKeyValues.member.\($0.offset + 1)", $0.element) }
}

func allowing(_ operation: String, _ key: String, _ values: String) -> String {
  #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","#
    + #""Condition":{"\#(operation)":{"\#(key)":\#(values)}}}}"#
}
