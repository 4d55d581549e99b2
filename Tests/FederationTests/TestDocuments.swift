// SPDX-License-Identifier: Apache-2.0
//
// Policy documents that many tests use.

/// A trust policy that leaves it to the identity policies of the account.
let trustsAccount = """
  {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},
  "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}
  """

/// A policy that allows everything.
let allowsAll = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#

/// A policy that allows `action` on everything.
func allows(_ action: String) -> String {
  #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"\#(action)","Resource":"*"}}"#
}

/// A trust policy that trusts nobody.
let trustOfNobody = #"""
  {"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}
  """#

/// Policy documents with one statement.
enum Documents {
  static func document(_ effect: String, _ action: String, _ resource: String = "*") -> String {
    """
    {"Version":"2012-10-17","Statement":[{"Effect":"\(effect)","Action":"\(action)","Resource":"\(resource)"}]}
    """
  }

  static let allowAll = document("Allow", "*")
  static let denyAll = document("Deny", "*")
  static let allowTokens = document("Allow", "sts:GetWebIdentityToken")
  static let denyTokens = document("Deny", "sts:GetWebIdentityToken")
}
