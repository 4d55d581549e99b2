// SPDX-License-Identifier: Apache-2.0
//
// SAML keys through the whole house: made with the first config that needs one, rotated with an overlap, and
// metadata that is always fresh.

import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing
import TokenFormats

private let hour: Int64 = 3600

@Suite struct SAMLKeyActionTests {
  @Test func `keys are made with the first config of their kind, and one for each kind`() async throws {
    try await TestServer.run { server in
      let none = await server.call("ListOutboundSamlKeys")
      #expect(none.status == 404 && none.code == "NoSuchEntity")
      let before = try await server.metadata()
      #expect(before == nil)
      #expect(await server.call("RotateOutboundSamlKey").code == "NoSuchEntity")
      #expect(await server.makeSAMLConfig("a").status == 200)
      #expect(await server.makeSAMLConfig("b", ["SigningAlgorithm": "RSA-SHA384"]).status == 200)
      let one = await server.done("ListOutboundSamlKeys")
      #expect(one.all("KeyType") == ["RSA_2048"] && one.all("Status") == ["Signing"])
      await server.refused(
        "RotateOutboundSamlKey",
        ["SigningAlgorithm": "ECDSA-SHA384"],
        404,
        "NoSuchEntity",
        "The account has no SAML key for this SigningAlgorithm."
      )
      await server.done("UpdateOutboundFederationConfig", ["Name": "b", "SigningAlgorithm": "ECDSA-SHA384"])
      let two = await server.done("ListOutboundSamlKeys")
      #expect(Set(two.all("KeyType")) == ["RSA_2048", "ECC_P384"])
      #expect(two.all("Status") == ["Signing", "Signing"])
      let entityID = try await "https://sts.example.test" + server.issuerPath() + "/saml/metadata"
      #expect(two["EntityId"] == entityID)
      #expect(try await server.publishedCertificates().count == 2)
      // The keys of tokens are other ones, and are not published here.
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      #expect(Set(two.all("KeyId")).isDisjoint(with: issuer.signingKeys.keys.map(\.keyID.description)))
    }
  }

  @Test func `two first configs at once make one key`() async throws {
    try await TestServer.run { server in
      server.sink.interfereOnce { _ = await server.makeSAMLConfig("b") }
      #expect(await server.makeSAMLConfig("a").status == 200)
      let keys = await server.done("ListOutboundSamlKeys")
      #expect(keys.all("KeyId").count == 1)
      let published = try await server.publishedCertificates()
      #expect(published.count == 1)
    }
  }

  @Test func `metadata says who signs, is signed by the same key, and is valid for a week`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let (root, signer) = try #require(try await server.metadata())
      let issuer = try await "https://sts.example.test" + server.issuerPath()
      #expect(root.attribute("entityID") == issuer + "/saml/metadata")
      #expect(root.attribute("validUntil") == "2027-01-22T08:00:00Z")
      let published = try await server.publishedCertificates()
      #expect(signer?.der == published.first)
      let role = try #require(root.elements("IDPSSODescriptor", in: .md).first)
      let service = try #require(role.elements("SingleSignOnService", in: .md).first)
      #expect(service.attribute("Location") == issuer + "/saml/sso")
    }
  }

  @Test func `metadata is rendered anew every day and not more often`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      func validUntil() async throws -> String? { try await server.metadata()?.root.attribute("validUntil") }
      let publication = server.house.publication
      let made = try await validUntil()
      #expect(made == "2027-01-22T08:00:00Z")
      server.clock.advance(seconds: 24 * hour - 1)
      await publication.renewDue(now: server.clock.now)
      let first = try await validUntil()
      #expect(first == "2027-01-22T08:00:00Z")
      server.clock.advance(seconds: 1)
      await publication.renewDue(now: server.clock.now)
      let second = try await validUntil()
      #expect(second == "2027-01-23T08:00:00Z")
    }
  }

  @Test
  func
    `a successor is published at once, signs after the overlap, and the old one goes when nothing of it is left`()
    async throws
  {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let old = try #require(try await server.publishedCertificates().first)
      let rotated = await server.rotate()
      #expect(rotated.all("Status") == ["Signing", "Successor"])
      #expect(rotated.all("SignsFrom").last == "2027-01-16T08:00:00Z")
      #expect(rotated.all("PublishedUntil") == ["2027-01-17T20:00:00Z"])
      let both = try await server.publishedCertificates()
      #expect(both.count == 2 && both[0] == old)
      let new = both[1]
      await server.refused(
        "RotateOutboundSamlKey",
        [:],
        409,
        "LimitExceeded",
        "A successor is published already, and signs from 2027-01-16T08:00:00Z on."
      )
      let publication = server.house.publication
      server.clock.advance(seconds: 24 * hour - 1)
      #expect(try await server.assertion().signer?.der == old)
      server.clock.advance(seconds: 1)
      #expect(try await server.assertion().signer?.der == new)
      await publication.renewDue(now: server.clock.now)
      #expect(try await server.publishedCertificates() == [new, old])
      #expect(try await server.metadata()?.signer?.der == new)
      #expect(await server.done("ListOutboundSamlKeys").all("Status") == ["Retiring", "Signing"])
      server.clock.advance(seconds: 36 * hour - 1)
      await publication.renewDue(now: server.clock.now)
      #expect(try await server.publishedCertificates() == [new, old])
      server.clock.advance(seconds: 1)
      await publication.renewDue(now: server.clock.now)
      #expect(try await server.publishedCertificates() == [new])
      #expect(await server.done("ListOutboundSamlKeys").all("Status") == ["Retired", "Signing"])
      // With the next rotation what has retired is gone for good.
      let next = await server.rotate(["OverlapSeconds": "0"])
      #expect(next.all("Status") == ["Retiring", "Signing"])
      #expect(await server.done("ListOutboundSamlKeys").all("KeyId").count == 2)
      #expect(try await server.assertion().signer?.der != new)
    }
  }

  @Test func `two rotations at once make one successor`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      server.sink.interfereOnce { _ = await server.call("RotateOutboundSamlKey") }
      #expect(await server.call("RotateOutboundSamlKey").code == "LimitExceeded")
      #expect(await server.done("ListOutboundSamlKeys").all("KeyId").count == 2)
    }
  }

  @Test func `a successor that waits is brought forward, and is the same key`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let made = await server.rotate(["OverlapSeconds": "2592000"])
      let both = try await server.publishedCertificates()
      for overlap in ["2592000", nil] {
        let form = overlap.map { [("OverlapSeconds", $0)] } ?? []
        let answer = await server.call("RotateOutboundSamlKey", form: form)
        #expect(answer.status == 409 && answer.code == "LimitExceeded", "\(answer.text)")
      }
      let sooner = await server.rotate(["OverlapSeconds": "3600"])
      #expect(sooner.all("KeyId") == made.all("KeyId") && sooner.all("Status") == ["Signing", "Successor"])
      #expect(sooner.all("SignsFrom").last == "2027-01-15T09:00:00Z")
      #expect(try await server.publishedCertificates() == both)
      server.clock.advance(seconds: 60)
      let now = await server.rotate(["OverlapSeconds": "0"])
      #expect(now.all("KeyId") == made.all("KeyId") && now.all("Status") == ["Retiring", "Signing"])
      #expect(now.all("PublishedUntil") == ["2027-01-16T20:01:00Z"])
      #expect(try await server.assertion().signer?.der == both.last)
      #expect(await server.done("ListOutboundSamlKeys").all("KeyId") == made.all("KeyId"))
      let record = try #require(try await server.records().first { $0.contains(#""overlapSeconds":3600"#) })
      let successor = try #require(made.all("KeyId").last)
      #expect(record.contains(#""keyIds":["\#(successor)"]"#))
    }
  }

  @Test func `of two kinds the one that waits is brought forward, and the other gets a successor`()
    async throws
  {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig("a").status == 200)
      #expect(await server.makeSAMLConfig("b", ["SigningAlgorithm": "ECDSA-SHA384"]).status == 200)
      await server.rotate(["SigningAlgorithm": "ECDSA-SHA384"])
      let all = await server.rotate(["OverlapSeconds": "60"])
      #expect(all.all("KeyId").count == 4)
      #expect(all.all("SignsFrom").filter { $0 == "2027-01-15T08:01:00Z" }.count == 2)
    }
  }

  @Test func `no more than ten keys are published`() async throws {
    try await TestServer.run { server in
      let p384: KeyValuePairs = ["SigningAlgorithm": "ECDSA-SHA384"]
      let now: KeyValuePairs = ["SigningAlgorithm": "ECDSA-SHA384", "OverlapSeconds": "0"]
      #expect(await server.makeSAMLConfig("a", p384).status == 200)
      for _ in 2...10 {
        server.clock.advance(seconds: 1)
        await server.rotate(now)
      }
      let published = try await server.publishedCertificates()
      #expect(published.count == 10)
      let message = "An account has up to 10 SAML keys published: wait until those that retire are gone."
      await server.refused("RotateOutboundSamlKey", now, 409, "LimitExceeded", message)
      let other = await server.makeSAMLConfig("b")
      #expect(other.status == 409 && other.code == "LimitExceeded" && other.message == message)
      server.clock.advance(seconds: 36 * hour)
      await server.rotate(now)
    }
  }

  @Test func `policy decides who lists and who rotates`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let policy =
        #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListOutboundSamlKeys","Resource":"*"}}"#
      let lister = try await server.user("lister", policy: policy)
      #expect(await server.call("ListOutboundSamlKeys", as: lister).status == 200)
      #expect(await server.call("RotateOutboundSamlKey", as: lister).code == "AccessDenied")
    }
  }

  @Test func `the sign-in address says plainly that nobody signs in there`() async throws {
    try await TestServer.run { server in
      let path = try await server.issuerPath() + "/saml/sso"
      func ask(_ method: String, _ target: String) async -> APIResponse {
        await server.site.respond(
          to: APIRequest(
            method: method,
            target: target,
            headers: [HTTPField("Host", "sts.example.test")],
            body: [],
            sourceIPAddress: "192.0.2.7",
            tls: nil
          )
        )
      }
      #expect(await ask("GET", path).status == 404)
      #expect(await server.makeSAMLConfig().status == 200)
      for method in ["GET", "POST"] {
        let answer = await ask(method, path + "?SAMLRequest=x")
        #expect(answer.status == 501)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("begins every sign-in itself"))
      }
      #expect(await ask("GET", "/00000000-0000-4000-8000-000000000000/saml/sso").status == 404)
    }
  }
}
