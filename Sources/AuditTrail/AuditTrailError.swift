// SPDX-License-Identifier: Apache-2.0
//
// Why this room refuses something. Cases carry values, never prose: the commands and the pipeline find the words.

/// Why a proof, a tile, a note or a record is not acceptable.
package enum AuditTrailError: Error, Hashable, Sendable {
  // MARK: The tree

  /// There is no leaf `index` in a tree of `size` leaves.
  case noSuchLeaf(index: UInt64, size: UInt64)
  /// A tree of `size` leaves has as many complete subtrees as `size` has bits that are one, and not `count`.
  case edgeOfWrongLength(size: UInt64, count: Int)
  /// The older tree has more leaves than the newer one: `old` and `new`.
  case sizesOutOfOrder(old: UInt64, new: UInt64)
  /// Every tree continues the empty one: nothing is proved.
  case nothingToProve
  /// A proof needs exactly `expected` hashes, and there are `count`.
  case proofOfWrongLength(expected: Int, count: Int)
  /// The proof leads from the leaf to another root than the one that is trusted.
  case rootDiffers
  /// The proof leads to another root of the older tree.
  case oldRootDiffers

  // MARK: Tiles and bundles

  /// The bytes are not `count` hashes, or not `count` entries, and nothing else.
  case malformedTile(count: Int)
  /// An entry of `bytes` bytes: a length prefix of 16 bits cannot say that.
  case entryTooLong(bytes: Int)
  /// The record `index` is not the one that its tile was made of.
  case recordDiffers(index: UInt64)
  /// The hash at `index` of the tile level `level` is not the one of the tile below.
  case tileDiffers(level: Int, index: UInt64)
  /// A tile or bundle came where another one was due.
  case tileOutOfOrder(expected: UInt64)

  // MARK: Notes

  /// The text is no signed note; `offset` counts bytes.
  case malformedNote(offset: Int)
  /// A note has more bytes or signatures than are read.
  case noteTooLarge
  /// The text is no verifier key, or its key id is not the one of its key.
  case malformedVerifierKey
  /// Two of the keys that are to be trusted have the same name and key id.
  case ambiguousKey(name: String)
  /// The signature of a key that is trusted does not verify.
  case badSignature(name: String)
  /// No key that is trusted has signed.
  case unsigned
  /// The text of a note is no checkpoint.
  case malformedCheckpoint
  /// The checkpoint is of another log.
  case wrongOrigin(String)
  /// Fewer witnesses than `needed` have signed.
  case tooFewWitnesses(needed: Int, found: Int)
  /// The text is no proof of inclusion.
  case malformedProof

  // MARK: Records

  /// The bytes are no record of ours: not one line, not JSON, or without a member that each record has.
  case malformedRecord
  /// A part of a name or message is empty, too long or holds what may not stand there.
  case malformedPart(String)
}
