// SPDX-License-Identifier: Apache-2.0

import Exchange
import FederationClient
import Testing

struct ExchangeSettingsTests {
  private let environment = ClientEnvironment(
    variables: [:],
    homeDirectory: "/home/test",
    readFile: { path throws(FileError) in
      guard path == "/secret" || path == "/empty" else { throw .absent }
      return Array((path == "/secret" ? "s3cret\n" : "\n").utf8)
    },
    runProcess: { _ throws(ChildProcessError) in throw .notStarted(errno: 2) }
  )

  private func target(
    _ kind: ExchangeKind,
    _ values: [ExchangeSetting: [String]],
    permitsPlainHTTP: Bool = false
  ) throws -> ExchangeTarget {
    try ExchangeTarget(
      kind,
      ExchangeSettings(values, for: kind),
      permitsPlainHTTP: permitsPlainHTTP,
      environment: environment
    )
  }

  private let provider = "projects/1/locations/global/workloadIdentityPools/p/providers/v"

  @Test func `every target is made of what it requires, and of nothing less`() throws {
    let values: [ExchangeSetting: [String]] = [
      .tokenURL: ["https://as.example/token"], .tenant: ["t"], .clientID: ["c"], .provider: [provider],
      .roleARN: ["arn:aws:iam::1:role/r"], .principalARN: ["arn:aws:iam::1:saml-provider/p"],
      .address: ["https://vault.example"],
    ]
    for kind in ExchangeKind.allCases {
      let whole = values.filter { kind.required.contains($0.key) }
      #expect(try target(kind, whole).kind == kind)
      for setting in kind.required {
        #expect(throws: ExchangeSettingsError.missing(setting)) {
          try target(kind, whole.filter { $0.key != setting })
        }
      }
      for setting in ExchangeSetting.allCases
      where !kind.required.contains(setting) && !kind.optional.contains(setting) {
        #expect(throws: ExchangeSettingsError.unknown(setting)) {
          try target(kind, whole.merging([setting: ["x"]]) { $1 })
        }
      }
    }
  }

  @Test(arguments: [
    ("http://as.example/token", false), ("http://127.0.0.1:1/token", true), ("http://[::1]/token", true),
    ("http://localhost/token", true), ("http://localhost.example/token", false), ("https://as.example", true),
    ("ftp://as.example", false), ("https://user@as.example", false), ("https://as.example/#f", false),
  ])
  func `http is spoken on this machine alone`(url: String, isAccepted: Bool) {
    #expect(((try? target(.oauth, [.tokenURL: [url]])) != nil) == isAccepted)
  }

  @Test func `http beyond this machine needs the permission`() throws {
    _ = try target(.oauth, [.tokenURL: ["http://as.example/token"]], permitsPlainHTTP: true)
  }

  @Test func `a provider of Google is a whole resource name with the number of the project`() throws {
    for prefix in ["", "//iam.googleapis.com/", "https://iam.googleapis.com/"] {
      #expect(
        try target(.google, [.provider: [prefix + provider]]).usualAudience
          == "https://iam.googleapis.com/\(provider)"
      )
    }
    for name in [
      "", "projects/name/locations/global/workloadIdentityPools/p/providers/v", "projects/1", provider + "/x",
    ] {
      #expect(throws: (any Error).self) { try target(.google, [.provider: [name]]) }
    }
  }

  @Test func `a client's secret comes from a file and needs its client`() throws {
    let url = ["https://as.example/token"]
    _ = try target(.oauth, [.tokenURL: url, .clientID: ["c"], .clientSecretFile: ["/secret"]])
    #expect(throws: ExchangeSettingsError.missing(.clientID)) {
      try target(.oauth, [.tokenURL: url, .clientSecretFile: ["/secret"]])
    }
    #expect(throws: ExchangeSettingsError.missing(.clientSecretFile)) {
      try target(.oauth, [.tokenURL: url, .clientID: ["c"], .clientAuthentication: ["post"]])
    }
    for (path, reason) in [("/none", "`/none` cannot be read"), ("/empty", "`/empty` is empty")] {
      #expect(throws: ExchangeSettingsError.malformed(.clientSecretFile, reason)) {
        try target(.oauth, [.tokenURL: url, .clientID: ["c"], .clientSecretFile: [path]])
      }
    }
    #expect(throws: ExchangeSettingsError.malformed(.clientAuthentication, "it is neither basic nor post")) {
      try target(
        .oauth,
        [.tokenURL: url, .clientID: ["c"], .clientSecretFile: ["/secret"], .clientAuthentication: ["jwt"]]
      )
    }
  }

  @Test func `a value is single, not empty and without control characters`() {
    for values in [["a", "b"], [""], ["a\nb"], ["a\u{7F}"]] {
      #expect(throws: (any Error).self) { try ExchangeSettings([.address: values], for: .vault) }
    }
    #expect(throws: (any Error).self) {
      try target(.aws, [.roleARN: ["r"], .sessionDuration: ["1h"]])
    }
  }

  @Test func `Entra cannot be asked for nothing`() throws {
    let described: [ExchangeSetting: [String]] = [.tenant: ["t"], .clientID: ["c"]]
    #expect(try target(.entra, described).missingToTrade == .scope)
    #expect(try target(.entra, described.merging([.scope: ["s"]]) { $1 }).missingToTrade == nil)
  }
}
