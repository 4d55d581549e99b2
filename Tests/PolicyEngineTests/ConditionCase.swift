// SPDX-License-Identifier: Apache-2.0
//
// One case of an operator's table. It is judged twice, under Allow and under Deny, because what cannot be answered
// must fall on the safe side of both.

import IdentityModel
import PolicyEngine
import Testing

struct ConditionCase: CustomTestStringConvertible {
  /// What a condition says to a request.
  enum Says {
    /// An Allow applies, a Deny applies.
    case yes
    /// Neither applies.
    case no
    /// It cannot be answered: an Allow does not apply, a Deny does.
    case unknown
  }

  let condition: String
  let values: [String]?
  let says: Says

  /// `values` are those of `aws:k`; `nil` leaves the key out.
  init(_ condition: String, _ values: [String]?, _ says: Says) {
    self.condition = condition
    self.values = values
    self.says = says
  }

  var testDescription: String { "\(condition) with \(values.map { "\($0)" } ?? "no key") says \(says)" }

  func check() throws {
    var context = [
      "aws:username": ["bob"], "aws:PrincipalTag/star": ["*"], "aws:PrincipalTag/two": ["a", "b"],
    ]
    context["aws:k"] = values
    let question = request("sts:GetWebIdentityToken", on: "*", by: alice, of: nil, context)
    let allowed = try decide(allow(if: condition), question)
    #expect(
      allowed == (says == .yes ? .allow(by: [reference(0)]) : .implicitDeny(.identity)),
      "\(testDescription)"
    )
    let denied = try decide(deny(if: condition), question)
    #expect(
      denied == (says == .no ? .implicitDeny(.identity) : .explicitDeny(.identity, reference(0))),
      "\(testDescription)"
    )
  }
}
