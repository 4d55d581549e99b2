// SPDX-License-Identifier: Apache-2.0
//
// Objects put over HTTP: what stands on the wire, signed as botocore signs for S3, and what becomes of each answer.

import FederationClient
import Foundation
import IdentityModel
import SigV4
import Synchronization
import Testing

struct S3ClientTests {
  private static let error = """
    <?xml version="1.0" encoding="UTF-8"?>
    <Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message>
    <RequestId>R</RequestId></Error>
    """

  private func withBucket(
    path: String = "",
    answer: @escaping @Sendable (ReceivedRequest) -> ServerAnswer = { _ in .text("") },
    _ body: (S3Client, LoopbackServer) async throws -> Void
  ) async throws {
    try await withServer(answer: answer) { server in
      try await withClient { http in
        let credential = SigningCredential(
          accessKeyID: "ASIATEST",
          secretAccessKey: Secret("the secret"),
          sessionToken: "the+token/="
        )
        let client = S3Client(
          endpoint: try HTTPURL(server.url(path: path)),
          bucket: "audit",
          region: try #require(Region("eu-west-1")),
          http: http,
          credential: { _ async throws(CredentialChainError) in credential },
          clock: { testNow }
        )
        try await body(client, server)
      }
    }
  }

  private func put(_ client: S3Client, _ key: String = "a/b.json.gz") async throws(S3ClientError) {
    try await client.putObject(
      key,
      body: Array("content".utf8),
      headers: [HTTPField("Content-Encoding", "gzip"), HTTPField("x-amz-meta-signature", "0a0b")]
    )
  }

  @Test(arguments: ["", "/s3/"])
  func `an object is put path-style, with its hash and metadata`(_ path: String) async throws {
    try await withBucket(path: path) { client, server in
      try await put(client, "p é+=/x y.json.gz")
      let request = try #require(server.requests.first)
      #expect(request.method == "PUT")
      #expect(request.target == (path.isEmpty ? "/" : path) + "audit/p%20%C3%A9%2B%3D/x%20y.json.gz")
      #expect(request.text == "content")
      #expect(request["content-encoding"] == "gzip")
      #expect(request["x-amz-meta-signature"] == "0a0b")
      #expect(
        request["x-amz-content-sha256"] == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
      )
      #expect(request["x-amz-checksum-sha256"] == "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=")
    }
  }

  /// Signs what was received and prints the signature.
  ///
  /// Arguments: URL, time; then names and values of headers.
  private static let script = """
    import sys
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    url, time = sys.argv[1:3]
    headers = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    request = AWSRequest(method="PUT", url=url, data=b"content", headers=headers)
    request.context.update(timestamp=time, signing={})
    auth = S3SigV4Auth(Credentials("ASIATEST", "the secret"), "s3", "eu-west-1")
    print(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))
    """

  private static let python = ["python3", "/usr/bin/python3"].first { candidate in
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [candidate, "-c", "import botocore.auth"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test(
    .enabled(if: python != nil, "needs python3 with botocore"),
    arguments: ["a/b.json.gz", "p é+=/x y.json.gz", "p//q%2F~.json.gz"]
  )
  func `the signature is the one that botocore makes for S3`(_ key: String) async throws {
    try await withBucket { client, server in
      try await put(client, key)
      let request = try #require(server.requests.first)
      let authorization = try #require(request["authorization"])
      let signed = try #require(authorization.firstMatch(of: /SignedHeaders=([^,]*), Signature=([0-9a-f]*)$/))
      var arguments = [server.url() + request.target, try #require(request["x-amz-date"])]
      for name in signed.output.1.split(separator: ";") {
        arguments += [String(name), try #require(request[String(name)])]
      }
      let environment = ClientEnvironment.live()
      let theirs = try await environment.runProcess(
        [try #require(Self.python), "-c", Self.script] + arguments
      )
      let text = String(decoding: theirs, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(text == signed.output.2)
      #expect(authorization.contains("Credential=ASIATEST/"))
      #expect(authorization.contains("/eu-west-1/s3/aws4_request"))
    }
  }

  @Test func `a refusal tells S3's code, when it is one`() async throws {
    try await withBucket(answer: { _ in .text(Self.error, status: 404) }) { client, _ in
      await #expect(
        throws: S3ClientError.refused(
          status: 404,
          code: "NoSuchBucket",
          message: "The specified bucket does not exist"
        )
      ) { try await put(client) }
    }
    let odd = "<Error><Code>No\u{1B}[31m Bucket</Code></Error>"
    for text in [odd, "", "no XML", "<!DOCTYPE a><Error><Code>A</Code></Error>"] {
      try await withBucket(answer: { _ in .text(text, status: 500) }) { client, _ in
        await #expect(throws: S3ClientError.refused(status: 500, code: nil, message: nil)) {
          try await put(client)
        }
      }
    }
  }

  @Test func `a redirect is a refusal, and is not followed`() async throws {
    let elsewhere = [HTTPField("Location", "http://192.0.2.1/")]
    try await withBucket(answer: { _ in .text("", status: 307, headers: elsewhere) }) { client, server in
      await #expect(throws: S3ClientError.refused(status: 307, code: nil, message: nil)) {
        try await put(client)
      }
      #expect(server.requests.count == 1)
    }
  }

  @Test func `no whole answer is neither yes nor no`() async throws {
    try await withBucket(answer: { _ in .closed }) { client, _ in
      await #expect(throws: S3ClientError.http(.connectionLost)) { try await put(client) }
    }
  }

  @Test(arguments: ["", "..", "a/../b", "a/./b", "a\0b"])
  func `a key that would not arrive as it is never leaves`(_ key: String) async throws {
    try await withBucket { client, server in
      await #expect(throws: S3ClientError.unusableKey) { try await put(client, key) }
      #expect(server.requests.isEmpty)
    }
  }

  @Test func `without a credential nothing is sent, and one that fits no header is not used`() async throws {
    try await withServer(answer: { _ in .text("") }) { server in
      try await withClient { http in
        func client(_ credential: @escaping S3Client.Credential) throws -> S3Client {
          S3Client(
            endpoint: try HTTPURL(server.url()),
            bucket: "audit",
            region: try #require(Region("us-east-1")),
            http: http,
            credential: credential,
            clock: { testNow }
          )
        }
        let none = try client { _ async throws(CredentialChainError) in throw .noCredentials }
        await #expect(throws: S3ClientError.credential(.noCredentials)) { try await put(none) }
        let odd = try client { _ async throws(CredentialChainError) in
          SigningCredential(accessKeyID: "A\nB", secretAccessKey: Secret("s"))
        }
        await #expect(throws: S3ClientError.unusableCredential) { try await put(odd) }
        #expect(server.requests.isEmpty)
      }
    }
  }

  @Test func `a credential is found once for a few minutes, and again before it ends`() async throws {
    let runs = Mutex(0)
    let environment = ClientEnvironment(
      variables: ["AWS_CONFIG_FILE": "/config", "AWS_SHARED_CREDENTIALS_FILE": "/none"],
      homeDirectory: "/",
      readFile: { path throws(FileError) in
        guard path == "/config" else { throw .absent }
        return Array("[default]\ncredential_process = find\n".utf8)
      },
      runProcess: { _ async throws(ChildProcessError) in
        let run = runs.withLock {
          $0 += 1; return $0
        }
        let end = testNow.advanced(bySeconds: 120).rfc3339
        let expiration = run == 1 ? #","Expiration":"\#(end)""# : ""
        return Array(#"{"Version":1,"AccessKeyId":"K\#(run)","SecretAccessKey":"s"\#(expiration)}"#.utf8)
      }
    )
    try await withClient { http in
      let region = try #require(Region("us-east-1"))
      let renewed = RenewedCredential(environment: environment, region: region, http: http)
      var found: [String] = []
      for seconds in [0, 59, 60, 359, 360] as [Int64] {
        found.append(try await renewed.credential(now: testNow.advanced(bySeconds: seconds)).accessKeyID)
      }
      #expect(found == ["K1", "K1", "K2", "K2", "K3"])
    }
  }
}
