// SPDX-License-Identifier: Apache-2.0
//
// From CreateRole to AssumeRole by the actions alone: whom a trust policy trusts when names come again, across
// accounts, and of sessions. Threat: a name that is used again.

import Federation
import IdentityModel
import Testing

private let mine = "123456789012"
private let theirs = "210987654321"
private let target = "arn:aws:iam::123456789012:role/target"
private let assumesTarget = Documents.document("Allow", "sts:AssumeRole", target)

extension TestServer {
  fileprivate func assumeTarget(_ keys: Keys, session: String = "s1") async -> Answer {
    await call("AssumeRole", ["RoleArn": target, "RoleSessionName": session], as: keys)
  }

  fileprivate func expectRefused(_ keys: Keys, _ location: SourceLocation = #_sourceLocation) async {
    let answer = await assumeTarget(keys)
    #expect(answer.status == 403 && answer.code == "AccessDenied", "\(answer.text)", sourceLocation: location)
    #expect(
      answer.message?.hasSuffix("is not authorized to perform: sts:AssumeRole on resource: \(target)")
        == true,
      "\(answer.text)",
      sourceLocation: location
    )
  }

  /// Removes the user `name` with its only key and its policy `p`, as `as`.
  fileprivate func removeUser(_ name: String, _ keys: Keys, as root: Keys = .root) async {
    await done("DeleteUserPolicy", ["UserName": name, "PolicyName": "p"], as: root)
    await done("DeleteAccessKey", ["UserName": name, "AccessKeyId": keys.id], as: root)
    await done("DeleteUser", ["UserName": name], as: root)
  }

  /// Makes the role `name`, which the account's users may assume, and which may assume the target.
  fileprivate func peer(_ name: String = "peer") async {
    await role(name, trust: trust(#"{"AWS":"\#(mine)"}"#))
    await done("PutRolePolicy", ["RoleName": name, "PolicyName": "p", "PolicyDocument": assumesTarget])
  }

  fileprivate func removePeer() async {
    await done("DeleteRolePolicy", ["RoleName": "peer", "PolicyName": "p"])
    await done("DeleteRole", ["RoleName": "peer"])
  }
}

@Suite struct RecycledNameTests {
  @Test func `a user with the name of a trusted one is not trusted until the policy is written again`()
    async throws
  {
    try await TestServer.run { server in
      let first = try await server.user("alice", policy: assumesTarget)
      let text = trust(#"{"AWS":"arn:aws:iam::\#(mine):user/alice"}"#)
      await server.role("target", trust: text)
      #expect(await server.assumeTarget(first).status == 200)
      await server.removeUser("alice", first)
      let second = try await server.user("alice", policy: assumesTarget)
      await server.expectRefused(second)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": text])
      #expect(await server.assumeTarget(second).status == 200)
    }
  }

  @Test func `a role with the name of a trusted one is not trusted until the policy is written again`()
    async throws
  {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allows("sts:AssumeRole"))
      await server.peer()
      let text = trust(#"{"AWS":"arn:aws:iam::\#(mine):role/peer"}"#)
      await server.role("target", trust: text)
      let first = try await server.assume("arn:aws:iam::\(mine):role/peer", as: alice)
      #expect(await server.assumeTarget(first).status == 200)
      // A session is its role's: alice herself is not trusted.
      await server.expectRefused(alice)
      await server.removePeer()
      await server.peer()
      let second = try await server.assume("arn:aws:iam::\(mine):role/peer", as: alice)
      await server.expectRefused(second)
      // A session of the role that is gone has come to nothing.
      #expect(await server.assumeTarget(first).status == 403)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": text])
      #expect(await server.assumeTarget(second).status == 200)
    }
  }

  @Test func `a session that is trusted is one of the role that was there, with that name`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allows("sts:AssumeRole"))
      await server.peer()
      let text = trust(#"{"AWS":"arn:aws:sts::\#(mine):assumed-role/peer/ci"}"#)
      await server.role("target", trust: text)
      let peer = "arn:aws:iam::\(mine):role/peer"
      #expect(
        await server.assumeTarget(try await server.assume(peer, as: alice, session: "ci")).status == 200
      )
      await server.expectRefused(try await server.assume(peer, as: alice, session: "ci2"))
      await server.removePeer()
      await server.peer()
      await server.expectRefused(try await server.assume(peer, as: alice, session: "ci"))
    }
  }

  @Test func `across accounts both sides are needed, and a name that comes again has neither`() async throws {
    try await TestServer.run { server in
      let root = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
      try await server.addAccount(try #require(AccountID(theirs)), root, enablesFederation: false)
      func carol(_ policy: String?) async throws -> Keys {
        await server.done("CreateUser", ["UserName": "carol"], as: root)
        if let policy { await put(policy) }
        let key = await server.done("CreateAccessKey", ["UserName": "carol"], as: root)
        return Keys(id: try #require(key["AccessKeyId"]), secret: try #require(key["SecretAccessKey"]))
      }
      func put(_ policy: String) async {
        let parameters: KeyValuePairs = ["UserName": "carol", "PolicyName": "p", "PolicyDocument": policy]
        await server.done("PutUserPolicy", parameters, as: root)
      }
      let first = try await carol(nil)
      let named = trust(#"{"AWS":"arn:aws:iam::\#(theirs):user/carol"}"#)
      await server.role("target", trust: named)
      // Their side alone, ours alone, both.
      await server.expectRefused(first)
      await put(assumesTarget)
      #expect(await server.assumeTarget(first).status == 200)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": trustOfService])
      await server.expectRefused(first)
      // The account may be trusted as a whole; its own policy decides who of it.
      let whole = trust(#"{"AWS":"\#(theirs)"}"#)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": whole])
      #expect(await server.assumeTarget(first).status == 200)
      await put(Documents.denyAll)
      await server.expectRefused(first)

      await put(assumesTarget)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": named])
      await server.removeUser("carol", first, as: root)
      let second = try await carol(assumesTarget)
      await server.expectRefused(second)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": named])
      #expect(await server.assumeTarget(second).status == 200)
    }
  }

  @Test func `a Deny with NotPrincipal spares whoever was there, not a later one of the name`() async throws {
    try await TestServer.run { server in
      let first = try await server.user("alice", policy: assumesTarget)
      let bob = try await server.user("bob", policy: assumesTarget)
      let text = #"""
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"\#(mine)"},"Action":"sts:AssumeRole"},
        {"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::\#(mine):user/alice","arn:aws:iam::\#(mine):root"]},
        "Action":"sts:AssumeRole"}]}
        """#
      await server.role("target", trust: text)
      #expect(await server.assumeTarget(first).status == 200)
      await server.expectRefused(bob)
      await server.removeUser("alice", first)
      let second = try await server.user("alice", policy: assumesTarget)
      await server.expectRefused(second)
      await server.done("UpdateAssumeRolePolicy", ["RoleName": "target", "PolicyDocument": text])
      #expect(await server.assumeTarget(second).status == 200)
    }
  }
}
