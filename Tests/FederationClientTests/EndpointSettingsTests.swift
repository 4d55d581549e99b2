// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import Testing

struct EndpointSettingsTests {
  private let config = """
    [default]
    endpoint_url = http://profile.example
    region = eu-west-1
    ca_bundle = /profile.pem
    [profile services]
    endpoint_url = http://profile.example
    services = loop
    [profile sts-only]
    services = loop
    [profile lost]
    services = nowhere
    [profile iam-only]
    services = other
    endpoint_url = http://global.example
    [profile ignoring]
    ignore_configured_endpoint_urls = TRUE
    endpoint_url = http://profile.example
    [services loop]
    sts =
      endpoint_url = http://services.example
    [services other]
    iam =
      endpoint_url = http://iam.example
    """

  private func settings(
    _ variables: [String: String] = [:],
    for service: ServiceName = .sts,
    options: EndpointSettings.Options = .init(),
    profile: String = "default"
  ) throws -> EndpointSettings {
    let home = try TestHome(config: config)
    let environment = home.environment(variables)
    let files = try ProfileFiles(environment)
    return try EndpointSettings(
      options,
      for: service,
      profile: files.profile(profile),
      files: files,
      environment: environment
    )
  }

  @Test func `the endpoint is found in the order of the AWS CLI`() throws {
    let service = ["AWS_ENDPOINT_URL_STS": "http://service.example"]
    let both = service.merging(["AWS_ENDPOINT_URL": "http://global.example"]) { $1 }
    #expect(
      try settings(both, options: .init(endpointURL: "https://o.example:8443")).endpoint.authority
        == "o.example:8443"
    )
    #expect(try settings(both).endpoint.host == "service.example")
    #expect(try settings(["AWS_ENDPOINT_URL": "http://g.example"]).endpoint.host == "g.example")
    #expect(try settings(profile: "services").endpoint.host == "services.example")
    #expect(try settings(profile: "iam-only").endpoint.host == "global.example")
    #expect(try settings().endpoint.host == "profile.example")
  }

  @Test func `a call of IAM goes to IAM's endpoint, and to that of STS when nothing else is named`() throws {
    let sts = ["AWS_ENDPOINT_URL_STS": "http://sts.example"]
    let all = [
      "AWS_ENDPOINT_URL_IAM": "http://iam-variable.example", "AWS_ENDPOINT_URL": "http://global.example",
    ].merging(sts) { $1 }
    func host(_ variables: [String: String] = [:], profile: String) throws -> String {
      try settings(variables, for: .iam, profile: profile).endpoint.host
    }
    #expect(try host(all, profile: "default") == "iam-variable.example")
    #expect(try settings(all).endpoint.host == "sts.example")
    #expect(try host(all.filter { $0.key != "AWS_ENDPOINT_URL_IAM" }, profile: "default") == "global.example")
    #expect(try host(sts, profile: "iam-only") == "iam.example")
    #expect(try host(sts, profile: "services") == "profile.example")
    #expect(try host(sts, profile: "none") == "sts.example")
    #expect(try host(sts, profile: "sts-only") == "sts.example")
    #expect(try host(profile: "sts-only") == "services.example")
    #expect(throws: EndpointSettingsError.noEndpoint) {
      try settings(["AWS_ENDPOINT_URL_IAM": "http://iam-variable.example"], profile: "none")
    }
    #expect(throws: EndpointSettingsError.malformedEndpoint(source: "AWS_ENDPOINT_URL_IAM", .scheme)) {
      try settings(["AWS_ENDPOINT_URL_IAM": "iam.example"], for: .iam)
    }
  }

  @Test func `configured endpoints can be passed over`() throws {
    let ignore = ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://g.example"]
    #expect(throws: EndpointSettingsError.noEndpoint) { try settings(ignore) }
    #expect(throws: EndpointSettingsError.noEndpoint) { try settings(profile: "ignoring") }
    #expect(
      try settings(ignore, options: .init(endpointURL: "http://o.example")).endpoint.host == "o.example"
    )
  }

  @Test func `a wrong endpoint is refused with its source`() throws {
    #expect(throws: EndpointSettingsError.malformedEndpoint(source: "AWS_ENDPOINT_URL", .scheme)) {
      try settings(["AWS_ENDPOINT_URL": "localhost:4566"])
    }
    #expect(throws: EndpointSettingsError.endpointWithQuery(source: "--endpoint-url")) {
      try settings(options: .init(endpointURL: "http://o.example/?a"))
    }
    #expect(throws: EndpointSettingsError.servicesNotFound(profile: "lost", services: "nowhere")) {
      try settings(profile: "lost")
    }
  }

  @Test func `region and certification authorities are found in order`() throws {
    let variables = [
      "AWS_REGION": "r-1", "AWS_DEFAULT_REGION": "r-2", "AWS_CA_BUNDLE": "/aws.pem",
      "SSL_CERT_FILE": "/ssl.pem",
    ]
    let byOption = try settings(variables, options: .init(region: "r-0", caFile: "/option.pem"))
    #expect(byOption.region.description == "r-0" && byOption.caBundle == "/option.pem")
    #expect(try settings(variables).region.description == "r-1")
    #expect(try settings(variables).caBundle == "/aws.pem")
    #expect(try settings(["AWS_DEFAULT_REGION": "r-2"]).region.description == "r-2")
    #expect(try settings(["SSL_CERT_FILE": "/ssl.pem"]).caBundle == "/profile.pem")
    #expect(try settings().region.description == "eu-west-1")
    let bare = try settings(["SSL_CERT_FILE": "/ssl.pem"], profile: "services")
    #expect(bare.region.description == "us-east-1" && bare.caBundle == "/ssl.pem")
    #expect(throws: EndpointSettingsError.malformedRegion(source: "AWS_REGION")) {
      try settings(["AWS_REGION": "EU WEST"])
    }
  }
}
