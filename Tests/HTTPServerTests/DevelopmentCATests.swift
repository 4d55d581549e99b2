// SPDX-License-Identifier: Apache-2.0
//
// The development certificate authority; openssl is the judge of its certificates. Source: RFC 5280 §4.2.

import Foundation
import Glibc
import HTTPServer
import IdentityModel
import Testing

@Suite struct `Development certificate authority` {
  private let directory = TemporaryDirectory()
  private let now = Instant(seconds: 1_770_000_000)

  private func ensure(_ hostNames: [String] = [], days: Int64 = 0) throws -> DevelopmentCA.Paths {
    try DevelopmentCA.ensure(
      directory: "\(directory.path)/tls",
      hostNames: hostNames,
      now: now.advanced(bySeconds: days * 86_400)
    )
  }

  private func content(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `private keys are for their owner alone`() throws {
    let paths = try ensure()
    #expect(try mode(paths.key) == 0o600)
    #expect(try mode("\(directory.path)/tls/ca-key.pem") == 0o600)
    #expect(try mode(paths.certificateAuthority) == 0o644)
    #expect(try mode(paths.certificate) == 0o644)
    #expect(try mode("\(directory.path)/tls") == 0o700)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/tls").count == 4)
  }

  @Test func `the files end with one line feed, so that they can be put one after the other`() throws {
    let paths = try ensure()
    for path in [
      paths.certificateAuthority, paths.certificate, paths.key, "\(directory.path)/tls/ca-key.pem",
    ] {
      #expect(String(decoding: try content(path), as: UTF8.self).hasSuffix("-----\n"), "\(path)")
    }
  }

  @Test func `the authority is kept and the certificate renewed when its time or its names change`() throws {
    let paths = try ensure(["a.test"])
    let (authority, certificate) = (try content(paths.certificateAuthority), try content(paths.certificate))
    _ = try ensure(["A.test", "localhost"], days: 365)
    #expect(try content(paths.certificate) == certificate)
    _ = try ensure(["a.test"], days: 367)
    let renewed = try content(paths.certificate)
    #expect(renewed != certificate)
    _ = try ensure(["a.test", "b.test"], days: 367)
    let renamed = try content(paths.certificate)
    #expect(renamed != renewed)
    try FileManager.default.removeItem(atPath: paths.key)
    _ = try ensure(["a.test", "b.test"], days: 367)
    #expect(try content(paths.certificate) != renamed)
    #expect(try content(paths.certificateAuthority) == authority)
  }

  @Test func `an authority that is broken, incomplete or used up is not replaced in silence`() throws {
    let paths = try ensure()
    #expect(throws: HTTPServerError.certificateAuthorityExpired(path: paths.certificateAuthority)) {
      try ensure(days: 3640)
    }
    let keyPath = "\(directory.path)/tls/ca-key.pem"
    let key = try content(keyPath)
    try content(paths.key).write(to: URL(fileURLWithPath: keyPath))
    #expect(
      throws: HTTPServerError.keyDoesNotMatchCertificate(
        certificate: paths.certificateAuthority,
        key: keyPath
      )
    ) { try ensure() }
    try FileManager.default.removeItem(atPath: keyPath)
    #expect(throws: HTTPServerError.certificateAuthorityIncomplete(missing: keyPath)) { try ensure() }
    try key.write(to: URL(fileURLWithPath: keyPath))
    try FileManager.default.removeItem(atPath: paths.certificateAuthority)
    #expect(throws: HTTPServerError.certificateAuthorityIncomplete(missing: paths.certificateAuthority)) {
      try ensure()
    }
  }

  @Test func `a directory or a key that others can get at is refused by name`() throws {
    let paths = try ensure()
    let tls = "\(directory.path)/tls"
    func refused(_ path: String, mode: mode_t, back: mode_t) throws {
      #expect(chmod(path, mode) == 0)
      #expect(throws: HTTPServerError.self) { try ensure() }
      do {
        _ = try ensure()
      } catch HTTPServerError.unsafePermissions(let named, _) {
        #expect(named == path)
      }
      #expect(chmod(path, back) == 0)
      #expect(try ensure() == paths)
    }
    try refused(tls, mode: 0o770, back: 0o755)
    try refused(tls, mode: 0o702, back: 0o700)
    try refused("\(tls)/ca-key.pem", mode: 0o640, back: 0o600)
    try refused("\(tls)/ca-key.pem", mode: 0o604, back: 0o400)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
  func `a directory or a key of another user is refused by name`() throws {
    _ = try ensure()
    for path in ["\(directory.path)/tls", "\(directory.path)/tls/ca-key.pem"] {
      #expect(chown(path, 12_345, 12_345) == 0)
      #expect(
        throws: HTTPServerError.unsafePermissions(path: path, reason: "it belongs to user 12345")
      ) { try ensure() }
      #expect(chown(path, 0, 0) == 0)
    }
    _ = try ensure()
  }

  @Test(arguments: ["", "a b", "-a.test", "a..test", "*", "a.*.test", "x/y", "ü.test", "a_b.test"])
  func `a name that no certificate can carry is refused`(name: String) {
    #expect(throws: HTTPServerError.invalidHostName(name)) { try ensure([name]) }
  }

  @Test(.enabled(if: installed("openssl") != nil, "openssl is not installed"))
  func `openssl finds every name and accepts the chain strictly`() async throws {
    let openssl = try #require(installed("openssl"))
    let current = Instant(seconds: Int64(time(nil)))
    let paths = try DevelopmentCA.ensure(
      directory: "\(directory.path)/now",
      hostNames: ["*.tokens.example.test", "10.1.2.3", "fd00::1"],
      now: current
    )
    for option in [
      ["-verify_hostname", "localhost"], ["-verify_hostname", "x.tokens.example.test"],
      ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"], ["-verify_ip", "10.1.2.3"],
      ["-verify_ip", "fd00::1"],
    ] {
      let result = try await run(
        openssl,
        ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", paths.certificateAuthority] + option
          + [paths.certificate]
      )
      #expect(result.status == 0, "\(option): \(result.output)")
    }
    let other = try await run(
      openssl,
      [
        "verify", "-CAfile", paths.certificateAuthority, "-verify_hostname", "example.test",
        paths.certificate,
      ]
    )
    #expect(other.status != 0)
    let text = try await run(openssl, ["x509", "-noout", "-text", "-in", paths.certificateAuthority]).output
    #expect(text.contains("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0"))
    #expect(text.contains("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign"))
    #expect(
      text.contains("X509v3 Subject Key Identifier") && text.contains("X509v3 Authority Key Identifier")
    )
    let days = try await run(
      openssl,
      ["x509", "-noout", "-checkend", "\(397 * 86_400)", "-in", paths.certificate]
    )
    #expect(days.status != 0, "the certificate lives longer than 397 days")
  }
}
