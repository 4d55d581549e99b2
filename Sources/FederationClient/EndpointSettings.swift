// SPDX-License-Identifier: Apache-2.0
//
// Where the server is, in which region to sign, and which certificate authority to trust: options, then environment,
// then profile, as the AWS CLI orders them. Refuses to know credentials.
// Source: AWS SDKs and Tools Reference Guide, service-specific endpoints, AWS Region, general configuration.

package import IdentityModel

/// Why the settings are no good.
///
/// `source` is where the value stands: `--region`, `AWS_REGION`, `profile x`.
package enum EndpointSettingsError: Error, Hashable, Sendable {
  /// Neither option, environment nor profile names an endpoint.
  case noEndpoint
  /// The endpoint is no acceptable URL.
  case malformedEndpoint(source: String, HTTPURLError)
  /// The endpoint holds a query.
  case endpointWithQuery(source: String)
  /// The region is no region name.
  case malformedRegion(source: String)
  /// The profile names a services section that the config file does not hold.
  case servicesNotFound(profile: String, services: String)
}

/// Where and how to reach the server.
package struct EndpointSettings: Sendable {
  /// What a command line says; `nil` for an option that was not given.
  package struct Options: Sendable {
    /// `--endpoint-url`.
    package var endpointURL: String?
    /// `--region`.
    package var region: String?
    /// `--ca-file`.
    package var caFile: String?

    /// Gathers the options.
    package init(endpointURL: String? = nil, region: String? = nil, caFile: String? = nil) {
      self.endpointURL = endpointURL
      self.region = region
      self.caFile = caFile
    }
  }

  /// The server.
  package let endpoint: HTTPURL
  /// The region of the credential scope; `us-east-1` when nothing names one.
  package let region: Region
  /// The PEM file of the certification authorities to trust; `nil` for the system's.
  package let caBundle: String?

  /// Decides every setting.
  ///
  /// Endpoint: `--endpoint-url`, `AWS_ENDPOINT_URL_IAM` or `AWS_ENDPOINT_URL_STS` by the service, `AWS_ENDPOINT_URL`,
  /// the service in the profile's `services` section, the profile's `endpoint_url`, and last what is named for STS,
  /// since one server is both; all but the option are passed over when `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` or the
  /// profile's `ignore_configured_endpoint_urls` is `true`. Region: `--region`, `AWS_REGION`, `AWS_DEFAULT_REGION`,
  /// the profile's `region`. Certification authorities: `--ca-file`, `AWS_CA_BUNDLE`, the profile's `ca_bundle`,
  /// `SSL_CERT_FILE`.
  ///
  /// - Throws: `EndpointSettingsError` when no endpoint is named, or the value that wins is malformed.
  package init(
    _ options: Options,
    for service: ServiceName,
    profile: ProfileFiles.Profile?,
    files: ProfileFiles,
    environment: ClientEnvironment
  ) throws(EndpointSettingsError) {
    endpoint = try chooseEndpoint(options, service, profile, files, environment)
    region = try chooseRegion(options, profile, environment)
    caBundle = chooseCABundle(options, profile?["ca_bundle"], environment)
  }

  /// The certification authorities to trust when no server of ours is involved: `--ca-file`, `AWS_CA_BUNDLE`,
  /// `SSL_CERT_FILE`; `nil` for the system's.
  package static func caBundle(_ options: Options, environment: ClientEnvironment) -> String? {
    chooseCABundle(options, nil, environment)
  }
}

private func chooseEndpoint(
  _ options: EndpointSettings.Options,
  _ service: ServiceName,
  _ profile: ProfileFiles.Profile?,
  _ files: ProfileFiles,
  _ environment: ClientEnvironment
) throws(EndpointSettingsError) -> HTTPURL {
  if let text = options.endpointURL { return try parseEndpoint(text, source: "--endpoint-url") }
  let ignore =
    environment.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? profile?["ignore_configured_endpoint_urls"]
  guard asciiLowercased(ignore ?? "") != "true" else { throw .noEndpoint }
  for name in [variable(of: service), "AWS_ENDPOINT_URL"] {
    if let text = environment.variable(name) { return try parseEndpoint(text, source: name) }
  }
  let services = profile?["services"]
  if let profile, let services {
    guard files.hasServices(services) else {
      throw .servicesNotFound(profile: profile.name, services: services)
    }
    if let text = files.serviceEndpoint(services: services, service: service.rawValue) {
      return try parseEndpoint(text, source: "services \(services)")
    }
  }
  if let profile, let text = profile["endpoint_url"] {
    return try parseEndpoint(text, source: "profile \(profile.name)")
  }
  let lastVariable = variable(of: .sts)
  if let text = environment.variable(lastVariable) { return try parseEndpoint(text, source: lastVariable) }
  guard let services, let text = files.serviceEndpoint(services: services, service: ServiceName.sts.rawValue)
  else { throw .noEndpoint }
  return try parseEndpoint(text, source: "services \(services)")
}

private func variable(of service: ServiceName) -> String {
  switch service {
  case .iam: "AWS_ENDPOINT_URL_IAM"
  case .sts: "AWS_ENDPOINT_URL_STS"
  case .cloudtrail: "AWS_ENDPOINT_URL_CLOUDTRAIL"
  case .organizations: "AWS_ENDPOINT_URL_ORGANIZATIONS"
  }
}

private func parseEndpoint(_ text: String, source: String) throws(EndpointSettingsError) -> HTTPURL {
  let url: HTTPURL
  do throws(HTTPURLError) {
    url = try HTTPURL(text)
  } catch {
    throw .malformedEndpoint(source: source, error)
  }
  guard url.query == nil else { throw .endpointWithQuery(source: source) }
  return url
}

private func chooseRegion(
  _ options: EndpointSettings.Options,
  _ profile: ProfileFiles.Profile?,
  _ environment: ClientEnvironment
) throws(EndpointSettingsError) -> Region {
  let candidates: [(text: String?, source: String)] = [
    (options.region, "--region"),
    (environment.variable("AWS_REGION"), "AWS_REGION"),
    (environment.variable("AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"),
    (profile?["region"], "profile \(profile?.name ?? "")"),
    ("us-east-1", "default"),
  ]
  for case (let text?, let source) in candidates {
    guard let region = Region(text) else { throw .malformedRegion(source: source) }
    return region
  }
  throw .malformedRegion(source: "default")
}

private func chooseCABundle(
  _ options: EndpointSettings.Options,
  _ profileBundle: String?,
  _ environment: ClientEnvironment
) -> String? {
  options.caFile ?? environment.variable("AWS_CA_BUNDLE") ?? profileBundle
    ?? environment.variable("SSL_CERT_FILE")
}
