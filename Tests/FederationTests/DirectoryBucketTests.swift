// SPDX-License-Identifier: Apache-2.0
//
// A directory as a bucket, on a real disk: what is written where, and which keys are not.

import Federation
import Foundation
import Testing
import TrailStorage

@Suite struct DirectoryBucketTests {
  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-bucket-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The code with which `bucket` refuses `object`; `nil` when it does not.
  private func refusal(_ bucket: DirectoryBucket, _ object: TrailObject) async -> String? {
    do {
      try await bucket.put(object)
      return nil
    } catch {
      guard case .refused(let code, _) = error else { return nil }
      return code
    }
  }

  private func object(_ key: String, _ text: String = "x", metadata: [(name: String, value: String)] = [])
    -> TrailObject
  {
    TrailObject(key: key, body: Array(text.utf8), metadata: metadata)
  }

  @Test func `an object is a file at its key, its metadata beside it, and again is over it`() async throws {
    try await withFolder { folder in
      let bucket = DirectoryBucket(path: folder.path)
      let metadata = [
        (name: "signature", value: "0a"), (name: "signature-algorithm", value: "SHA256withRSA"),
      ]
      try await bucket.put(object("a/b/c.json.gz", "first"))
      try await bucket.put(object("a/b/d.json.gz", "digest", metadata: metadata))
      try await bucket.put(object("a/b/c.json.gz", "second"))
      #expect(try String(contentsOf: folder.appending(path: "a/b/c.json.gz"), encoding: .utf8) == "second")
      let beside = try String(
        contentsOf: folder.appending(path: "a/b/d.json.gz.metadata.json"),
        encoding: .utf8
      )
      #expect(beside == #"{"signature":"0a","signature-algorithm":"SHA256withRSA"}"#)
      #expect(
        try names(in: folder.appending(path: "a/b")) == ["c.json.gz", "d.json.gz", "d.json.gz.metadata.json"]
      )
    }
  }

  @Test func `what a crash left half written does not stand in the way`() async throws {
    try await withFolder { folder in
      try Data("half".utf8).write(to: folder.appending(path: ".c.json.gz"))
      try await DirectoryBucket(path: folder.path).put(object("c.json.gz", "whole"))
      #expect(try names(in: folder) == ["c.json.gz"])
    }
  }

  @Test(arguments: [
    "../c.json.gz", "a/../c.json.gz", "./c.json.gz", "a//c.json.gz", "/c.json.gz", "a/", "", "a\0b/c.json.gz",
    // Where another account's object is going to be, no folder may be made.
    "x.json.gz/c.json.gz", "x.json.gz.metadata.json/c.json.gz",
  ])
  func `a key that is no path below the directory is refused`(_ key: String) async throws {
    try await withFolder { folder in
      let refused = await refusal(DirectoryBucket(path: folder.path), object(key))
      let left = try names(in: folder)
      #expect(refused == "InvalidURI")
      #expect(left.isEmpty)
    }
  }

  @Test func `a symbolic link below the directory is not followed`() async throws {
    try await withFolder { folder in
      let (bucket, outside) = (folder.appending(path: "bucket"), folder.appending(path: "outside"))
      for made in [bucket, outside] {
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
      }
      try FileManager.default.createSymbolicLink(at: bucket.appending(path: "a"), withDestinationURL: outside)
      #expect(await refusal(DirectoryBucket(path: bucket.path), object("a/c.json.gz")) == "AccessDenied")
      #expect(try names(in: outside).isEmpty)
    }
  }

  @Test func `a directory that is not there is no bucket, and is not made`() async throws {
    try await withFolder { folder in
      let path = folder.appending(path: "unmounted").path
      #expect(await refusal(DirectoryBucket(path: path), object("c.json.gz")) == "NoSuchBucket")
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test func `gzip gives the same member for the same octets, and names no time`() throws {
    let octets = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let member = try #require(Gzip.zlib.compress(octets))
    #expect(member == Gzip.zlib.compress(octets))
    #expect(Array(member.prefix(8)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    #expect(member.count < octets.count / 10)
    // The trailer says how long the content is (RFC 1952 §2.3.1).
    #expect(member.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) } == octets.count)
    #expect(Gzip.zlib.compress([])?.suffix(8) == [0, 0, 0, 0, 0, 0, 0, 0])
  }
}
