// SPDX-License-Identifier: Apache-2.0
//
// What a policy of an organization must be beyond its grammar, when a customer writes it. Owns the list of services
// whose resources a resource control policy protects. Source: AWS Organizations User Guide, RCP syntax and services
// that support RCPs.

import IdentityModel

extension PolicyDocument {
  /// The services whose actions a customer's resource control policy may name.
  ///
  /// DEVIATION: AWS has no `iam` in it; here outbound federation configs are resources of IAM.
  private static let protectedServices = [
    "aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "iam", "kms", "logs", "s3",
    "secretsmanager",
    "sns", "sqs", "sts",
  ]

  /// Refuses what only AWS's own policy of this kind may say; a service control policy may say all that its grammar lets
  /// it.
  ///
  /// A customer's resource control policy only denies, and only actions whose service it names: a Deny of `*` would
  /// seem to protect what it does not.
  ///
  /// - Throws: `allowNotPermitted`, `unprotectedAction`.
  package func requireCustomers() throws(PolicyDocumentError) {
    guard kind == .resourceControl else { return }
    for statement in statements {
      guard statement.effect == .deny else { throw .allowNotPermitted }
      for pattern in statement.actions.patterns {
        switch pattern {
        case .everything:
          throw .unprotectedAction("*")
        case .named(_, let written):
          let service = written.utf8.prefix { $0 != UInt8(ascii: ":") }.map(asciiLowercase)
          guard Self.protectedServices.contains(where: { $0.utf8.elementsEqual(service) }) else {
            throw .unprotectedAction(written)
          }
        }
      }
    }
  }
}
