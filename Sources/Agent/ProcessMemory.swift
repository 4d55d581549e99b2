// SPDX-License-Identifier: Apache-2.0
//
// How little memory a process holds that mostly waits, or has started. Refuses to know when. Source: proc_pid_smaps(5),
// madvise(2).

import CProcess
import FederationClient

/// The memory of this process.
package enum ProcessMemory {
  /// Holds what grows with the cores of the machine to one: arenas of the heap, threads of the clients.
  ///
  /// Has an effect before the first thread and the first client alone.
  package static func beFrugal() {
    // Where the heap does not take it, it stays as large as it is.
    _ = exeat_use_one_arena()
    begin()
    FederationHTTPClient.useOneThread()
  }

  /// Remembers what is loaded: nothing that is loaded later is given back.
  package static func begin() {
    _ = atStart
  }

  /// Gives back what is free on the heap, and the pages of code and constants that are as their file has them.
  ///
  /// Whatever is needed again is mapped again from the kernel's cache, or read from the file where the cache needed the
  /// room. Where the kernel does not tell what is the file's, no code is given back.
  package static func giveBack() {
    let mappings = ofFiles()
    exeat_trim_heap()
    // INVARIANT: what was loaded at the start is neither unloaded nor loaded again, so it is what it was a moment ago. What is
    // loaded later is left alone: it may be written right now.
    for mapping in mappings where atStart.contains(mapping) {
      // What cannot be given back stays.
      _ = exeat_give_back(mapping.lowerBound, Int(mapping.upperBound - mapping.lowerBound))
    }
  }

  private static let atStart = Set(ofFiles())

  private static func ofFiles() -> [Range<UInt>] {
    let smaps = try? ClientEnvironment.system(variables: [:]).readFile("/proc/self/smaps")
    return smaps.map { ofFiles($0) } ?? []
  }

  /// What counts the pages of a mapping that its file does not have: changed ones, in memory or swapped out, and huge ones.
  ///
  /// A changed page of a private mapping is anonymous. `Private_Dirty` counts pages besides that the file has and the disk not
  /// yet: those of a binary that was just built or installed.
  private static let foreign = ["Anonymous:", "Swap:", "Private_Hugetlb:", "Shared_Hugetlb:"]

  /// The mappings in `smaps`, the text of `/proc/PID/smaps`, every page of which is a file's and cannot be written.
  ///
  /// - Returns: their addresses. None of a mapping of which the text does not say all.
  package static func ofFiles(_ smaps: [UInt8]) -> [Range<UInt>] {
    var found: [Range<UInt>] = []
    var mapping: Range<UInt>?
    var zeros = 0
    for line in smaps.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      guard let first = words.first else { continue }
      guard first.last == UInt8(ascii: ":") else {
        mapping = unwritable(words)
        zeros = 0
        continue
      }
      guard foreign.contains(where: { $0.utf8.elementsEqual(first) }) else { continue }
      guard words.count > 1, words[1].elementsEqual("0".utf8) else {
        mapping = nil
        continue
      }
      zeros += 1
      if zeros == foreign.count, let mapping { found.append(mapping) }
    }
    return found
  }

  /// The addresses of a mapping whose first line has `words`, if it is private, of a file and cannot be written.
  private static func unwritable(_ words: [ArraySlice<UInt8>]) -> Range<UInt>? {
    guard words.count > 4, words[1].count == 4, words[1].dropFirst().first == UInt8(ascii: "-"),
      words[1].last == UInt8(ascii: "p"), !words[4].elementsEqual("0".utf8)
    else { return nil }
    let bounds = words[0].split(separator: UInt8(ascii: "-")).map {
      UInt(String(decoding: $0, as: UTF8.self), radix: 16)
    }
    guard bounds.count == 2, let start = bounds[0], let end = bounds[1], start < end else { return nil }
    return start..<end
  }
}
