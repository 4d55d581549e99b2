// SPDX-License-Identifier: Apache-2.0
//
// Second factors: there are none here, and whoever presents one is told so as AWS tells somebody whose device it does
// not know. Never accepted in silence. Source: AWS STS API, `SerialNumber` and `TokenCode`.

package import AWSProtocols
package import IdentityModel

/// `SerialNumber` and `TokenCode`.
package struct MultiFactor: Sendable {
  /// The device: a serial number or an ARN.
  package let serialNumber: String?
  private let hasTokenCode: Bool

  /// Reads them: their shape only; the code itself is forgotten at once.
  package init(_ parameters: inout ParameterReader) {
    serialNumber = parameters.optionalString("SerialNumber", length: 9...256, pattern: .serialNumber)
    hasTokenCode = parameters.optionalString("TokenCode", length: 6...6, pattern: .tokenCode) != nil
  }

  /// Throws AccessDenied when any of the two was sent.
  package func requireNone() throws(ServiceError) {
    switch (serialNumber != nil, hasTokenCode) {
    case (false, false): return
    case (true, true):
      throw .accessDenied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
          + "valid and associated with this user."
      )
    case (true, false), (false, true):
      throw .accessDenied(
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
      )
    }
  }
}
