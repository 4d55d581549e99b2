// SPDX-License-Identifier: Apache-2.0
//
// Where the key-encryption keys come from: a file, and the token that wraps them if there is one. Owns how the file is
// watched; refuses to know what is sealed with the keys.

import LocalKeys
import PKCS11

/// The file of the key-encryption keys.
struct KeyEncryptionKeySource: Sendable {
  /// The file.
  let path: String
  /// What unwraps its lines.
  private(set) var wrapper: TokenKeyWrapper?

  /// The file that `option` names, or else the data directory's; with a token that unwraps it when `option` is its URI.
  init(_ option: String?, _ directory: DataDirectory) throws(CommandFailure) {
    guard let option, PKCS11URI.isOne(option) else {
      path = option ?? directory.keyEncryptionKey
      return
    }
    let uri = try PKCS11URI(option, option: "--key-encryption-key", requiresObject: true)
    path = directory.keyEncryptionKey
    wrapper = uri.object.map { TokenKeyWrapper(PKCS11Token(uri, threads: 1), label: $0) }
  }

  /// Reads the keys.
  func load() async throws(KeyEncryptionKeyError) -> KeyEncryptionKeyRing {
    try await KeyEncryptionKeyRing.load(from: path, wrapper: wrapper)
  }

  /// The state of the file; `nil` when there is none.
  var stamp: KeyEncryptionKeyStamp? { KeyEncryptionKeyStamp(of: path) }
}

extension PKCS11URI {
  /// Reads what `option` gave; the failure says nothing of its values, among which may be a PIN.
  init(_ text: String, option: String, requiresObject: Bool) throws(CommandFailure) {
    do throws(PKCS11URIError) {
      try self.init(text, requiresObject: requiresObject)
    } catch {
      let problem =
        switch error {
        case .scheme: "it does not begin with pkcs11:"
        case .syntax(let name): "`\(name)` is not name=value, or holds what has to be percent-encoded"
        case .encoding(let name): "`\(name)` is not percent-encoded UTF-8"
        case .unknown(let name): "`\(name)` is not understood here"
        case .givenTwice(let name): "`\(name)` is given twice"
        case .missing(let name): "`\(name)` is missing"
        case .value(let name): "`\(name)` is empty, too long, or not an absolute path"
        case .pinInURI: "a PIN in it is there for everybody to see"
        }
      throw .usage(
        "\(option): not a usable pkcs11: URI: \(problem)",
        hint: "pkcs11:token=LABEL;object=KEY?module-path=/PATH&pin-source=/PATH"
      )
    }
  }
}
