// SPDX-License-Identifier: Apache-2.0

import Agent
import FederationClient
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

struct ProcessMemoryTests {
  /// A mapping as the kernel tells it.
  private func mapping(
    _ line: String = "1000-3000 r-xp 00001000 fd:01 42 /usr/bin/exeat: (deleted)",
    anonymous: Int = 0,
    dirty: Int = 0,
    swap: Int = 0,
    huge: Int = 0
  ) -> String {
    """
    \(line)
    Size:                  8 kB
    Rss:                   8 kB
    Private_Dirty:         \(dirty) kB
    Anonymous:             \(anonymous) kB
    Shared_Hugetlb:        0 kB
    Private_Hugetlb:       \(huge) kB
    Swap:                  \(swap) kB
    SwapPss:               \(swap) kB
    VmFlags: rd ex mr mw me

    """
  }

  private func found(_ text: String) -> [Range<UInt>] { ProcessMemory.ofFiles(Array(text.utf8)) }

  @Test func `what is a file's and cannot be written is given back`() {
    #expect(found(mapping()) == [0x1000..<0x3000])
    let constants = mapping("7f00-ff00 r--p 00000000 00:1f 7 /lib/x.so")
    #expect(found(constants + mapping(anonymous: 4) + mapping()) == [0x7f00..<0xff00, 0x1000..<0x3000])
  }

  @Test(arguments: [
    "1000-3000 r-xp 00000000 00:00 0", "1000-3000 rw-p 00000000 fd:01 42 /usr/bin/exeat",
    "1000-3000 -w-p 00000000 fd:01 42 /usr/bin/exeat", "1000-3000 r--s 00000000 fd:01 42 /dev/shm/x",
    "1000-3000 r-xp 00000000 00:00 0 [vdso]", "1000 r-xp 00000000 fd:01 42 /x",
    "3000-1000 r-xp 0 fd:01 42 /x",
    "x-y r-xp 00000000 fd:01 42 /x", "1000-3000 r-xp 00000000", "1000-3000", "",
  ])
  func `what is no file's, or may be written, stays`(line: String) {
    #expect(found(mapping(line)) == [])
  }

  @Test func `what was changed stays, swapped out or not`() {
    #expect(found(mapping(anonymous: 4)) == [])
    #expect(found(mapping(swap: 4)) == [])
    #expect(found(mapping(huge: 2048)) == [])
  }

  @Test func `pages of a file that the disk does not have yet are the file's`() {
    #expect(found(mapping(dirty: 4)) == [0x1000..<0x3000])
  }

  @Test func `what the kernel does not tell whole stays`() {
    for name in ["Anonymous", "Shared_Hugetlb", "Private_Hugetlb", "Swap"] {
      #expect(found(mapping().replacing("\(name):", with: "Another:")) == [], "\(name)")
    }
    #expect(found("") == [] && found("\n\n:\nAnonymous:\n") == [])
  }

  @Test func `this process has such mappings, and what it changed outlives the giving back`() throws {
    let smaps = try ClientEnvironment.system(variables: [:]).readFile("/proc/self/smaps")
    #expect(!ProcessMemory.ofFiles(smaps).isEmpty)
    // A page of a file that was changed and closed to writing, as code is that somebody patched.
    let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let size = Int(sysconf(Int32(_SC_PAGESIZE)))
    let page = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0))
    try #require(page != MAP_FAILED)
    defer { munmap(page, size) }
    page.storeBytes(of: 0x5A, as: UInt8.self)
    try #require(mprotect(page, size, PROT_READ) == 0)
    ProcessMemory.giveBack()
    #expect(page.load(as: UInt8.self) == 0x5A)
  }
}
