// SPDX-License-Identifier: Apache-2.0
//
// What a program sees that the agent runs: the agent's environment without the agent's own credential, and what leads
// it to the files and endpoints that the agent keeps.

import FederationClient
package import IdentityModel

extension AgentPlan {
  /// The environment of a program.
  ///
  /// What the file says stands above what the agent sets, and that above what the agent was started with.
  ///
  /// - Parameters:
  ///   - own: the agent's environment.
  ///   - access: where the server is.
  ///   - bound: where the agent listens; `nil` when it does not.
  ///   - authorizationToken: what gets credentials there.
  /// - Returns: all variables.
  package func programEnvironment(
    _ own: [String: String],
    access: ServerAccess,
    bound: (host: String, port: Int)?,
    authorizationToken: Secret
  ) -> [String: String] {
    var variables = own
    // SECURITY: the program gets what the agent hands out and never what the agent has itself. Without credentials to
    // hand out it gets none.
    for name in Self.credentialVariables { variables[name] = nil }
    // SECURITY: SDKs look into the files of ~/.aws before they ask the agent, and there the agent's own key may be.
    variables["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
    variables["AWS_CONFIG_FILE"] = "/dev/null"
    // What the machine's own metadata service would give is not what the file says either.
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = nil
    variables["AWS_EC2_METADATA_DISABLED"] = "true"
    variables["AWS_ENDPOINT_URL_STS"] = access.endpoint.description
    variables["AWS_REGION"] = String(describing: access.region)
    if let caBundle = access.caBundle { variables["AWS_CA_BUNDLE"] = caBundle }
    if let credentials, let bound {
      let host = bound.host.utf8.contains(UInt8(ascii: ":")) ? "[\(bound.host)]" : bound.host
      let base = "http://\(host):\(bound.port)"
      variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = base + AgentSite.credentialsPath
      if let path = credentials.authorizationTokenFile {
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = path
      } else {
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = authorizationToken.withBytes { bytes in
          String(decoding: bytes, as: UTF8.self)
        }
      }
      if credentials.servesMetadata {
        variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = base
        variables["AWS_EC2_METADATA_DISABLED"] = nil
      }
    }
    for file in files {
      if let variable = file.variable { variables[variable] = file.path }
      if let google = file.google { variables["GOOGLE_APPLICATION_CREDENTIALS"] = google.path }
    }
    return variables.merging(environment) { $1 }
  }

  private static let credentialVariables = [
    "AWS_CREDENTIAL_FILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  ]
}
