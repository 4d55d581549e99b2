// SPDX-License-Identifier: Apache-2.0
//
// Quotas of accounts: how many calls go through, what the others read, and what of them is on record. Time is the test's.

import Federation
import Foundation
import IdentityModel
import StoreSQLite
import Testing

@Suite struct RequestThrottleTests {
  private func quota(_ requestsPerSecond: Int, burst: Int) throws -> RequestQuota {
    try #require(RequestQuota(requestsPerSecond: requestsPerSecond, burst: burst))
  }

  private func set(_ quota: RequestQuota?, _ server: TestServer) async throws {
    let account = try #require(TestServer.account)
    try await OperatorAccounts.setQuota(quota, of: account, house: server.house, now: server.clock.now)
  }

  @Test func `a quota is a rate and a burst, both bounded`() {
    #expect(RequestQuota(requestsPerSecond: 0, burst: 1) != nil)
    #expect(RequestQuota(requestsPerSecond: -1, burst: 1) == nil)
    #expect(RequestQuota(requestsPerSecond: 1, burst: 0) == nil)
    #expect(RequestQuota(requestsPerSecond: 1_000_001, burst: 1) == nil)
    #expect(RequestQuota(requestsPerSecond: 1, burst: 1_000_001) == nil)
    #expect(RequestQuota.ordinaryBurst(requestsPerSecond: 0) == 1)
    #expect(RequestQuota.ordinaryBurst(requestsPerSecond: 5) == 50)
    #expect(RequestQuota.ordinaryBurst(requestsPerSecond: 1_000_000) == 1_000_000)
  }

  @Test func `beyond its quota an account is throttled until time has passed`() async throws {
    try await TestServer.run { server in
      try await set(quota(2, burst: 3), server)
      for _ in 0..<3 { #expect(await server.token().status == 200) }
      let refused = await server.token()
      #expect(refused.status == 400)
      #expect(refused.code == "Throttling")
      #expect(refused["Message"] == "Rate exceeded")
      #expect(refused.headers["Retry-After"] == "1")
      server.clock.advance(seconds: 1)
      for _ in 0..<2 { #expect(await server.token().status == 200) }
      #expect(await server.token().code == "Throttling")
      // However long the rest, no more than the burst.
      server.clock.advance(seconds: 100)
      for _ in 0..<3 { #expect(await server.token().status == 200) }
      #expect(await server.token().code == "Throttling")
    }
  }

  @Test func `calls that nobody signed rightly cost the account nothing`() async throws {
    try await TestServer.run { server in
      try await set(quota(1, burst: 1), server)
      for _ in 0..<10 {
        let forged = await server.token(as: Keys(id: Keys.root.id, secret: "another secret"))
        #expect(forged.code == "SignatureDoesNotMatch")
      }
      #expect(await server.token().status == 200)
    }
  }

  @Test func `another account does not notice`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("222222222222")), other, enablesFederation: true)
      try await set(quota(1, burst: 1), server)
      #expect(await server.token().status == 200)
      for _ in 0..<5 {
        #expect(await server.token().code == "Throttling")
        #expect(await server.token(as: other).status == 200)
      }
    }
  }

  @Test func `a quota of zero allows nothing, and the answer says so`() async throws {
    try await TestServer.run { server in
      try await set(quota(0, burst: 1), server)
      let refused = await server.call("GetCallerIdentity")
      #expect(refused.status == 400)
      #expect(refused.code == "Throttling")
      #expect(refused["Message"] == "Rate exceeded: the operator of this server allows the account no calls.")
      #expect(refused.headers["Retry-After"] == nil)
      server.clock.advance(seconds: 3600)
      #expect(await server.call("GetCallerIdentity").code == "Throttling")
      try await set(nil, server)
      #expect(await server.call("GetCallerIdentity").status == 200)
    }
  }

  @Test func `of a flood one record a second says how many there were`() async throws {
    try await TestServer.run { server in
      try await set(quota(1, burst: 1), server)
      #expect(await server.token().status == 200)
      let before = try await server.records().count
      for _ in 0..<50 { #expect(await server.token().code == "Throttling") }
      var records = try await server.records().dropFirst(before)
      #expect(records.count == 1)
      #expect(records.last?.contains(#""errorCode":"Throttling""#) == true)
      #expect(records.last?.contains(#""additionalEventData":{"throttledCalls":1}"#) == true)
      server.clock.advance(seconds: 1)
      #expect(await server.token().status == 200)
      #expect(await server.token().code == "Throttling")
      records = try await server.records().dropFirst(before)
      #expect(records.count == 3)
      #expect(records.last?.contains(#""additionalEventData":{"throttledCalls":50}"#) == true)
    }
  }

  @Test func `accounts without a quota have the server's own, and one of them may be without any`()
    async throws
  {
    try await TestServer.run(standardQuota: try quota(1, burst: 1)) { server in
      #expect(await server.token().status == 200)
      #expect(await server.token().code == "Throttling")
      try await set(.unlimited, server)
      for _ in 0..<5 { #expect(await server.token().status == 200) }
    }
  }

  @Test func `the quota is on record, and of an account that is not there it is refused`() async throws {
    try await TestServer.run { server in
      try await set(quota(5, burst: 7), server)
      let record = try await server.records().last ?? ""
      #expect(record.contains(#""eventName":"SetAccountQuota""#))
      #expect(record.contains(#""quota":{"requestsPerSecond":5,"burst":7}"#))
      let nobody = try #require(AccountID("999999999999"))
      await #expect(throws: OperatorAccountError.noSuchAccount(nobody)) {
        try await OperatorAccounts.setQuota(nil, of: nobody, house: server.house, now: server.clock.now)
      }
    }
  }

  @Test func `calls over AWS JSON are throttled in its words`() async throws {
    try await TestServer.run { server in
      try await set(quota(0, burst: 1), server)
      let refused = await server.call(.organizations, "DescribeOrganization", json: "{}")
      #expect(refused.status == 400)
      #expect(refused.text.contains("ThrottlingException"))
    }
  }
}
