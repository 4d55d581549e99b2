// SPDX-License-Identifier: Apache-2.0
//
// The JWK set: how ours is written, and how a stranger's is read, with caps on what it may cost us.
// Source: RFC 7517 §5.

package import IdentityModel
package import StrictJSON

/// Why a JWK set is refused whole.
///
/// `index` counts the elements of `keys` from 0.
package enum JWKSetError: Error, Hashable, Sendable {
  /// It is not JSON, or larger than a mebibyte.
  case json(JSONReaderError)
  /// It is not an object with an array `keys`.
  case keysMissing
  /// It has more keys than the cap.
  case tooManyKeys(limit: Int)
  /// A key holds private or symmetric key material: whoever published it has lost it.
  case privateMember(index: Int, name: String)
  /// A member of a key that we would use is missing, of the wrong type, not canonical, or not a valid key.
  case malformedKey(index: Int, member: String)
}

/// Public signature keys, by `kid`.
package struct JWKSet: Sendable {
  /// The most keys that a set may have.
  package static let maximumKeys = 100

  /// The keys that can be used, in order.
  package let keys: [JWK]
  /// The elements of `keys` that are not understood or not strong enough, and why, in order.
  package let ignored: [(index: Int, reason: JWK.Unsupported)]

  /// Reads a set that a stranger wrote.
  ///
  /// Keys of other types, curves, algorithms, uses and sizes are left out, as RFC 7517 §5 asks. A key that claims
  /// to be one of ours and is broken, and any private material, refuse the set.
  package init(json: [UInt8]) throws(JWKSetError) {
    let document: JSONValue
    do {
      document = try JSONReader.read(json)
    } catch {
      throw .json(error)
    }
    guard let entries = document.object?["keys"]?.array else { throw .keysMissing }
    guard entries.count <= JWKSet.maximumKeys else { throw .tooManyKeys(limit: JWKSet.maximumKeys) }
    var keys: [JWK] = []
    var ignored: [(index: Int, reason: JWK.Unsupported)] = []
    for (index, entry) in entries.enumerated() {
      do {
        keys.append(try JWK(entry))
      } catch {
        switch error {
        case .unsupported(let reason): ignored.append((index, reason))
        case .privateMember(let name): throw .privateMember(index: index, name: name)
        case .malformed(let member): throw .malformedKey(index: index, member: member)
        }
      }
    }
    self.keys = keys
    self.ignored = ignored
  }

  /// The keys whose `kid` has exactly the bytes of `keyID`.
  ///
  /// A key without `kid` is never among them.
  package func keys(withID keyID: String) -> [JWK] {
    keys.filter { key in key.keyID.map { same($0, keyID) } ?? false }
  }

  /// The set as it is published: `{"keys":[…]}`, in the order given.
  ///
  /// - Parameters:
  ///   - keys: the keys.
  ///   - certificates: what stands as `x5c` in a key; each must be one of its key.
  /// - Returns: the JSON.
  package static func render(
    keys: [PublicKey],
    certificates: [PublicKey: EncodedCertificate] = [:]
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 1024)
    writer.object { writer in
      writer.name("keys")
      writer.array { writer in
        for key in keys { key.writeJWK(to: &writer, certificate: certificates[key]) }
      }
    }
    return writer.bytes
  }
}
