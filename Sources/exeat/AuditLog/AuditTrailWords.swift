// SPDX-License-Identifier: Apache-2.0
//
// The words for what is wrong with a log, a note or a proof, by one exhaustive switch.

import AuditTrail

enum AuditTrailWords {
  /// What `error` says, in lower case, as a part of a sentence.
  static func text(_ error: AuditTrailError) -> String {
    switch error {
    case .noSuchLeaf(let index, let size): "record \(index + 1) is not among the \(size) of the checkpoint"
    case .edgeOfWrongLength: "the hashes do not make a tree"
    case .sizesOutOfOrder(let old, let new): "a log of \(new) records cannot continue one of \(old)"
    case .nothingToProve: "there is nothing to prove about an empty log"
    case .proofOfWrongLength(let expected, let count): "the proof has \(count) hashes instead of \(expected)"
    case .rootDiffers: "the proof does not lead to the root of the checkpoint"
    case .oldRootDiffers: "the proof does not lead to the root of the older checkpoint"
    case .malformedTile(let count): "there are not exactly \(count) hashes or records"
    case .entryTooLong(let bytes): "a record of \(bytes) bytes is too long"
    case .recordDiffers(let index): "record \(index + 1) is not the one that its tile was made of"
    case .tileDiffers(let level, let index): "hash \(index) of level \(level) is not that of the tile below"
    case .tileOutOfOrder(let expected): "tile \(expected) was due"
    case .malformedNote(let offset): "not a signed note (at byte \(offset))"
    case .noteTooLarge: "a signed note that is too long or has too many signatures"
    case .malformedVerifierKey: "not a verifier key"
    case .ambiguousKey(let name): "two keys are called `\(name)` and have the same id"
    case .badSignature(let name): "the signature of `\(name)` does not verify"
    case .unsigned: "none of the keys that are trusted has signed"
    case .malformedCheckpoint: "the text of the note is not a checkpoint"
    case .wrongOrigin(let origin): "it is a checkpoint of another log, `\(origin)`"
    case .tooFewWitnesses(let needed, let found): "\(found) of \(needed) witnesses have signed"
    case .malformedProof: "not a proof of inclusion"
    case .malformedRecord: "not a record"
    case .malformedPart(let part): "malformed \(part)"
    }
  }
}
