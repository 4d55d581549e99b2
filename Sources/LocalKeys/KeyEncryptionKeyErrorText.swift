// SPDX-License-Identifier: Apache-2.0
//
// Why a file with a key is not taken, as a person reads it.

#if canImport(Glibc)
  import Glibc
#endif

extension KeyEncryptionKeyError: CustomStringConvertible {
  /// The reason, to follow the file's name and a colon.
  package var description: String {
    switch self {
    case .alreadyExists: "there is something already"
    case .notFound: "there is no such file"
    case .notARegularFile: "it is no regular file"
    case .permissionsTooOpen(let mode): "others can read or change it (mode \(String(mode, radix: 8)))"
    case .ownedByAnother(let userID): "it belongs to another user (uid \(userID))"
    case .malformed: "its content is not what it should be"
    case .wrapped: "its key is wrapped, and nothing is named that unwraps it"
    case .wrapper(let cause): cause
    case .failed(let operation, let number): "\(operation): \(String(cString: strerror(number)))"
    }
  }
}
