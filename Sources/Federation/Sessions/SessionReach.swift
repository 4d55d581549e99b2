// SPDX-License-Identifier: Apache-2.0
//
// What a kind of session may call at STS, whatever its policies say: the one place where that stands. What sessions may
// call at IAM the pipeline says. Source: AWS STS API, AssumeRole, GetSessionToken, GetFederationToken; contract §1.8.

import IdentityModel

extension Session {
  /// The refusal of the STS action `name` to this session; `nil` when its kind may call it.
  func refusal(ofSTSAction name: String) -> ServiceError? {
    let isOpen =
      switch kind {
      case .role: name != "GetFederationToken" && name != "GetSessionToken"
      case .user: ["AssumeRole", "GetCallerIdentity", "GetWebIdentityToken"].contains(name)
      case .federatedUser: name == "GetCallerIdentity"
      }
    if isOpen { return nil }
    if kind == .federatedUser, name == "GetWebIdentityToken" {
      return .accessDenied("GetWebIdentityToken does not support federated user sessions")
    }
    return .accessDenied("Cannot call \(name) with session credentials")
  }
}
