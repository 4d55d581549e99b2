// SPDX-License-Identifier: Apache-2.0
//
// What token status needs besides the directory: a place for what is reserved, and compression. Absent means no: tokens
// get no places then, and an account that wants them gets no tokens.

/// What token status needs.
package struct TokenStatusServices: Sendable {
  /// Keeps which places in status lists are taken.
  package let progress: any ProgressStore
  /// Compresses lists.
  package let zlib: Zlib

  /// Pairs `progress` and `zlib`.
  package init(progress: any ProgressStore, zlib: Zlib) {
    self.progress = progress
    self.zlib = zlib
  }

  /// Nothing.
  package static let none = TokenStatusServices(
    progress: NoProgress(),
    zlib: Zlib(compress: { _ in nil }, decompress: { _, _ in nil })
  )
}

private struct NoProgress: ProgressStore {
  func progress(of name: String) throws(StoreError) -> [UInt8]? { nil }

  func progressNames() throws(StoreError) -> [String] { [] }

  func setProgress(of name: String, _ body: [UInt8]?) throws(StoreError) {
    throw .unavailable("there is no place for token status here")
  }
}
