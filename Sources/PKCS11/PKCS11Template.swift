// SPDX-License-Identifier: Apache-2.0
//
// Attributes of objects on their way into a module: values in memory that stays where it is during the call.
// Source: PKCS #11 v2.40 §3.6 (CK_ATTRIBUTE).

import CPKCS11

/// An attribute and its value.
struct PKCS11Attribute {
  let type: ck_attribute_type_t
  let value: [UInt8]

  init(_ type: UInt, _ value: [UInt8]) {
    self.type = ck_attribute_type_t(type)
    self.value = value
  }

  init(_ type: UInt, _ value: Bool) {
    self.init(type, [value ? 1 : 0])
  }

  init(_ type: UInt, number: UInt) {
    self.init(type, withUnsafeBytes(of: number) { Array($0) })
  }

  init(_ type: UInt, text: String) {
    self.init(type, Array(text.utf8))
  }
}

extension [PKCS11Attribute] {
  /// Lends the attributes as the module reads them.
  func lent<Value>(_ body: (UnsafeMutablePointer<ck_attribute>, UInt) -> Value) -> Value {
    // Numbers are read where they stand: each value begins at a multiple of 16.
    let places = reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1.value.count + 15) / 16 * 16) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(16, places[count]), alignment: 16)
    let list = UnsafeMutablePointer<ck_attribute>.allocate(capacity: Swift.max(1, count))
    defer {
      memory.deallocate()
      list.deallocate()
    }
    for (index, attribute) in enumerated() {
      let place = memory + places[index]
      attribute.value.withUnsafeBytes { octets in
        if let start = octets.baseAddress { place.copyMemory(from: start, byteCount: octets.count) }
      }
      list.advanced(by: index).initialize(
        to: ck_attribute(type: attribute.type, value: place, value_len: UInt(attribute.value.count))
      )
    }
    return body(list, UInt(count))
  }
}
