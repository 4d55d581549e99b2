// SPDX-License-Identifier: Apache-2.0
//
// Overwrites secrets that are no longer needed. Best effort by nature: only the copy that it is handed.

import Glibc

/// Overwrites `octets` with zeros, in a way that the optimiser keeps.
func wipe(_ octets: inout [UInt8]) {
  octets.withUnsafeMutableBytes { wipe($0) }
}

/// Overwrites `memory` with zeros, in a way that the optimiser keeps.
func wipe(_ memory: UnsafeMutableRawBufferPointer) {
  guard let address = memory.baseAddress else { return }
  explicit_bzero(address, memory.count)
}
