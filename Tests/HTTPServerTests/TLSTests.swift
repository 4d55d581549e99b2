// SPDX-License-Identifier: Apache-2.0
//
// The judges are curl and openssl, where they are installed.

import Foundation
import Glibc
import HTTPServer
import IdentityModel
import Synchronization
import Testing

private let curlPath = installed("curl") ?? ""
private let openssl = installed("openssl")

@Suite(.enabled(if: !curlPath.isEmpty && openssl != nil, "curl and openssl are not installed"))
struct `TLS and HTTP/2 with foreign clients` {
  private let directory = TemporaryDirectory()

  private var development: TLSSource {
    .development(directory: "\(directory.path)/tls", hostNames: ["*.tokens.localhost"])
  }

  private func curl(_ port: Int, _ arguments: String..., path: String = "/doc") async throws -> ProgramResult
  {
    try await run(
      curlPath,
      ["-sS", "-i", "--max-time", "10", "--cacert", "\(directory.path)/tls/ca.pem"] + arguments
        + ["https://localhost:\(port)\(path)"]
    )
  }

  @Test(arguments: [("--http2", "HTTP/2 200"), ("--http1.1", "HTTP/1.1 200 OK")])
  func `curl trusts the authority and speaks both versions`(option: String, status: String) async throws {
    try await withServer(tls: development) { address in
      let document = try await curl(address.port, option)
      #expect(document.status == 0)
      #expect(document.output.hasPrefix(status), "\(document.output)")
      #expect(document.output.lowercased().contains(#"etag: "v1""#))
      #expect(document.output.hasSuffix(#"{"keys":[]}"#))
      let unchanged = try await curl(address.port, option, "-H", #"If-None-Match: "v1""#)
      #expect(unchanged.output.contains(" 304"))
      let head = try await curl(address.port, option, "-I")
      #expect(head.output.lowercased().contains("content-length: 11"))
      #expect(!head.output.contains("keys"))
      let posted = try await curl(
        address.port,
        option,
        "-d",
        "a=b",
        "-H",
        "X-Amz-Date: now",
        path: "/x?y=%20"
      )
      #expect(
        posted.output.contains("POST /x?y=%20\nhost: localhost:\(address.port)\n")
          || posted.output.contains("POST /x?y=%20\nHost: localhost:\(address.port)\n")
      )
      #expect(posted.output.contains("peer 127.0.0.1\ntls TLSv1.3\n\na=b"))
      let refused = try await curl(address.port, option, "-X", "PUT")
      #expect(refused.output.contains(" 405"))
      let other = try await curl(address.port, option, "--tls-max", "1.2", path: "/x")
      #expect(other.output.contains("tls TLSv1.2"))
    }
  }

  @Test func `the limits hold in HTTP/2`() async throws {
    let body = "\(directory.path)/body"
    try await withServer(tls: development) { address in
      for (length, status) in [(65_536, "HTTP/2 200"), (65_537, "HTTP/2 413")] {
        try Data(repeating: 0x62, count: length).write(to: URL(fileURLWithPath: body))
        let result = try await curl(
          address.port,
          "--http2",
          "-X",
          "POST",
          "-H",
          "Content-Type: text/plain",
          "--data-binary",
          "@\(body)",
          path: "/x"
        )
        #expect(result.output.contains(status), "\(length): \(result.output.prefix(300))")
      }
      // No content-length: the stream is refused while it comes in.
      let streamed = try await run(
        "/bin/sh",
        [
          "-c",
          "head -c 200000 /dev/zero | \(curlPath) -sS -i --max-time 10 --http2 --cacert "
            + "\(directory.path)/tls/ca.pem -T - -X POST https://localhost:\(address.port)/x",
        ]
      )
      #expect(streamed.output.contains("HTTP/2 413"), "\(streamed.output.prefix(300))")
      let many = try await curl(
        address.port,
        "--http2",
        "-H",
        "X-Long: \(String(repeating: "v", count: 17_000))"
      )
      #expect(!many.output.contains("HTTP/2 200"))
      let lines = try await run(
        curlPath,
        ["-sS", "-i", "--cacert", "\(directory.path)/tls/ca.pem", "https://localhost:\(address.port)/doc"]
          + (0..<64).flatMap { ["-H", "X-\($0): v"] }
      )
      #expect(lines.output.contains("HTTP/2 431"), "\(lines.output.prefix(300))")
    }
  }

  @Test func `HTTP/2 with prior knowledge works without TLS`() async throws {
    try await withServer { address in
      let result = try await run(
        curlPath,
        ["-sS", "-i", "--http2-prior-knowledge", "http://127.0.0.1:\(address.port)/x"]
      )
      #expect(result.output.hasPrefix("HTTP/2 200"))
      #expect(result.output.contains("GET /x\nhost: 127.0.0.1:\(address.port)\n"))
    }
  }

  @Test func `TLS 1_1 and suites without forward secrecy are refused`() async throws {
    let program = try #require(openssl)
    try await withServer(tls: development) { address in
      let target = ["s_client", "-connect", "127.0.0.1:\(address.port)"]
      let old = try await run(program, target + ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
      #expect(old.status != 0)
      let weak = try await run(program, target + ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA"])
      #expect(weak.status != 0)
      let cbc = try await run(program, target + ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"])
      #expect(cbc.status != 0)
      let good = try await run(
        program,
        target + [
          "-tls1_2", "-verify_return_error", "-x509_strict", "-CAfile", "\(directory.path)/tls/ca.pem",
        ]
      )
      #expect(good.status == 0, "\(good.output)")
      let newest = try await run(program, target + ["-alpn", "h2,http/1.1"])
      #expect(newest.output.contains("TLSv1.3"))
      #expect(newest.output.contains("ALPN protocol: h2"))
    }
  }

  @Test func `a certificate is replaced while the server runs, and a broken one is not taken`() async throws {
    let now = Instant(seconds: Int64(time(nil)))
    let first = try DevelopmentCA.ensure(directory: "\(directory.path)/a", hostNames: ["one.test"], now: now)
    let second = try DevelopmentCA.ensure(directory: "\(directory.path)/b", hostNames: ["two.test"], now: now)
    let (certificate, key) = ("\(directory.path)/server.pem", "\(directory.path)/key.pem")
    @Sendable func install(_ source: String, _ target: String) throws {
      try Data(contentsOf: URL(fileURLWithPath: source)).write(to: URL(fileURLWithPath: target))
    }
    try install(first.certificate, certificate)
    try install(first.key, key)
    let program = curlPath
    try await withServer(tls: .files(certificate: certificate, key: key)) { address in
      @Sendable func trusts(_ paths: DevelopmentCA.Paths) async throws -> Bool {
        try await run(
          program,
          ["-sS", "--cacert", paths.certificateAuthority, "https://localhost:\(address.port)/doc"]
        ).status == 0
      }
      @Sendable func comesToTrust(_ paths: DevelopmentCA.Paths) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !trusts(paths) {
          guard ContinuousClock.now < deadline else { return false }
          try await Task.sleep(for: .milliseconds(200))
        }
        return true
      }
      #expect(try await trusts(first))
      #expect(try await !trusts(second))
      try Data("-----BEGIN CERTIFICATE-----\nbroken".utf8).write(to: URL(fileURLWithPath: certificate))
      try await Task.sleep(for: .seconds(3))
      #expect(try await trusts(first))
      try install(second.certificate, certificate)
      try await Task.sleep(for: .seconds(3))
      // A pair that does not match is not taken either.
      #expect(try await trusts(first))
      try install(second.key, key)
      #expect(try await comesToTrust(second))
      #expect(try await !trusts(first))
    }
  }

  @Test func `files that cannot be used are named`() async throws {
    let now = Instant(seconds: Int64(time(nil)))
    let first = try DevelopmentCA.ensure(directory: "\(directory.path)/a", hostNames: [], now: now)
    let second = try DevelopmentCA.ensure(directory: "\(directory.path)/b", hostNames: [], now: now)
    func error(_ certificate: String, _ key: String) async -> HTTPServerError? {
      await #expect(throws: HTTPServerError.self) {
        try await withServer(tls: .files(certificate: certificate, key: key)) { _ in () }
      }
    }
    #expect(
      await error(first.certificate, second.key)
        == .keyDoesNotMatchCertificate(certificate: first.certificate, key: second.key)
    )
    #expect(
      await error("/nowhere/a.pem", first.key)
        == .cannotReadCertificate(path: "/nowhere/a.pem", reason: "No such file or directory")
    )
    #expect(
      await error(first.certificate, "/nowhere/b.pem")
        == .cannotReadKey(path: "/nowhere/b.pem", reason: "No such file or directory")
    )
    #expect(
      await error(first.certificate, first.certificate)
        == .cannotReadKey(path: first.certificate, reason: "not an unencrypted PEM private key")
    )
    #expect(
      await error(first.key, first.key)
        == .cannotReadCertificate(path: first.key, reason: "not a PEM certificate")
    )
    // Nobody writes into the pipe: to open or to read it would take for ever.
    let pipe = "\(directory.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(
      await error(pipe, first.key) == .cannotReadCertificate(path: pipe, reason: "not a regular file")
    )
    #expect(
      await error(first.certificate, directory.path)
        == .cannotReadKey(path: directory.path, reason: "not a regular file")
    )
  }

  @Test func `a client that opens a connection and does not shake hands is cut off`() async throws {
    let (text, ended) = try await withServer(
      tls: development,
      configure: { $0.headerTimeout = .milliseconds(400) }
    ) { address in
      try await RawClient.exchange("\u{16}\u{3}\u{1}", port: address.port)
    }
    #expect(text == "" && ended)
  }

  @Test func `an authority in memory leaves its certificate alone`() async throws {
    let path = "\(directory.path)/dev-ca.pem"
    let program = curlPath
    try await withServer(tls: .developmentInMemory(certificateAuthorityPath: path, hostNames: [])) {
      address in
      let result = try await run(
        program,
        ["-sS", "--cacert", path, "https://localhost:\(address.port)/doc"]
      )
      #expect(result.output == #"{"keys":[]}"#)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["dev-ca.pem"])
  }

  @Test func `HTTP/2 requests in flight survive the shutdown`() async throws {
    let program = curlPath
    let path = "\(directory.path)/tls/ca.pem"
    let echo = Echo()
    let exchange = try await withServer(tls: development, responder: echo) { address in
      let exchange = Task {
        let url = "https://localhost:\(address.port)/slow/1000"
        return try await run(program, ["-sS", "-i", "--http2", "-Z", "--cacert", path, url, url, url])
      }
      let deadline = ContinuousClock.now + .seconds(30)
      while echo.begun.withLock({ $0 }) < 3, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      return exchange
    }.value
    #expect(exchange.status == 0)
    #expect(exchange.output.components(separatedBy: "HTTP/2 200").count == 4, "\(exchange.output)")
  }
}
