// SPDX-License-Identifier: Apache-2.0
//
// Trails from creation to deletion, their refusals, and who may do what to which.

import Federation
import IdentityModel
import StrictJSON
import Testing

@Suite struct TrailTests {
  private static let arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"

  @Test func `a trail from creation to deletion`() async throws {
    try await TestServer.run { server in
      let created = await server.call(
        .cloudtrail,
        "CreateTrail",
        json:
          #"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"a/b","EnableLogFileValidation":true}"#
      )
      #expect(created.status == 200)
      #expect(created.member("TrailARN") == Self.arn)
      #expect(created.text.contains(#""LogFileValidationEnabled":true"#))
      let status = await server.call(.cloudtrail, "GetTrailStatus", json: #"{"Name":"main"}"#)
      #expect(status.text.contains(#""IsLogging":false"#))
      #expect(await server.call(.cloudtrail, "StartLogging", json: #"{"Name":"\#(Self.arn)"}"#).status == 200)
      let started = await server.call(.cloudtrail, "GetTrailStatus", json: #"{"Name":"main"}"#)
      #expect(started.text.contains(#""IsLogging":true"#))
      #expect(started.text.contains(#""StartLoggingTime":1800000000"#))
      let updated = await server.call(
        .cloudtrail,
        "UpdateTrail",
        json: #"{"Name":"main","S3KeyPrefix":"","EnableLogFileValidation":false}"#
      )
      #expect(updated.text.contains(#""LogFileValidationEnabled":false"#))
      #expect(updated.member("S3KeyPrefix") == nil)
      #expect(await server.call(.cloudtrail, "StopLogging", json: #"{"Name":"main"}"#).status == 200)
      let described = await server.call(.cloudtrail, "DescribeTrails", json: "{}")
      #expect(described.text.contains(#""HomeRegion":"us-east-1""#))
      let none = await server.call(.cloudtrail, "DescribeTrails", json: #"{"trailNameList":["other"]}"#)
      #expect(none.text == #"{"trailList":[]}"#)
      #expect(await server.call(.cloudtrail, "DeleteTrail", json: #"{"Name":"main"}"#).status == 200)
      let gone = await server.call(.cloudtrail, "GetTrail", json: #"{"Name":"main"}"#)
      #expect(gone.member("__type") == "TrailNotFoundException")
      #expect(gone.member("message") == "Unknown trail: main for the user: 123456789012")
    }
  }

  @Test(arguments: [
    (#"{"Name":"ab","S3BucketName":"account-logs"}"#, "InvalidTrailNameException"),
    (#"{"Name":"a..b","S3BucketName":"account-logs"}"#, "InvalidTrailNameException"),
    (#"{"Name":"-abc","S3BucketName":"account-logs"}"#, "InvalidTrailNameException"),
    (#"{"Name":"abc-","S3BucketName":"account-logs"}"#, "InvalidTrailNameException"),
    (#"{"Name":"a/c","S3BucketName":"account-logs"}"#, "InvalidTrailNameException"),
    (#"{"Name":"main","S3BucketName":"somebody-elses"}"#, "S3BucketDoesNotExistException"),
    (#"{"Name":"main","S3BucketName":"../etc"}"#, "InvalidS3BucketNameException"),
    (#"{"Name":"main","S3BucketName":"a..b"}"#, "InvalidS3BucketNameException"),
    (#"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"a/../b"}"#, "InvalidS3PrefixException"),
    (#"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"/a"}"#, "InvalidS3PrefixException"),
    (#"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"a\u0000"}"#, "InvalidS3PrefixException"),
    (
      #"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"p.json.gz"}"#, "InvalidS3PrefixException"
    ),
    (
      #"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"a/p.metadata.json/b"}"#,
      "InvalidS3PrefixException"
    ),
    (
      #"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"1/2/3/4/5/6/7/8/9"}"#,
      "InvalidS3PrefixException"
    ),
    (#"{"Name":"main","S3BucketName":"account-logs","KmsKeyId":"k"}"#, "UnsupportedOperationException"),
    (
      #"{"Name":"main","S3BucketName":"account-logs","IsOrganizationTrail":true}"#,
      "UnsupportedOperationException"
    ),
    (
      #"{"Name":"main","S3BucketName":"account-logs","IsMultiRegionTrail":true,"IncludeGlobalServiceEvents":false}"#,
      "InvalidParameterCombinationException"
    ),
    (
      #"{"Name":"main","S3BucketName":"account-logs","TagsList":[{"Key":"a"},{"Key":"a"}]}"#,
      "InvalidTagParameterException"
    ),
    (
      #"{"Name":"main","S3BucketName":"account-logs","TagsList":[{"Key":"aws:a"}]}"#,
      "InvalidTagParameterException"
    ),
    (#"{"S3BucketName":"account-logs"}"#, "ValidationException"),
    (#"{"Name":1,"S3BucketName":"account-logs"}"#, "SerializationException"),
    (#"{"Name":"main","Name":"main","S3BucketName":"account-logs"}"#, "SerializationException"),
    ("[]", "SerializationException"),
  ])
  func `a trail that cannot be is refused and not made`(_ body: String, _ code: String) async throws {
    try await TestServer.run { server in
      let answer = await server.call(.cloudtrail, "CreateTrail", json: body)
      #expect(answer.status == 400)
      #expect(answer.member("__type") == code)
      #expect(await server.call(.cloudtrail, "ListTrails", json: "{}").text == #"{"Trails":[]}"#)
      let record = try #require(try await server.records().first { $0.contains("\"CreateTrail\"") })
      #expect(record.contains("\"errorCode\":\"\(code)\""))
    }
  }

  @Test func `a trail does not get a prefix under which no directory takes a file, nor one of nine levels`()
    async throws
  {
    try await TestServer.run { server in
      let body = #"{"Name":"main","S3BucketName":"account-logs","S3KeyPrefix":"1/2/3/4/5/6/7/json.gz"}"#
      #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      for prefix in ["p.json.gz", "p.metadata.json", "a/.json.gz/b", "1/2/3/4/5/6/7/8/9"] {
        let update = #"{"Name":"main","S3KeyPrefix":"\#(prefix)"}"#
        let answer = await server.call(.cloudtrail, "UpdateTrail", json: update)
        #expect(answer.status == 400)
        #expect(answer.member("__type") == "InvalidS3PrefixException")
      }
      let trail = await server.call(.cloudtrail, "GetTrail", json: #"{"Name":"main"}"#)
      #expect(trail.text.contains(#""S3KeyPrefix":"1/2/3/4/5/6/7/json.gz""#))
    }
  }

  @Test func `an account has five trails, each name once`() async throws {
    try await TestServer.run { server in
      for number in 1...5 {
        let body = #"{"Name":"trail\#(number)","S3BucketName":"account-logs"}"#
        #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      }
      let again = await server.call(
        .cloudtrail,
        "CreateTrail",
        json: #"{"Name":"trail1","S3BucketName":"account-logs"}"#
      )
      #expect(again.member("__type") == "TrailAlreadyExistsException")
      let sixth = await server.call(
        .cloudtrail,
        "CreateTrail",
        json: #"{"Name":"trail6","S3BucketName":"account-logs"}"#
      )
      #expect(sixth.member("__type") == "MaximumNumberOfTrailsExceededException")
    }
  }

  @Test func `policy decides about each trail by its ARN and tags`() async throws {
    try await TestServer.run { server in
      for (name, team) in [("mine", "a"), ("theirs", "b")] {
        let body =
          #"{"Name":"\#(name)","S3BucketName":"account-logs","TagsList":[{"Key":"team","Value":"\#(team)"}]}"#
        #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      }
      let policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*",\
        "Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}]}
        """
      let keys = try await server.user("auditor", policy: policy)
      #expect(
        await server.call(.cloudtrail, "StopLogging", json: #"{"Name":"mine"}"#, as: keys).status == 200
      )
      for name in ["theirs", "none", "arn:aws:cloudtrail:us-east-1:210987654321:trail/mine"] {
        let answer = await server.call(.cloudtrail, "StopLogging", json: #"{"Name":"\#(name)"}"#, as: keys)
        #expect(answer.member("__type") == "AccessDeniedException")
        #expect(answer.status == 400)
      }
    }
  }

  @Test func `an ARN of another account or region names no trail`() async throws {
    try await TestServer.run { server in
      let body = #"{"Name":"main","S3BucketName":"account-logs"}"#
      #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      for arn in [
        "arn:aws:cloudtrail:us-east-1:210987654321:trail/main",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main",
      ] {
        let answer = await server.call(.cloudtrail, "DeleteTrail", json: #"{"Name":"\#(arn)"}"#)
        #expect(["TrailNotFoundException", "AccessDeniedException"].contains(answer.member("__type")))
      }
      #expect(await server.call(.cloudtrail, "GetTrail", json: #"{"Name":"main"}"#).status == 200)
      let malformed = await server.call(.cloudtrail, "GetTrail", json: #"{"Name":"arn:aws:s3:::bucket"}"#)
      #expect(malformed.member("__type") == "CloudTrailARNInvalidException")
    }
  }

  @Test func `tags are added, replaced, listed and taken away`() async throws {
    try await TestServer.run { server in
      let body = #"{"Name":"main","S3BucketName":"account-logs"}"#
      #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      for tags in [#"[{"Key":"a","Value":"1"},{"Key":"b"}]"#, #"[{"Key":"a","Value":"2"}]"#] {
        let add = #"{"ResourceId":"\#(Self.arn)","TagsList":\#(tags)}"#
        #expect(await server.call(.cloudtrail, "AddTags", json: add).status == 200)
      }
      let remove = #"{"ResourceId":"\#(Self.arn)","TagsList":[{"Key":"b"}]}"#
      #expect(await server.call(.cloudtrail, "RemoveTags", json: remove).status == 200)
      let listed = await server.call(.cloudtrail, "ListTags", json: #"{"ResourceIdList":["\#(Self.arn)"]}"#)
      #expect(
        listed.text
          == #"{"ResourceTagList":[{"ResourceId":"\#(Self.arn)","TagsList":[{"Key":"a","Value":"2"}]}]}"#
      )
      let byName = await server.call(.cloudtrail, "ListTags", json: #"{"ResourceIdList":["main"]}"#)
      #expect(byName.member("__type") == "CloudTrailARNInvalidException")
    }
  }
}

extension Answer {
  /// The text of the first member `name` of an answer of AWS JSON.
  func member(_ name: String) -> String? {
    let value = try? JSONReader.read(Array(text.utf8), maximumBytes: 1 << 20, maximumDepth: 16)
    return value?.object?[name]?.string
  }
}
