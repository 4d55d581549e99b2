// SPDX-License-Identifier: Apache-2.0
//
// A home directory of its own for a test, with real files, and the surroundings that a client sees in it.

import FederationClient
import Foundation
import IdentityModel
import SigV4

/// A temporary directory that is removed with the last reference.
final class TestHome: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("exeat-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url.appendingPathComponent(".aws"),
      withIntermediateDirectories: true
    )
    path = url.path
  }

  convenience init(config: String? = nil, credentials: String? = nil) throws {
    try self.init()
    if let config { try write(config, to: ".aws/config") }
    if let credentials { try write(credentials, to: ".aws/credentials") }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// The real files and processes, and of the environment `PATH` and these variables alone.
  func environment(_ variables: [String: String] = [:]) -> ClientEnvironment {
    var all = variables
    all["HOME"] = path
    all["PATH"] = ProcessInfo.processInfo.environment["PATH"]
    return .system(variables: all)
  }

  /// Resolves a credential in this home.
  func resolve(
    _ variables: [String: String] = [:],
    profile: String? = nil,
    endpoint: String = "http://127.0.0.1:1",
    now: Instant = testNow
  ) async throws -> ResolvedCredential {
    let environment = environment(variables)
    let files = try ProfileFiles(environment)
    let settings = try EndpointSettings(
      .init(endpointURL: endpoint),
      for: .sts,
      profile: nil,
      files: files,
      environment: environment
    )
    return try await withClient { http in
      try await CredentialChain(
        environment: environment,
        files: files,
        profile: profile,
        http: http,
        settings: settings
      ).resolve(now: now)
    }
  }
}

/// 2026-04-21T07:37:10Z.
let testNow = Instant(seconds: 1_776_757_030)

extension SigningCredential {
  /// The parts, readable: tests alone may look.
  var exposed: [String] {
    let secret = secretAccessKey.withBytes { String(decoding: $0, as: UTF8.self) }
    return [accessKeyID, secret] + (sessionToken.map { [$0] } ?? [])
  }
}
