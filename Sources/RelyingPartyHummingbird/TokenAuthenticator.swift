// SPDX-License-Identifier: Apache-2.0
//
// The middleware for Hummingbird: a request that carries no token that holds gets no further, and one that does carries
// what the token says. Tells a client which kind of mistake it was and no more; the reason goes to the log. Source: RFC
// 6750 §2.1, §3.

public import Hummingbird
import Logging
public import RelyingParty

/// A request context that has room for a token.
public protocol TokenRequestContext: RequestContext {
  /// What the token of the request says; set by `TokenAuthenticator`.
  var verifiedToken: VerifiedToken? { get set }
}

/// Demands a token of every request.
public struct TokenAuthenticator<Context: TokenRequestContext>: RouterMiddleware {
  private let verifier: TokenVerifier
  private let realm: String?

  /// Demands a token that `verifier` accepts.
  ///
  /// - Parameters:
  ///   - verifier: the verifier; one for the whole program.
  ///   - realm: the `realm` of the challenge; without quotation marks and backslashes, which are left out.
  public init(_ verifier: TokenVerifier, realm: String? = nil) {
    self.verifier = verifier
    self.realm = realm.map { text in text.filter { $0.isASCII && $0 >= " " && $0 != "\"" && $0 != "\\" } }
  }

  /// Verifies the token in `Authorization: Bearer …` and hands the request on.
  ///
  /// Answers 401 where there is no token or one that does not hold, 400 where the header cannot be read, and 503 with
  /// `Retry-After` where the keys of the issuer cannot be had just now.
  @concurrent public func handle(
    _ request: Request,
    context: Context,
    next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    let token: String
    switch BearerField(request.headers[values: .authorization]) {
    case .absent: return challenge(.unauthorized, error: nil)
    case .malformed: return challenge(.badRequest, error: "invalid_request")
    case .token(let text): token = text
    }
    var context = context
    do throws(VerificationFailure) {
      context.verifiedToken = try await verifier.verify(token)
    } catch {
      context.logger.info("token refused", metadata: ["reason": .string(error.description)])
      guard error.isTransient else { return challenge(.unauthorized, error: "invalid_token") }
      return Response(status: .serviceUnavailable, headers: [.retryAfter: "5"])
    }
    return try await next(request, context)
  }

  /// RFC 6750 §3: the challenge; without an error code where the request carried no token.
  private func challenge(_ status: HTTPResponse.Status, error: String?) -> Response {
    let parameters = [realm.map { "realm=\"\($0)\"" }, error.map { "error=\"\($0)\"" }].compactMap(\.self)
    let value = (["Bearer"] + (parameters.isEmpty ? [] : [parameters.joined(separator: ", ")]))
      .joined(separator: " ")
    return Response(status: status, headers: [.wwwAuthenticate: value, .cacheControl: "no-store"])
  }
}
