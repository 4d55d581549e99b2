// SPDX-License-Identifier: Apache-2.0
//
// A JSON object that was checked whole, of which values are made when somebody asks: most of what a token says nobody
// reads. As strict as JSONReader, which reads whatever the quick look does not take. Source: RFC 8259.

/// A JSON object, read when asked.
package struct LazyJSONObject: JSONMembers, Sendable {
  /// Where the members are.
  package enum Form: Sendable {
    /// In a text of the plain kind.
    case scanned(JSONScan)
    /// In a tree.
    case read(JSONObject)
  }

  /// Where the members are.
  package let form: Form

  /// Checks `text`; `nil` for a JSON text that is no object.
  ///
  /// - Throws: `JSONReaderError`, as `JSONReader.read` does.
  package init?(_ text: [UInt8], maximumBytes: Int = 1 << 20) throws(JSONReaderError) {
    if text.count <= maximumBytes, let scan = JSONScan(text) {
      guard scan.kind(at: 0) == .object else { return nil }
      form = .scanned(scan)
    } else {
      guard let object = try JSONReader.read(text, maximumBytes: maximumBytes).object else { return nil }
      form = .read(object)
    }
  }

  /// The value of the member whose name has exactly the bytes of `name`.
  package subscript(_ name: String) -> JSONValue? {
    switch form {
    case .scanned(let scan): scan.member(name, of: 0).map { scan.value(at: $0) }
    case .read(let object): object[name]
    }
  }

  /// Every member, in the order of the text.
  package var object: JSONObject {
    switch form {
    case .scanned(let scan): scan.object(at: 0)
    case .read(let object): object
    }
  }
}
