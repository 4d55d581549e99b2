// SPDX-License-Identifier: Apache-2.0
//
// Fills a store with accounts, each with an issuer and a root access key, many at a time: by `exeat account create`, one
// after the other, 100,000 would take an hour. For Benchmarks/issuers.py alone.
//
// Usage: issuers-bench DATA-DIR PUBLIC-URL FIRST COUNT SECRET     (account N gets the access key id AKIABENCHN)

import Federation
import IdentityModel
import LocalKeys
import StoreSQLite

@main
enum IssuersBench {
  // As many share one flush to the disk.
  private static let together = 256

  static func main() async throws {
    let words = CommandLine.arguments
    guard words.count == 6, let first = Int(words[3]), let count = Int(words[4]) else {
      throw StoreError.unavailable("usage: issuers-bench DATA-DIR PUBLIC-URL FIRST COUNT SECRET")
    }
    let keys = LocalKeys(keyEncryptionKey: try KeyEncryptionKey.load(from: words[1] + "/key-encryption-key"))
    let store = try SQLiteStore.open(at: words[1] + "/store.sqlite")
    let house = House(
      directory: Directory(reader: store, writer: store, sealer: keys),
      issuers: Issuers(publicURL: try PublicURL(words[2]), style: .path),
      signer: keys,
      sealer: keys,
      entropy: .system,
      diagnostics: Diagnostics { _ in }
    )
    let secret = Secret(words[5])
    // A day that the clients' clocks have behind them.
    let now = Instant(seconds: 1_750_000_000)
    try await store.running {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in first..<first + count {
          if number - first >= together { try await group.next() }
          group.addTask {
            guard let account = AccountID(String(number)) else {
              throw StoreError.unavailable("\(number) is not the id of an account")
            }
            try await Bootstrap.createAccount(
              account,
              accessKeyID: "AKIABENCH\(number)",
              secretAccessKey: secret,
              enablesFederation: true,
              house: house,
              now: now
            )
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
