// SPDX-License-Identifier: Apache-2.0
//
// A federation config as IAM's resource: how requests name it, what policy may ask about it, and which algorithms go with
// which kind of token. Source: contract exeat.md, "Federation configs".

package import IdentityModel

extension FederationConfigRecord: NamedResource {
  package static var resourceNoun: String { "OutboundFederationConfig" }
  package static var identifierParameter: String { "Name" }

  package static func key(of name: String, in account: AccountID) -> RecordKey? {
    RecordKey(kind, id(account, name))
  }

  package static func arn(of name: String, in account: AccountID) -> String {
    arn(account, name).description
  }

  package static func absence(of name: String) -> ServiceError {
    .noSuchEntity("Outbound federation config \(name) cannot be found.")
  }

  package func isNamed(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }
}

extension FederationConfigRecord {
  /// What policy may ask about the config and a token of it that lives `durationSeconds`; without tags.
  func conditionContext(durationSeconds: Int? = nil) -> [Question.ContextEntry] {
    // A URL that is stored was read once; should it not be readable now, policy sees the text as it is.
    let target = (try? TargetService(targetService))?.policyValue ?? targetService
    return [
      .init("iam:FederationTokenType", tokenType.rawValue),
      .init("iam:FederationTargetService", target),
      .init("sts:IdentityTokenAudience", values: [audience]),
      .init("sts:DurationSeconds", String(durationSeconds ?? duration)),
      .init("sts:SigningAlgorithm", signingAlgorithm),
    ]
  }
}

extension FederationTokenType {
  /// The algorithms that sign such tokens; the first is the one that a config has when it does not say.
  var signingAlgorithms: [String] {
    switch self {
    case .oidc: SigningAlgorithm.allCases.map(\.rawValue)
    case .saml: ["RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"]
    }
  }

  /// Throws ValidationError when `signingAlgorithm` signs no such tokens.
  func require(signingAlgorithm: String) throws(ServiceError) {
    guard signingAlgorithms.contains(where: { $0.utf8.elementsEqual(signingAlgorithm.utf8) }) else {
      throw .validationError(
        "SigningAlgorithm \(signingAlgorithm) is not supported for TokenType \(rawValue). "
          + "Use one of \(signingAlgorithms.joined(separator: ", "))."
      )
    }
  }
}

/// The config that a token is asked of, and the issuer that would give it.
package struct FederationTokenSubject: ActionSubject {
  /// The config.
  let config: ResourceTarget<FederationConfigRecord>
  /// The issuer of the account.
  let issuer: IssuerSubject

  package var requirements: [Change.Write] { config.requirements + issuer.requirements }
}
