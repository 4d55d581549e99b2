// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider,
// UpdateOpenIDConnectProviderThumbprint; and what the URL, the client ids and the thumbprints of a provider are held to.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:AddClientIDToOpenIDConnectProvider`: adding one that is there changes nothing.
package struct AddClientIDToOpenIDConnectProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "AddClientIDToOpenIDConnectProvider"
  package static let isReadOnly = false

  private let clientID: String
  package let target: ProviderAction<OIDCProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    clientID = parameters.requiredString("ClientID", length: 1...255)
    target = try ProviderAction(
      &parameters,
      "OpenIDConnectProviderArn",
      "iam:AddClientIDToOpenIDConnectProvider"
    )
  }

  package var requestParameters: JSONValue? {
    .strings(["openIDConnectProviderArn": target.arn.text, "clientID": clientID])
  }

  package func perform(
    _ call: AuthorizedCall<AddClientIDToOpenIDConnectProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let clientIDs = (try target.existing(call.subject).record.clientIDs + [clientID]).withoutRepetition
    try requireClientIDs(clientIDs)
    return try target.edit(call.subject, house, account: call.account) { $0.clientIDs = clientIDs }
  }
}

/// `iam:RemoveClientIDFromOpenIDConnectProvider`: removing one that is not there changes nothing.
package struct RemoveClientIDFromOpenIDConnectProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "RemoveClientIDFromOpenIDConnectProvider"
  package static let isReadOnly = false

  private let clientID: String
  package let target: ProviderAction<OIDCProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    clientID = parameters.requiredString("ClientID", length: 1...255)
    target = try ProviderAction(
      &parameters,
      "OpenIDConnectProviderArn",
      "iam:RemoveClientIDFromOpenIDConnectProvider"
    )
  }

  package var requestParameters: JSONValue? {
    .strings(["openIDConnectProviderArn": target.arn.text, "clientID": clientID])
  }

  package func perform(
    _ call: AuthorizedCall<RemoveClientIDFromOpenIDConnectProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try target.edit(call.subject, house, account: call.account) { record in
      record.clientIDs.removeAll { $0.utf8.elementsEqual(clientID.utf8) }
    }
  }
}

/// `iam:UpdateOpenIDConnectProviderThumbprint`: replaces all of them.
package struct UpdateOpenIDConnectProviderThumbprint: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "UpdateOpenIDConnectProviderThumbprint"
  package static let isReadOnly = false

  package let target: ProviderAction<OIDCProviderRecord>
  private let thumbprints: [String]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    thumbprints = parameters.requiredStringList(
      "ThumbprintList",
      count: 1...QueryParameters.maximumCount,
      memberLength: 40...40
    )
    target = try ProviderAction(
      &parameters,
      "OpenIDConnectProviderArn",
      "iam:UpdateOpenIDConnectProviderThumbprint"
    )
    try requireThumbprints(thumbprints)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init("openIDConnectProviderArn", .string(target.arn.text)),
        .init("thumbprintList", .array(thumbprints.map { .string($0) })),
      ])
    )
  }

  package func perform(
    _ call: AuthorizedCall<UpdateOpenIDConnectProviderThumbprint>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try target.edit(call.subject, house, account: call.account) { $0.thumbprints = thumbprints }
  }
}

// MARK: - What a provider is held to

/// Throws LimitExceeded when there are more client ids than a provider may have.
///
/// Source: IAM quotas.
func requireClientIDs(_ clientIDs: [String]) throws(ServiceError) {
  guard clientIDs.count <= 100 else {
    throw .limitExceeded("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
  }
}

/// Throws InvalidInput when there are more than five, or one is not of hexadecimal digits.
func requireThumbprints(_ thumbprints: [String]) throws(ServiceError) {
  guard thumbprints.count <= 5 else {
    throw .invalidInput("Thumbprint list must contain fewer than 5 entries.")
  }
  for thumbprint in thumbprints where !thumbprint.utf8.allSatisfy(isHexadecimal) {
    throw .invalidInput("Thumbprint \(thumbprint) must consist of hexadecimal digits.")
  }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    true
  default: false
  }
}

extension [String] {
  /// The elements in order, each once by its bytes.
  var withoutRepetition: [String] {
    var seen: Set<[UInt8]> = []
    return filter { text in seen.insert([UInt8](text.utf8)).inserted }
  }
}

/// An issuer's URL without its `https://`; `nil` for any other text.
///
/// Shape: a host, or an IPv6 address in brackets; a port from 1 to 65535; a path of RFC 3986's characters. No user, query
/// or fragment: the text is compared with `iss` byte for byte, and it stands in ARNs. Sources: OpenID Connect Discovery
/// 1.0 §3, `issuer`; RFC 3986 §3.3.
func issuerURL(_ text: String) -> String? {
  let scheme = "https://".utf8
  guard text.utf8.starts(with: scheme) else { return nil }
  let rest = text.utf8.dropFirst(scheme.count)
  let authority = rest.prefix { $0 != UInt8(ascii: "/") }
  guard isAuthority(authority), isPath(rest[authority.endIndex...]) else { return nil }
  return String(Substring(rest))
}

private func isAuthority(_ authority: Substring.UTF8View) -> Bool {
  let host: Substring.UTF8View
  if authority.first == UInt8(ascii: "[") {
    guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return false }
    let address = authority[authority.index(after: authority.startIndex)..<end]
    guard address.contains(UInt8(ascii: ":")),
      address.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
    else { return false }
    host = authority[...end]
  } else {
    host = authority.prefix { $0 != UInt8(ascii: ":") }
    let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isLabelCharacter) }) else { return false }
  }
  let port = authority[host.endIndex...]
  guard let colon = port.first else { return true }
  let digits = port.dropFirst()
  guard colon == UInt8(ascii: ":"), digits.count <= 5, digits.first != UInt8(ascii: "0"),
    digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
    let number = Int(Substring(digits))
  else { return false }
  return number <= 65_535
}

private func isPath(_ path: Substring.UTF8View) -> Bool {
  path.allSatisfy { byte in
    isLabelCharacter(byte) || "/._~%!$&'()*+,;=:@".utf8.contains(byte)
  }
}

private func isLabelCharacter(_ byte: UInt8) -> Bool {
  isHexadecimal(byte) || (UInt8(ascii: "g")...UInt8(ascii: "z")).contains(byte)
    || (UInt8(ascii: "G")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "-")
    || byte == UInt8(ascii: "_")
}
