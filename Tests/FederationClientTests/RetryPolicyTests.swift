// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import Testing

struct RetryPolicyTests {
  private func asked(_ value: String?) -> Int64? {
    HTTPAnswer(status: 503, headers: value.map { [HTTPField("Retry-After", $0)] } ?? [], body: [])
      .retryAfterSeconds(now: Instant(seconds: 784_111_777 - 30))
  }

  @Test(
    arguments: [
      ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 30), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
    ] as [(String, Int64)]
  )
  func `a server says how long to wait as a number or as a date`(value: String, seconds: Int64) {
    #expect(asked(value) == seconds)
  }

  @Test(arguments: [
    "", "-1", "1.5", "1 s", "1234567890", "Sunday, 06-Nov-94 08:49:37 GMT", "06 Nov 1994",
    "Sun, 06 Foo 1994 08:49:37 GMT",
  ])
  func `anything else says nothing`(value: String) {
    #expect(asked(value) == nil)
    #expect(asked(nil) == nil)
  }

  @Test func `a client waits as long as it is asked, and not for ever`() {
    let policy = RetryPolicy(attempts: 3) { _ in .seconds(2) }
    #expect(policy.pause(1, nil) == .seconds(2))
    #expect(policy.pause(1, 1) == .seconds(2))
    #expect(policy.pause(1, 60) == .seconds(60))
    #expect(policy.pause(1, 61) == nil)
  }
}
