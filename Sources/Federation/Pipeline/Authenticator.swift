// SPDX-License-Identifier: Apache-2.0
//
// Who calls? SigV4 against the credential that the directory holds. The only maker of `AuthenticatedCall`.

package import IdentityModel
package import SigV4

/// A call whose signature was verified.
///
/// Only this file makes one.
package struct AuthenticatedCall: Sendable {
  /// Who calls.
  package let caller: Caller
  /// The region that was called.
  package let region: Region
  /// The service in the credential scope.
  package let service: ServiceName
  /// When the request arrived: the one `now` of the call.
  package let now: Instant
  /// The request id of the response.
  package let requestID: String
  /// The client's address.
  package let sourceIPAddress: String
  /// The `User-Agent` header, its beginning.
  package let userAgent: String?
  /// Whether the connection has TLS.
  package let isSecureTransport: Bool

  /// The account of the caller.
  package var account: AccountID { caller.principal.account }

  fileprivate init(
    caller: Caller,
    region: Region,
    service: ServiceName,
    now: Instant,
    requestID: String,
    request: APIRequest
  ) {
    self.caller = caller
    self.region = region
    self.service = service
    self.now = now
    self.requestID = requestID
    self.sourceIPAddress = request.sourceIPAddress
    self.userAgent = request.userAgentOfPolicy
    self.isSecureTransport = request.tls != nil
  }

  /// A call of the session `caller`, which came to be in this very call.
  ///
  /// SECURITY: nobody signed it. That the trust policy of the role allows the session is what stands for the signature.
  init<A: FederatedAction>(_ call: AuthorizedFederatedCall<A>, as caller: Caller) {
    self.caller = caller
    self.region = call.unsigned.region
    self.service = A.service
    self.now = call.now
    self.requestID = ""
    self.sourceIPAddress = call.unsigned.sourceIPAddress
    self.userAgent = call.unsigned.userAgent
    self.isSecureTransport = call.unsigned.isSecureTransport
  }

  fileprivate init(_ call: AuthenticatedCall, as caller: Caller) {
    self.caller = caller
    self.region = call.region
    self.service = call.service
    self.now = call.now
    self.requestID = call.requestID
    self.sourceIPAddress = call.sourceIPAddress
    self.userAgent = call.userAgent
    self.isSecureTransport = call.isSecureTransport
  }
}

/// Verifies signatures.
package struct Authenticator: Sendable {
  private let directory: Directory
  private let profile: VerificationProfile
  private let acceptedHosts: AcceptedHosts
  private let diagnostics: Diagnostics
  private let signingKeys = SigningKeyMemory()

  /// Looks callers up in `directory` and insists on `profile` and `acceptedHosts`.
  package init(
    directory: Directory,
    profile: VerificationProfile,
    acceptedHosts: AcceptedHosts,
    diagnostics: Diagnostics
  ) {
    self.directory = directory
    self.profile = profile
    self.acceptedHosts = acceptedHosts
    self.diagnostics = diagnostics
  }

  /// Step one: everything about the signature but the secret.
  ///
  /// The result says which key and which scope.
  package func present(
    _ request: APIRequest,
    now: Instant
  ) throws(ServiceError) -> PresentedSignature {
    let signable = SignableRequest(
      method: request.method,
      target: request.target,
      headers: request.headers,
      body: request.body
    )
    do {
      return try PresentedSignature(signable, now: now, profile: profile)
    } catch {
      throw ServiceError(error)
    }
  }

  /// Step two: the secret, and whether the call was meant for this server.
  ///
  /// An unknown key, a session token that is not ours and a wrong signature cost the same: one verification.
  package func authenticate(
    _ signature: PresentedSignature,
    _ request: APIRequest,
    now: Instant,
    requestID: String
  ) async throws(ServiceError) -> AuthenticatedCall {
    let caller = try await lookUp(signature.accessKeyID, sessionToken: signature.sessionToken)
    let verified: Result<Void, SigV4Error>
    do {
      try signingKeys.verify(
        signature,
        caller?.secretAccessKey ?? nobodysSecret,
        isCaller: caller != nil
      )
      verified = .success(())
    } catch {
      verified = .failure(error)
    }
    guard let caller else { throw .invalidClientTokenID }
    if case .failure(let error) = verified { throw ServiceError(error) }
    if let session = caller.session, session.expiration <= now { throw .expiredToken }
    // SECURITY: a request that was signed for another host was replayed here.
    let host = request.header("host")
    guard acceptedHosts.accepts(host) else {
      diagnostics.report(
        Incident(
          .notice,
          what: "accept a signed request",
          cause: "it was signed for the host `\(host ?? "")`, which is not an accepted one"
        )
      )
      throw ServiceError(SigV4Error.signatureDoesNotMatch)
    }
    guard let service = ServiceName(rawValue: signature.scope.service) else {
      throw ServiceError(SigV4Error.signatureDoesNotMatch)
    }
    return AuthenticatedCall(
      caller: caller,
      region: signature.region,
      service: service,
      now: now,
      requestID: requestID,
      request: request
    )
  }

  /// The same call, by the caller as it is now: for deciding anew after a concurrent change.
  ///
  /// Throws InvalidClientTokenId when the key has gone, was switched off, or has another secret by now.
  package func renew(_ call: AuthenticatedCall) async throws(ServiceError) -> AuthenticatedCall {
    directory.forget(call.account)
    let token = call.caller.sessionToken?.withBytes { String(decoding: $0, as: UTF8.self) }
    let caller = try await lookUp(call.caller.accessKeyID, sessionToken: token)
    guard let caller, caller.secretAccessKey == call.caller.secretAccessKey else {
      throw .invalidClientTokenID
    }
    return AuthenticatedCall(call, as: caller)
  }

  /// The caller behind a long-term key, or behind a session; a token beside a long-term key is not ours.
  private func lookUp(_ accessKeyID: String, sessionToken: String?) async throws(ServiceError) -> Caller? {
    do {
      guard let sessionToken else { return try await directory.caller(accessKeyID: accessKeyID) }
      return try await directory.caller(accessKeyID: accessKeyID, sessionToken: sessionToken)
    } catch {
      throw diagnostics.serviceError("look up the caller", error)
    }
  }
}

// Any fixed text: it only has to cost what a real secret costs.
private let nobodysSecret = Secret("nobody-signs-with-this-0123456789/ABCDEF")

/// The host names under which clients may call.
package struct AcceptedHosts: Sendable {
  private let names: Set<String>

  /// Accepts `names` (without port, any case).
  package init(_ names: some Sequence<String>) {
    self.names = Set(names.map { asciiLowercased($0) })
  }

  /// Whether the Host header `host` names one of them; its port is not looked at, since some signers leave it out.
  package func accepts(_ host: String?) -> Bool {
    guard let host else { return false }
    return names.contains(asciiLowercased(hostName(of: host)))
  }
}

/// The host of a Host header without its port: `localhost:8443` → `localhost`, `[::1]:1` → `[::1]`.
func hostName(of header: String) -> Substring {
  if header.utf8.first == UInt8(ascii: "["), let end = header.utf8.firstIndex(of: UInt8(ascii: "]")) {
    return header[...end]
  }
  return header[..<(header.utf8.firstIndex(of: UInt8(ascii: ":")) ?? header.endIndex)]
}
