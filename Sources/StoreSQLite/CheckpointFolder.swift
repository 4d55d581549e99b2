// SPDX-License-Identifier: Apache-2.0
//
// The newest signed checkpoint, the verifier key and how many records may have left the store, as files beside the store
// and not in it: a store that is rolled back or rewritten does not take them along. A file appears whole and durable, or
// not at all.
// Source: POSIX rename, fsync.

import Dispatch
package import Federation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folder of a log: `checkpoint`, `verifier-key`, `retention`.
package struct CheckpointFolder: CheckpointKeeper {
  private let path: String
  // File calls block: they do so here.
  private let queue = DispatchQueue(label: "exeat.log.checkpoint", qos: .userInitiated)

  /// Keeps them in the folder at `path`, which is made, for its owner alone, when it is not there.
  package init(_ path: String) {
    self.path = path
  }

  package func checkpoint() async throws(StoreError) -> [UInt8]? {
    try await onQueue { () throws(StoreError) in try read("checkpoint") }
  }

  package func keep(checkpoint note: [UInt8]) async throws(StoreError) {
    try await onQueue { () throws(StoreError) in try replace("checkpoint", with: note) }
  }

  package func verifierKey() async throws(StoreError) -> String? {
    try await onQueue { () throws(StoreError) in
      try read("verifier-key").map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    }
  }

  package func keep(verifierKey text: String) async throws(StoreError) {
    let content = Array("\(text)\n".utf8)
    try await onQueue { () throws(StoreError) in
      guard try read("verifier-key") != content else { return }
      try replace("verifier-key", with: content)
    }
  }

  package func sealedRecords() async throws(StoreError) -> UInt64 {
    try await onQueue { () throws(StoreError) in try readSealedRecords() }
  }

  package func keep(sealedRecords count: UInt64) async throws(StoreError) {
    try await onQueue { () throws(StoreError) in
      guard try readSealedRecords() < count else { return }
      try replace("retention", with: Array("\(count)\n".utf8))
    }
  }

  private func readSealedRecords() throws(StoreError) -> UInt64 {
    guard let content = try read("retention") else { return 0 }
    let digits = content.prefix { $0 != UInt8(ascii: "\n") }
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let count = UInt64(String(decoding: digits, as: UTF8.self))
    else { throw .corrupted("`\(path)/retention` does not say how many records were sealed") }
    return count
  }

  package func keepCopy(suffix: String) async throws(StoreError) {
    try await onQueue { () throws(StoreError) in
      guard let note = try read("checkpoint") else { return }
      try replace("checkpoint.\(suffix)", with: note)
    }
  }

  private func onQueue<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let result: Result<Value, StoreError> = await withCheckedContinuation { done in
      queue.async { done.resume(returning: Result(catching: body)) }
    }
    return try result.get()
  }

  private func read(_ name: String) throws(StoreError) -> [UInt8]? {
    let file = "\(path)/\(name)"
    guard let content = try DurableFile.read(file, maximumBytes: 1 << 20) else { return nil }
    return content
  }

  private func replace(_ name: String, with content: [UInt8]) throws(StoreError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .unavailable(systemError(path)) }
    try DurableFile.replace("\(path)/\(name)", with: content)
  }
}

/// A checkpoint that is gone with the process, for a store that is.
package actor CheckpointMemory: CheckpointKeeper {
  private var note: [UInt8]?
  private var key: String?
  private var sealed: UInt64 = 0

  /// Keeps nothing yet.
  package init() {}

  package func checkpoint() -> [UInt8]? { note }
  package func keep(checkpoint note: [UInt8]) { self.note = note }
  package func verifierKey() -> String? { key }
  package func keep(verifierKey text: String) { key = text }
  package func sealedRecords() -> UInt64 { sealed }
  package func keep(sealedRecords count: UInt64) { sealed = max(sealed, count) }
  package func keepCopy(suffix: String) {}
}
