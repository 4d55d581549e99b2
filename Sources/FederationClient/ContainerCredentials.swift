// SPDX-License-Identifier: Apache-2.0
//
// The credential that a container's surroundings serve over HTTP: ECS, EKS Pod Identity, or any helper on loopback.
// Owns the rule which URLs may be asked, because the request carries an authorization token.
// Source: AWS SDKs and Tools Reference Guide, container credential provider.

import IdentityModel

extension CredentialChain {
  /// Asks the endpoint that `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `…_FULL_URI` names; `nil` when neither does.
  func containerCredential() async throws(CredentialChainError) -> ResolvedCredential? {
    let source = "container endpoint"
    let text: String
    if let relative = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      guard relative.utf8.first == UInt8(ascii: "/") else { throw .containerEndpointRefused(relative) }
      text = "http://169.254.170.2\(relative)"
    } else if let full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      text = full
    } else {
      return nil
    }
    guard let url = try? HTTPURL(text), url.scheme == .https || isAllowedWithoutTLS(url.host) else {
      throw .containerEndpointRefused(printable(text))
    }
    var headers = [HTTPField("Accept", "application/json")]
    if let token = try authorizationToken(source) { headers.append(HTTPField("Authorization", token)) }
    let answer: HTTPAnswer
    do throws(FederationHTTPError) {
      answer = try await http.send(
        HTTPCall(method: "GET", url: url, headers: headers),
        timeoutSeconds: 5,
        maximumBodyBytes: 65_536
      )
    } catch {
      throw .containerEndpointUnreachable(error)
    }
    guard answer.status == 200 else { throw .containerEndpointStatus(answer.status) }
    do throws(CredentialDocumentError) {
      let document = try CredentialDocument.container(answer.body)
      return ResolvedCredential(
        credential: document.credential,
        expiration: document.expiration,
        source: source
      )
    } catch {
      throw .malformedDocument(source: source, error)
    }
  }

  /// The hosts of the AWS SDKs: loopback, the ECS agent, the EKS Pod Identity agent.
  private func isAllowedWithoutTLS(_ host: String) -> Bool {
    guard let address = IPAddress(host) else { return host.utf8.elementsEqual("localhost".utf8) }
    return address.reach == .loopback
      || ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains { IPAddress($0) == address }
  }

  /// The value for `Authorization`: the file wins over the variable and is read each time, for its token rotates.
  private func authorizationToken(_ source: String) throws(CredentialChainError) -> String? {
    let name: String
    let token: String
    if let path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      name = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
      do throws(FileError) {
        token = String(decoding: try environment.readFile(path), as: UTF8.self)
      } catch {
        throw .fileUnreadable(source: source, path: path, error)
      }
    } else if let value = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
      name = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
      token = value
    } else {
      return nil
    }
    // SECURITY: a line break would end the header and begin another; a space may stand in `Bearer …`.
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw .malformedSetting(source: source, setting: name)
    }
    return token
  }
}
