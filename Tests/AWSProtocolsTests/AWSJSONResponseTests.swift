// SPDX-License-Identifier: Apache-2.0
//
// What AWS JSON answers look like, and that botocore reads them and is read: the AWS CLI's own library, with its model
// of CloudTrail, serialises requests and parses answers.

import AWSProtocols
import Foundation
import IdentityModel
import StrictJSON
import Testing

struct AWSJSONResponseTests {
  private static let time = Instant(milliseconds: 1_792_569_600_125)

  private static func text(_ result: ResponseStructure?) -> String {
    String(decoding: AWSJSONResponse.success(result), as: UTF8.self)
  }

  @Test func `a result is an object in the order of writing`() {
    let result = ResponseStructure([
      "S": .string("é\"\n"), "I": .integer(-1), "B": .boolean(true), "N": nil,
      "T": .timestamp(Self.time, milliseconds: false), "M": .timestamp(Self.time, milliseconds: true),
      "L": .list([.string("a"), .structure(ResponseStructure())]), "E": .list([]),
    ])
    #expect(
      Self.text(result)
        == #"{"S":"é\"\u000a","I":-1,"B":true,"T":1792569600,"M":1792569600.125,"L":["a",{}],"E":[]}"#
    )
    #expect(Self.text(nil) == "{}")
  }

  @Test(
    arguments: [(0, "0.000"), (7, "0.007"), (-1, "-0.001"), (-1500, "-1.500"), (61_050, "61.050")]
      as [(Int64, String)]
  )
  func `a time with milliseconds has three decimals`(milliseconds: Int64, text: String) {
    let result = ResponseStructure(["T": .timestamp(Instant(milliseconds: milliseconds), milliseconds: true)])
    #expect(Self.text(result) == "{\"T\":\(text)}")
  }

  @Test func `an error is its type and its message`() {
    let error = ServiceError(code: "TrailNotFoundException", httpStatus: 400, message: "no `x`")
    #expect(
      String(decoding: AWSJSONResponse.failure(error), as: UTF8.self)
        == #"{"__type":"TrailNotFoundException","message":"no `x`"}"#
    )
    let bare = ServiceError(code: "UnknownOperationException", httpStatus: 400, message: nil)
    #expect(
      String(decoding: AWSJSONResponse.failure(bare), as: UTF8.self)
        == #"{"__type":"UnknownOperationException"}"#
    )
  }

  // MARK: - botocore

  // The interpreter of the end-to-end tests when it is there, and otherwise the system's.
  private static let python: String? = {
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    for _ in 0..<2 { folder = folder.deletingLastPathComponent() }
    let candidates = [
      folder.appending(path: ".build/venv/bin/python").path, "/usr/local/bin/python3", "/usr/bin/python3",
    ]
    return candidates.first { candidate in
      FileManager.default.isExecutableFile(atPath: candidate)
        && (try? run(candidate, "import botocore.session", []))?.status == 0
    }
  }()

  private static func run(_ python: String, _ script: String, _ input: [UInt8]) throws -> (
    status: Int32, output: String
  ) {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = ["-c", script]
    let output = Pipe()
    let given = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = given
    try process.run()
    try given.fileHandleForWriting.write(contentsOf: input)
    try given.fileHandleForWriting.close()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
  }

  @Test(.enabled(if: python != nil, "needs python3 with botocore"))
  func `botocore parses what we write`() throws {
    let keys = ResponseStructure([
      "PublicKeyList": .list([
        .structure(
          ResponseStructure([
            "Value": .string("MIIB"), "ValidityStartTime": .timestamp(Self.time, milliseconds: true),
            "ValidityEndTime": .timestamp(Self.time, milliseconds: false), "Fingerprint": .string("f"),
          ])
        )
      ])
    ])
    let script = """
      import sys, datetime, botocore.session, botocore.parsers
      model = botocore.session.get_session().get_service_model("cloudtrail")
      shape = model.operation_model("ListPublicKeys").output_shape
      parser = botocore.parsers.create_parser(model.metadata["protocol"])
      good, bad = sys.stdin.buffer.read().split(b"\\n")
      headers = {"content-type": "application/x-amz-json-1.1"}
      key = parser.parse({"status_code": 200, "headers": headers, "body": good}, shape)["PublicKeyList"][0]
      times = [key[end].astimezone(datetime.timezone.utc).isoformat() for end in ("ValidityStartTime", "ValidityEndTime")]
      print(key["Value"], *times, key["Fingerprint"])
      error = parser.parse({"status_code": 400, "headers": headers, "body": bad}, shape)["Error"]
      print(error["Code"], error["Message"])
      """
    let error = ServiceError(code: "InvalidTimeRangeException", httpStatus: 400, message: "é")
    let verdict = try Self.run(
      #require(Self.python),
      script,
      AWSJSONResponse.success(keys) + Array("\n".utf8) + AWSJSONResponse.failure(error)
    )
    #expect(
      verdict.output
        == "b'0\\x82\\x01' 2026-10-21T08:00:00.125000+00:00 2026-10-21T08:00:00+00:00 f\nInvalidTimeRangeException é\n"
    )
  }

  @Test(.enabled(if: python != nil, "needs python3 with botocore"))
  func `botocore's requests read as the parameters that went in`() throws {
    let script = """
      import json, datetime, botocore.session, botocore.serialize
      model = botocore.session.get_session().get_service_model("cloudtrail")
      serializer = botocore.serialize.create_serializer(model.metadata["protocol"])
      zone = datetime.timezone.utc
      calls = [
          ("LookupEvents", {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "é"}],
                            "StartTime": datetime.datetime(2026, 10, 21, 8, tzinfo=zone), "MaxResults": 5}),
          ("AddTags", {"ResourceId": "r", "TagsList": [{"Key": "k", "Value": "v"}]}),
          ("UpdateTrail", {"Name": "t", "IsMultiRegionTrail": False}),
          ("DescribeTrails", {}),
      ]
      for name, parameters in calls:
          request = serializer.serialize_to_request(parameters, model.operation_model(name))
          print(json.dumps([model.metadata["targetPrefix"], request["method"], request["headers"]["X-Amz-Target"],
                            request["headers"]["Content-Type"], request["body"].decode()]))
      """
    let verdict = try Self.run(#require(Self.python), script, [])
    var readers = try verdict.output.split(separator: "\n").map { line in
      let parts = try #require(try JSONReader.read(line.utf8).array).compactMap(\.string)
      try #require(parts.count == 5)
      let request = try AWSJSONRequest(
        method: parts[1],
        query: nil,
        target: parts[2],
        targetPrefix: parts[0],
        contentType: parts[3],
        body: Array(parts[4].utf8)
      )
      return (action: request.action, reader: ParameterReader(request.parameters))
    }
    #expect(readers.map(\.action) == ["LookupEvents", "AddTags", "UpdateTrail", "DescribeTrails"])
    try #require(readers.count == 4)
    let attributes = readers[0].reader.structureList(
      "LookupAttributes",
      count: 0...1,
      type: "LookupAttribute",
      members: ["AttributeKey"]
    ) {
      $0.requiredChoice("AttributeKey", of: ["EventName"])
        + $0.requiredString("AttributeValue", length: 1...9)
    }
    #expect(attributes == ["EventNameé"])
    #expect(readers[0].reader.requiredTimestamp("StartTime") == Instant(seconds: 1_792_569_600))
    #expect(readers[0].reader.requiredInteger("MaxResults", 1...50) == 5)
    #expect(readers[1].reader.tagList("TagsList") == [Tag(key: "k", value: "v")])
    #expect(readers[2].reader.optionalBoolean("IsMultiRegionTrail") == false)
    for (_, reader) in readers { #expect(throws: Never.self) { try reader.check() } }
  }
}
