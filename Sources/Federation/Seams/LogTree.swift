// SPDX-License-Identifier: Apache-2.0
//
// The Merkle log as the house needs it: a tree that a store keeps beside the records, a place outside the store for the
// last signed checkpoint, and the key that signs. Knows no SQL and no files. Source: C2SP tlog-tiles; RFC 6962 §2.1.

package import AuditTrail

/// The tree over the audit log as a store holds it.
package struct StoredTree: Hashable, Sendable {
  /// Size and right edge.
  package let state: TreeState
  /// How many of the oldest records have left the store, sealed: always a multiple of 256.
  package let floor: UInt64
  /// The number of the newest record in the store; at least the tree's size, unless records are gone.
  package let records: UInt64

  /// Gathers the parts.
  package init(state: TreeState, floor: UInt64, records: UInt64) {
    self.state = state
    self.floor = floor
    self.records = records
  }
}

/// Reads the tree.
///
/// Record *n* of the audit log is leaf *n* − 1, its JSON byte for byte.
package protocol LogTreeReader: Sendable {
  /// The tree as it is durable.
  ///
  /// - Throws: `corrupted` when what is kept does not make a tree.
  func logTree() async throws(StoreError) -> StoredTree

  /// The hashes of `tile`; `nil` when the tree has no such tile, or not that wide.
  func hashes(of tile: Tile) async throws(StoreError) -> [MerkleHash]?

  /// The records whose hashes are in the tile of level 0 at `index`; `nil` when the tree does not have as many, or they
  /// have left the store.
  ///
  /// - Throws: `corrupted` when one of them is missing though it has not left.
  func entries(inBundle index: UInt64, width: Int) async throws(StoreError) -> [[UInt8]]?

  /// The leaf of the newest record of a token with this `jti`; `nil` when there is none. It may not be in the tree yet.
  func leafIndex(ofToken jti: String) async throws(StoreError) -> UInt64?

  /// The leaf of the newest record with this event id; `nil` when there is none. It may not be in the tree yet.
  func leafIndex(ofEvent eventID: String) async throws(StoreError) -> UInt64?
}

/// Grows the tree.
package protocol LogTreeStore: LogTreeReader {
  /// Takes up to `limit` records that are not in the tree yet into it; durable on return.
  ///
  /// Never twice at a time. After a failure the tree is what `logTree` says.
  ///
  /// - Returns: how many were taken.
  func growLogTree(atMost limit: Int) async throws(StoreError) -> Int

  /// Begins another tree over the same records, for a log that goes on under another name; durable on return.
  ///
  /// The tiles of the tree before stay, out of sight.
  func beginLogTree() async throws(StoreError)
}

/// Keeps the newest signed checkpoint, and how many records were sealed, where whoever rewrites or rolls back the store
/// does not reach it.
package protocol CheckpointKeeper: Sendable {
  /// What was kept last; `nil` when nothing ever was.
  func checkpoint() async throws(StoreError) -> [UInt8]?

  /// Keeps `note` in place of the one before; durable on return.
  ///
  /// After a failure either of the two may be there.
  func keep(checkpoint note: [UInt8]) async throws(StoreError)

  /// The text of the verifier key that was kept last; `nil` when none ever was.
  func verifierKey() async throws(StoreError) -> String?

  /// Keeps the text form of the log's verifier key, for those who check checkpoints; durable on return.
  func keep(verifierKey text: String) async throws(StoreError)

  /// How many of the oldest records may have left the store, because they were sealed; 0 when none ever were.
  ///
  /// - Throws: `corrupted` when what is kept is no such number.
  func sealedRecords() async throws(StoreError) -> UInt64

  /// Lets the oldest `count` records leave the store; durable on return. What may leave already still may.
  func keep(sealedRecords count: UInt64) async throws(StoreError)

  /// Keeps a copy of the checkpoint, if there is one, under a name with `suffix`: evidence of a log that ends; durable on
  /// return.
  func keepCopy(suffix: String) async throws(StoreError)
}

/// Signs for the log: checkpoints, and nothing that could be taken for one.
package protocol LogSigner: Sendable {
  /// The public key: 32 octets, RFC 8032 §5.1.5.
  var publicKey: [UInt8] { get }

  /// The Ed25519 signature over `message`: 64 octets.
  func sign(_ message: [UInt8]) throws(TokenSignerError) -> [UInt8]
}
