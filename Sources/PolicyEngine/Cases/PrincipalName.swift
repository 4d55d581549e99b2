// SPDX-License-Identifier: Apache-2.0
//
// A caller by name alone: for simulations, where nobody has signed. Source: IAM identifiers; IAM User Guide, policy
// element Principal.

package import IdentityModel

extension RequestPrincipal {
  /// Takes an ARN or the name of a service; `nil` for anything else.
  ///
  /// - Parameters:
  ///   - name: the ARN of a user, a role, a session, a federated user, an identity provider or an account's root; an
  ///     account id, which is its root; the principal name of a service; the host of a public identity provider; `*`
  ///     for a caller without credentials.
  ///   - role: the ARN of the role of a session, whose path the session does not tell.
  ///   - userID: the value of `aws:userid`; without it no policy can mean the caller by its unique id.
  package init?(name: String, role: ARN? = nil, userID: String? = nil) {
    if name.utf8.elementsEqual("*".utf8) {
      self = .anonymous
    } else if let account = AccountID(name) {
      self = .root(account)
    } else if name.utf8.starts(with: "arn:".utf8) {
      guard let arn = ARN(name), let caller = RequestPrincipal(arn, role: role, userID: userID ?? "") else {
        return nil
      }
      self = caller
    } else {
      let isName =
        name.utf8.contains(UInt8(ascii: "."))
        && name.utf8.allSatisfy { isAlphanumeric($0) || "-.".utf8.contains($0) }
      guard isName else { return nil }
      self = RequestPrincipal.publicProviders.contains(name) ? .federated(provider: name) : .service(name)
    }
  }

  /// Source: IAM User Guide, identity providers that need no record in IAM.
  private static let publicProviders: Set = [
    "accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com",
  ]

  private init?(_ arn: ARN, role: ARN?, userID: String) {
    let parts = arn.parts
    guard let account = AccountID(parts[4]) else { return nil }
    let words = parts[5].split(separator: "/", omittingEmptySubsequences: false)
    guard words.allSatisfy({ !$0.isEmpty }), let last = words.last else { return nil }
    switch (String(parts[2]), String(words[0]), words.count) {
    case ("iam", "root", 1):
      self = .root(account)
    case ("iam", "user", 2...):
      self = .user(arn: arn, account: account, userID: userID)
    case ("iam", "role", 2...):
      self = .role(arn: arn, account: account, roleID: RequestPrincipal.roleID(userID))
    case ("iam", "saml-provider", 2...), ("iam", "oidc-provider", 2...):
      self = .federated(provider: arn.description)
    case ("sts", "assumed-role", 3):
      let plain = ARN(
        partition: String(parts[1]),
        service: "iam",
        account: account,
        resource: "role/\(words[1])"
      )
      self = .assumedRole(
        session: arn,
        role: role.flatMap { RequestPrincipal.isRole($0, like: plain) ? $0 : nil } ?? plain,
        account: account,
        roleID: RequestPrincipal.roleID(userID)
      )
    case ("sts", "federated-user", 2):
      self = .federatedUser(arn: arn, account: account, userID: "\(account):\(last)")
    default:
      return nil
    }
  }

  /// `AROA…` of `AROA…:session`.
  private static func roleID(_ userID: String) -> String {
    String(userID.prefix { $0 != ":" })
  }

  /// Whether `arn` is `plain` with a path.
  private static func isRole(_ arn: ARN, like plain: ARN) -> Bool {
    let (left, right) = (arn.parts, plain.parts)
    guard left[..<5].elementsEqual(right[..<5], by: { $0.utf8.elementsEqual($1.utf8) }),
      left[5].utf8.starts(with: "role/".utf8), let name = left[5].split(separator: "/").last
    else { return false }
    return "role/\(name)".utf8.elementsEqual(right[5].utf8)
  }

  // MARK: - What every request says of its caller

  /// The value of `aws:PrincipalArn`; `nil` when the caller has no ARN.
  package var principalARN: String? {
    switch self {
    case .root(let account): "arn:aws:iam::\(account):root"
    case .user(let arn, _, _), .role(let arn, _, _), .federatedUser(let arn, _, _): arn.description
    case .assumedRole(_, let role, _, _): role.description
    case .federated, .service, .anonymous: nil
    }
  }

  /// The value of `aws:PrincipalType`.
  package var principalType: String? {
    switch self {
    case .root: "Account"
    case .user: "User"
    case .assumedRole, .role: "AssumedRole"
    case .federatedUser: "FederatedUser"
    case .anonymous: "Anonymous"
    case .federated, .service: nil
    }
  }

  /// The value of `aws:username`: users have one.
  package var userName: String? {
    guard case .user(let arn, _, _) = self else { return nil }
    return arn.parts[5].split(separator: "/").last.map(String.init)
  }

  /// Whether the caller is a role that a service is linked to, which the policies of an organization do not bind.
  var isServiceLinked: Bool {
    switch self {
    case .role(let role, _, _), .assumedRole(_, let role, _, _):
      role.parts[5].utf8.starts(with: "role/aws-service-role/".utf8)
    case .root, .user, .federatedUser, .federated, .service, .anonymous: false
    }
  }
}
