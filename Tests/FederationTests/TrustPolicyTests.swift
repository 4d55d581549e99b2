// SPDX-License-Identifier: Apache-2.0
//
// A trust policy trusts those who were there when it was written. Threat: a name that is used again.

import Federation
import IdentityModel
import Testing

private let mine = "123456789012"
private let theirs = "210987654321"

extension TestServer {
  /// Adds the account `210987654321`.
  fileprivate func addNeighbour() async throws -> Keys {
    let keys = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
    try await addAccount(try #require(AccountID(theirs)), keys, enablesFederation: false)
    return keys
  }

  fileprivate func update(_ role: String, _ trust: String) async -> Answer {
    await call("UpdateAssumeRolePolicy", ["RoleName": role, "PolicyDocument": trust])
  }

  /// What the record of the role `name` keeps.
  fileprivate func trustedIDs(_ name: String) async throws -> [String: String] {
    let account = try #require(TestServer.account)
    let role = try await house.directory.entity(RoleRecord.self, name, of: account)
    return try #require(role).record.trustedPrincipalIDs
  }
}

@Suite struct TrustPolicyTests {
  @Test func `the text comes back byte for byte`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      let text = """
        { "Statement" : [ {"Action":"sts:AssumeRole" , "Effect":"Allow",
        \t"Principal":{"AWS":"arn:aws:iam::\(mine):user\\/alice"}, "Condition":{"StringEquals":\
        {"aws:PrincipalTag/caf\u{E9}":"100% \\u00e9"}} } ], "Version":"2012-10-17" }
        """
      await server.role("r", trust: text)
      #expect(await server.shownTrust("r") == text)
      let id = try #require(await server.call("GetUser", ["UserName": "alice"])["UserId"])
      #expect(try await server.trustedIDs("r") == ["arn:aws:iam::\(mine):user/alice": id])
    }
  }

  @Test(arguments: [
    "arn:aws:iam::\(mine):user/ghost", "arn:aws:iam::\(mine):role/ghost", "arn:aws:iam::\(mine):user/Alice",
    "arn:aws:iam::\(mine):user/alice", "arn:aws:iam::\(mine):user/other/alice",
    "arn:aws:iam::\(mine):role/alice",
    "arn:aws:iam::\(mine):group/g", "arn:aws:iam::\(mine):user/", "arn:aws:iam::\(mine):user",
    "arn:aws:sts::\(mine):user/path/alice", "arn:aws-cn:iam::\(mine):user/path/alice",
    "arn:aws:iam::\(theirs):user/path/alice", "arn:aws:sts::\(mine):assumed-role/ghost/s1",
    "arn:aws:sts::\(mine):assumed-role/path/peer/s1", "arn:aws:sts::\(mine):assumed-role/peer",
    "arn:aws:sts::\(mine):assumed-role/peer/x", "arn:aws:sts::\(mine):assumed-role/peer/a:b",
    "arn:aws:iam::\(mine):assumed-role/peer/s1", "arn:aws:sts::999999999999:federated-user/bob",
    "arn:aws:sts::\(mine):federated-user/b", "arn:aws:sts::\(mine):federated-user/a/bob",
    "arn:aws:iam::999999999999:root", "arn:aws:iam::\(mine):saml-provider/p",
  ])
  func `nobody is trusted who is not there`(_ arn: String) async throws {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "alice", "Path": "/path/"]).status == 200)
      await server.role("peer", path: "/path/")
      await server.role("r")
      for element in ["Principal", "NotPrincipal"] {
        let document = trust(
          #"{"AWS":["\#(arn)"]}"#,
          element: element,
          effect: element == "Principal" ? "Allow" : "Deny"
        )
        let created = await server.call(
          "CreateRole",
          ["RoleName": "new", "AssumeRolePolicyDocument": document]
        )
        for answer in [created, await server.update("r", document)] {
          #expect(answer.code == "MalformedPolicyDocument", "\(answer.text)")
          #expect(
            answer["Message"] == #"Invalid principal in policy: &quot;AWS&quot;:&quot;\#(arn)&quot;"#
              || answer["Message"] == #"Invalid principal in policy: "AWS":"\#(arn)""#,
            "\(answer.text)"
          )
        }
      }
      #expect(await server.shownTrust("r") == trustOfService)
    }
  }

  @Test func `an account that is not there is not trusted by its number`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      #expect(await server.update("r", trust(#"{"AWS":"999999999999"}"#)).code == "MalformedPolicyDocument")
      #expect(await server.update("r", trust(#"{"AWS":"\#(mine)"}"#)).status == 200)
    }
  }

  @Test func `whoever is there is trusted by an id that is never used again`() async throws {
    try await TestServer.run { server in
      let neighbour = try await server.addNeighbour()
      func id(_ answer: Answer, _ element: String) throws -> String { try #require(answer[element]) }
      let alice = try id(await server.call("CreateUser", ["UserName": "alice", "Path": "/p/"]), "UserId")
      let carol = try id(await server.call("CreateUser", ["UserName": "carol"], as: neighbour), "UserId")
      await server.role("peer", path: "/q/")
      let peer = try id(await server.call("GetRole", ["RoleName": "peer"]), "RoleId")
      let ids = [
        "arn:aws:iam::\(mine):user/p/alice": alice, "arn:aws:iam::\(theirs):user/carol": carol,
        "arn:aws:iam::\(mine):role/q/peer": peer, "arn:aws:sts::\(mine):assumed-role/peer/s1": "\(peer):s1",
        "arn:aws:sts::\(theirs):federated-user/dave": "\(theirs):dave",
      ]
      let names = ids.keys.map { "\"\($0)\"" }.joined(separator: ",")
      let accounts = #""\#(theirs)","arn:aws:iam::\#(mine):root""#
      await server.role("r", trust: trust(#"{"AWS":[\#(accounts),\#(names)]}"#))
      #expect(try await server.trustedIDs("r") == ids)
      // Everyone, providers and services are taken as they are.
      let others =
        #"{"AWS":"*","Service":"x.amazonaws.com","Federated":"arn:aws:iam::999999999999:oidc-provider/x"}"#
      #expect(await server.update("r", trust(others)).status == 200)
      #expect(try await server.trustedIDs("r").isEmpty)
    }
  }

  @Test func `who is gone is shown by the id, and a later one of the name does not change that`() async throws
  {
    try await TestServer.run { server in
      let alice = "arn:aws:iam::\(mine):user/alice"
      let peer = "arn:aws:iam::\(mine):role/peer"
      let session = "arn:aws:sts::\(mine):assumed-role/peer/s1"
      let created = await server.call("CreateUser", ["UserName": "alice"])
      await server.role("peer")
      let aliceID = try #require(created["UserId"])
      let peerID = try #require(await server.call("GetRole", ["RoleName": "peer"])["RoleId"])
      let text = #"""
        {"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Principal":{"AWS":["\#(alice)","\#(peer)"]},"Action":"sts:AssumeRole",
           "Condition":{"ArnEquals":{"aws:PrincipalArn":"\#(alice)"}}},
          {"Effect":"Deny","NotPrincipal":{"AWS":"\#(session)"},"Action":"sts:TagSession"}]}
        """#
      await server.role("r", trust: text)
      #expect(await server.shownTrust("r") == text)

      let withoutAlice = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["\#(aliceID)","\#(peer)"]},\#
        "Action":"sts:AssumeRole","Condition":{"ArnEquals":{"aws:PrincipalArn":"\#(alice)"}}},\#
        {"Effect":"Deny","NotPrincipal":{"AWS":"\#(session)"},"Action":"sts:TagSession"}]}
        """#
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).status == 200)
      #expect(await server.shownTrust("r") == withoutAlice)
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 200)
      #expect(await server.shownTrust("r") == withoutAlice)

      #expect(await server.call("DeleteRole", ["RoleName": "peer"]).status == 200)
      await server.role("peer")
      let withoutBoth = withoutAlice.replacing(#""\#(peer)""#, with: #""\#(peerID)""#)
        .replacing(#""\#(session)""#, with: #""\#(peerID):s1""#)
      #expect(await server.shownTrust("r") == withoutBoth)
      let listed = await server.call("ListRoles").text
      #expect(listed.contains(aliceID) && listed.contains("\(peerID)%3As1"))

      // Written again, the policy trusts whoever has the names now.
      #expect(await server.update("r", text).status == 200)
      #expect(await server.shownTrust("r") == text)
    }
  }

  @Test func `a policy that shows an id may be put again as it is shown`() async throws {
    try await TestServer.run { server in
      _ = await server.call("CreateUser", ["UserName": "alice"])
      await server.role("r", trust: trust(#"{"AWS":"arn:aws:iam::\#(mine):user/alice"}"#))
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).status == 200)
      let shown = try #require(await server.shownTrust("r"))
      #expect(await server.update("r", shown).status == 200)
      #expect(await server.shownTrust("r") == shown)
    }
  }

  @Test func `a trust policy has 2048 characters, white space not counted`() async throws {
    try await TestServer.run { server in
      func document(_ characters: Int, _ space: String = "") -> String {
        let frame = trust(#"{"Service":["ec2.amazonaws.com",""]}"#)
        let name = String(repeating: "a", count: characters - frame.utf8.count - 4) + ".com"
        return trust(#"{"Service":["ec2.amazonaws.com",\#(space)"\#(name)"]}"#)
      }
      await server.role("r")
      #expect(await server.update("r", document(2048)).status == 200)
      #expect(await server.update("r", document(2048, String(repeating: " ", count: 5000))).status == 200)
      for text in [document(2049), document(2048, String(repeating: "\n", count: 9000))] {
        let answer = await server.update("r", text)
        #expect(answer.code == "LimitExceeded")
        #expect(answer["Message"] == "Cannot exceed quota for ACLSizePerRole: 2048")
      }
    }
  }

  @Test(arguments: [
    ("{", "This policy contains invalid Json"),
    (#"{"Version":"2012-10-17"}"#, "Missing required field Statement"),
    (
      #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#,
      "Missing required field Principal"
    ),
    (
      #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}"#,
      "Has prohibited field Resource"
    ),
  ])
  func `a trust policy that is none is refused`(_ document: String, _ message: String) async throws {
    try await TestServer.run { server in
      await server.role("r")
      let created = await server.call("CreateRole", ["RoleName": "n", "AssumeRolePolicyDocument": document])
      for answer in [created, await server.update("r", document)] {
        #expect(answer.code == "MalformedPolicyDocument" && answer["Message"] == message, "\(answer.text)")
      }
    }
  }
}
