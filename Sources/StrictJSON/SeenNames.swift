// SPDX-License-Identifier: Apache-2.0
//
// Which names an object has had so far, so that none stands twice. Few names are the rule, and a set made anew for every
// object costs more than reading it.

/// The names of an object so far, told apart by their bytes: few of them one by one, many by their hashes.
struct SeenNames {
  private struct Exact: Hashable {
    let bytes: [UInt8]

    // All bytes at once: an array hashes its elements one by one.
    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
  }

  private static let few = 16

  private var first: [String] = []
  private var rest: Set<Exact> = []

  /// Adds `name`; `false` when it is there already.
  mutating func insert(_ name: String) -> Bool {
    let count = name.utf8.count
    guard !first.contains(where: { $0.utf8.count == count && $0.utf8.elementsEqual(name.utf8) }) else {
      return false
    }
    guard first.count == Self.few else {
      first.append(name)
      return true
    }
    return rest.insert(Exact(bytes: Array(name.utf8))).inserted
  }
}
