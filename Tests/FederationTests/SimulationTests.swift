// SPDX-License-Identifier: Apache-2.0
//
// What the simulators answer, page by page. What they refuse, and that a simulated verdict is the real one:
// SimulationRefusalTests.

import Federation
import IdentityModel
import Testing

@Suite struct SimulationTests {
  // MARK: - Answers

  @Test func `an answer tells policy, place and verdict, for each action on each resource`() async throws {
    try await TestServer.run { server in
      let policy = """
        {
          "Version": "2012-10-17",
          "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {
              "Effect": "Deny",
              "Action": "s3:DeleteObject",
              "Resource": "arn:aws:s3:::b/*"
            }
          ]
        }
        """
      let answer = await server.simulate(
        policy,
        [
          ("ActionNames.member.1", "s3:GetObject"), ("ActionNames.member.2", "s3:DeleteObject"),
          ("ResourceArns.member.1", "arn:aws:s3:::a/x"), ("ResourceArns.member.2", "arn:aws:s3:::b/x"),
        ]
      )
      #expect(answer.status == 200, "\(answer.text)")
      #expect(
        answer.all("EvalActionName") == [
          "s3:GetObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteObject",
        ]
      )
      #expect(answer.all("EvalDecision") == ["allowed", "allowed", "allowed", "explicitDeny"])
      #expect(answer.all("EvalResourceDecision") == ["allowed", "allowed", "allowed", "explicitDeny"])
      // Each result has its resource twice: once for itself, once in the results of the resource.
      let resources = ["arn:aws:s3:::a/x", "arn:aws:s3:::b/x"].flatMap { [$0, $0] }
      #expect(answer.all("EvalResourceName") == resources + resources)
      #expect(answer.positions("StartPosition") == Array(repeating: "4:6", count: 7) + ["5:6", "4:6", "5:6"])
      #expect(answer.positions("EndPosition") == Array(repeating: "4:59", count: 7) + ["9:6", "4:59", "9:6"])
      #expect(Set(answer.all("SourcePolicyId")) == ["PolicyInputList.1"])
      #expect(Set(answer.all("SourcePolicyType")) == ["IAM Policy"])
      #expect(
        answer["AllowedByOrganizations"] == "true" && answer["PermissionsBoundaryDecisionDetail"] == nil
      )
      #expect(answer["IsTruncated"] == "false" && answer["Marker"] == nil)
      #expect(answer.decisionDetails.isEmpty)
    }
  }

  @Test func `without resources the question is about all of them`() async throws {
    try await TestServer.run { server in
      let answer = await server.simulate(allowsAll)
      #expect(answer.all("EvalResourceName") == ["*", "*"] && answer["EvalDecision"] == "allowed")
      #expect(await server.simulate(allows("iam:GetUser"))["EvalDecision"] == "implicitDeny")
    }
  }

  @Test func `keys without a value are named, as the policy spells them`() async throws {
    try await TestServer.run { server in
      let policy = allowing("StringEquals", "aws:SourceVpc", #""${aws:username}""#)
      let silent = await server.simulate(policy)
      #expect(silent["EvalDecision"] == "implicitDeny")
      #expect(silent.simulationMembers("MissingContextValues") == ["aws:SourceVpc", "aws:username"])
      let told = await server.simulate(
        policy,
        contextEntry(1, "AWS:sourcevpc", ["a"]) + contextEntry(2, "aws:username", ["a"])
      )
      #expect(told["EvalDecision"] == "allowed" && told.simulationMembers("MissingContextValues").isEmpty)
      // A key without values is not there.
      let empty = await server.simulate(
        policy,
        contextEntry(1, "aws:SourceVpc", []) + contextEntry(2, "aws:username", ["a"])
      )
      #expect(empty.simulationMembers("MissingContextValues") == ["aws:SourceVpc"])
    }
  }

  @Test(
    arguments: [
      ("string", "StringEquals", "a:string", #""x""#, ["x"], ["y"]),
      ("stringList", "ForAllValues:StringLike", "a:list", #"["x*","y"]"#, ["x1", "y"], ["x1", "z"]),
      ("numeric", "NumericLessThan", "a:number", #""10""#, ["9.5"], ["10"]),
      ("numericList", "ForAnyValue:NumericEquals", "a:numbers", #""3""#, ["1", "3"], ["1", "2"]),
      ("boolean", "Bool", "a:truth", #""true""#, ["true"], ["false"]),
      ("booleanList", "ForAnyValue:Bool", "a:truths", #""true""#, ["false", "true"], ["false"]),
      ("ip", "IpAddress", "a:address", #""192.0.2.0/24""#, ["192.0.2.9"], ["198.51.100.1"]),
      ("ipList", "ForAllValues:IpAddress", "a:addresses", #""2001:db8::/32""#, ["2001:db8::1"], ["::1"]),
      ("binary", "BinaryEquals", "a:binary", #""QQ==""#, ["QQ=="], ["QUE="]),
      ("binaryList", "ForAnyValue:BinaryEquals", "a:binaries", #""QQ==""#, ["QUE=", "QQ=="], ["QUE="]),
      (
        "date", "DateLessThan", "a:date", #""2027-01-01T00:00:00Z""#, ["2026-12-31T23:59:59Z"], ["2027-01-01"]
      ),
      (
        "dateList", "ForAnyValue:DateEquals", "a:dates", #""1800000000""#, ["2027-01-15T08:00:00Z"],
        ["1800000001"]
      ),
    ] as [(String, String, String, String, [String], [String])]
  )
  func `a context entry of each type meets its operator`(
    type: String,
    operation: String,
    key: String,
    wanted: String,
    good: [String],
    bad: [String]
  ) async throws {
    try await TestServer.run { server in
      let policy = allowing(operation, key, wanted)
      #expect(await server.simulate(policy, contextEntry(1, key, good, type))["EvalDecision"] == "allowed")
      #expect(
        await server.simulate(policy, contextEntry(1, key, bad, type))["EvalDecision"] == "implicitDeny"
      )
    }
  }

  @Test func `the time is now unless the request says another`() async throws {
    try await TestServer.run { server in
      let policy = allowing("NumericEquals", "aws:EpochTime", #""1800000000""#)
      #expect(await server.simulate(policy)["EvalDecision"] == "allowed")
      #expect(
        await server.simulate(policy, contextEntry(1, "aws:EpochTime", ["1"], "numeric"))["EvalDecision"]
          == "implicitDeny"
      )
      let date = allowing("DateEquals", "aws:CurrentTime", #""2027-01-15T08:00:00Z""#)
      #expect(await server.simulate(date)["EvalDecision"] == "allowed")
    }
  }

  // MARK: - Pages

  @Test func `pages end where the last result does`() async throws {
    try await TestServer.run { server in
      let actions = (1...5).map { ("ActionNames.member.\($0)", "a:B\($0)") }
      var found: [[String]] = []
      var marker: String?
      repeat {
        let page = [("MaxItems", "2")] + (marker.map { [("Marker", $0)] } ?? [])
        let answer = await server.simulate(allowsAll, actions + page)
        found.append(answer.all("EvalActionName"))
        marker = answer["Marker"]
        #expect(answer["IsTruncated"] == (marker == nil ? "false" : "true"))
      } while marker != nil && found.count < 9
      #expect(found == [["a:B1", "a:B2"], ["a:B3", "a:B4"], ["a:B5"]])
      let whole = await server.simulate(allowsAll, actions + [("MaxItems", "5")])
      #expect(
        whole.all("EvalActionName").count == 5 && whole["IsTruncated"] == "false" && whole["Marker"] == nil
      )
      for beyond in ["5", "9999999"] {
        let answer = await server.simulate(allowsAll, actions + [("Marker", beyond)])
        #expect(
          answer.status == 200 && answer.all("EvalActionName").isEmpty && answer["IsTruncated"] == "false"
        )
      }
    }
  }

  @Test func `a page holds a hundred results unless more are asked for`() async throws {
    try await TestServer.run { server in
      let actions = (1...101).map { ("ActionNames.member.\($0)", "a:B\($0)") }
      let first = await server.simulate(allowsAll, actions)
      #expect(first.all("EvalActionName").count == 100 && first["Marker"] == "100")
    }
  }

  @Test(arguments: ["0", "-1", "x", "1.5", "10000000", "9223372036854775807", "99999999999999999999"])
  func `a marker that nobody gave is refused`(_ marker: String) async throws {
    try await TestServer.run { server in
      let answer = await server.simulate(allowsAll, [("Marker", marker)])
      #expect(answer.status == 400 && answer.code == "ValidationError")
      #expect(answer.message == "Invalid Marker: \(marker)")
    }
  }
}
