// SPDX-License-Identifier: Apache-2.0
//
// The account's issuer as the subject of an action: a token goes on record only while its issuer is what it was when
// the token was decided.

package import IdentityModel

/// The issuer of the caller's account.
package struct IssuerSubject: ActionSubject {
  /// The issuer; `nil` when the feature was never enabled.
  package let issuer: Issuer?

  package var requirements: [Change.Write] { issuer.map { [$0.stored.isUnchanged] } ?? [] }
}

/// An action on the issuer of the caller's account.
package protocol IssuerAction: Action where Subject == IssuerSubject {}

extension IssuerAction {
  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> IssuerSubject
  {
    try await house.issuerSubject(of: call.account)
  }

  package func questions(_ subject: IssuerSubject, _ call: AuthenticatedCall) -> [Question] {
    Self.oneQuestion
  }
}

extension House {
  /// The issuer of `account` as a subject.
  func issuerSubject(of account: AccountID) async throws(ServiceError) -> IssuerSubject {
    do {
      return IssuerSubject(issuer: try await directory.issuer(of: account))
    } catch {
      throw diagnostics.serviceError("read the issuer", error)
    }
  }
}
