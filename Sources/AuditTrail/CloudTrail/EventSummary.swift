// SPDX-License-Identifier: Apache-2.0
//
// What an event history shows of a record, and by what it can be looked up: the attributes of CloudTrail's
// LookupEvents, read from the record as it stands in the log. Refuses to know where an index of them is kept.
// Source: AWS CloudTrail API, LookupEvents, Event and LookupAttribute.

package import IdentityModel
import StrictJSON

/// By what an event can be looked up.
package enum LookupAttribute: String, CaseIterable, Hashable, Sendable {
  case eventID = "EventId"
  case eventName = "EventName"
  case readOnly = "ReadOnly"
  case username = "Username"
  case resourceType = "ResourceType"
  case resourceName = "ResourceName"
  case eventSource = "EventSource"
  case accessKeyID = "AccessKeyId"
}

/// A record as an event history shows it.
package struct EventSummary: Hashable, Sendable {
  /// Something that a call was about.
  package struct Resource: Hashable, Sendable {
    /// The type as AWS CloudFormation names it: `AWS::IAM::Role`.
    package let type: String
    /// Its name or ARN, as the call spelled it.
    package let name: String
  }

  /// The record's own UUID.
  package let eventID: String
  /// The action.
  package let eventName: String
  /// `sts.amazonaws.com`.
  package let eventSource: String
  /// When the request arrived, in whole seconds.
  package let eventTime: Instant
  /// `true` or `false`.
  package let readOnly: String
  /// The access key id that signed.
  package let accessKeyID: String?
  /// Who called: a user's name, a session's name, `root`.
  package let username: String?
  /// What the call was about.
  package let resources: [Resource]
  /// The account whose event it is; `nil` when nobody was authenticated.
  package let recipientAccountID: AccountID?

  /// Reads a record of ours.
  ///
  /// - Parameter record: one record as JSON.
  /// - Throws: `AuditTrailError.malformedRecord` when it is not JSON or lacks a member that every record has.
  package init(_ record: [UInt8]) throws(AuditTrailError) {
    guard let value = try? JSONReader.read(record, maximumBytes: record.count, maximumDepth: 64),
      let record = value.object, let eventID = record["eventID"]?.string,
      let eventName = record["eventName"]?.string, let eventSource = record["eventSource"]?.string,
      let time = record["eventTime"]?.string, let eventTime = Instant(rfc3339: time),
      let readOnly = record["readOnly"]?.bool
    else { throw .malformedRecord }
    self.eventID = eventID
    self.eventName = eventName
    self.eventSource = eventSource
    self.eventTime = eventTime
    self.readOnly = readOnly ? "true" : "false"
    self.recipientAccountID = record["recipientAccountId"]?.string.flatMap { AccountID($0) }
    let identity = record["userIdentity"]?.object
    self.accessKeyID = identity?["accessKeyId"]?.string
    self.username = identity.flatMap { identity in
      EventSummary.username(
        identity["userName"]?.string,
        type: identity["type"]?.string,
        principalID: identity["principalId"]?.string
      )
    }
    self.resources = EventSummary.resources(record["requestParameters"]?.object, service: eventSource)
  }

  /// What `init(_:)` reads from the JSON of `record`, without the JSON.
  ///
  /// Returns `nil` where the JSON may hold less than the record: of what is long it holds a part, or nothing.
  package init?(of record: AuditRecord) {
    let identity = record.userIdentity
    guard record.eventName.utf8.count <= 256, (identity.accessKeyID?.utf8.count ?? 0) <= 128,
      (record.requestParameters?.textBytes ?? 0) <= 1024
    else { return nil }
    self.eventID = record.eventID
    self.eventName = record.eventName
    self.eventSource = record.eventSource
    self.eventTime = Instant(seconds: record.eventTime.seconds)
    self.readOnly = record.readOnly ? "true" : "false"
    self.recipientAccountID = record.recipientAccountID
    self.accessKeyID = identity.accessKeyID
    self.username = EventSummary.username(
      identity.userName,
      type: identity.type,
      principalID: identity.principalID
    )
    self.resources = EventSummary.resources(record.requestParameters?.object, service: record.eventSource)
  }

  /// The values of `attribute`.
  package func values(of attribute: LookupAttribute) -> [String] {
    switch attribute {
    case .eventID: [eventID]
    case .eventName: [eventName]
    case .readOnly: [readOnly]
    case .username: username.map { [$0] } ?? []
    case .resourceType: resources.map(\.type)
    case .resourceName: resources.map(\.name)
    case .eventSource: [eventSource]
    case .accessKeyID: accessKeyID.map { [$0] } ?? []
    }
  }

  /// The time that an event id of ours begins with, to the millisecond; `nil` for any other text.
  ///
  /// Source: RFC 9562 §5.7 (UUID version 7).
  package static func time(ofEventID id: String) -> Instant? {
    let bytes = Array(id.utf8)
    guard bytes.count == 36, bytes[14] == UInt8(ascii: "7"),
      let milliseconds = Int64(String(decoding: bytes[0..<8] + bytes[9..<13], as: UTF8.self), radix: 16)
    else { return nil }
    return Instant(milliseconds: milliseconds)
  }

  /// Whether `value` is one of the values of `attribute`, byte for byte.
  package func has(_ attribute: LookupAttribute, _ value: String) -> Bool {
    values(of: attribute).contains { $0.utf8.elementsEqual(value.utf8) }
  }

  private static func username(_ name: String?, type: String?, principalID: String?) -> String? {
    if let name { return name }
    switch type {
    case "Root": return "root"
    case "AssumedRole", "FederatedUser":
      // `AROA…:session`; the part behind the colon is the session's name.
      guard let id = principalID, let colon = id.utf8.firstIndex(of: UInt8(ascii: ":"))
      else { return nil }
      return String(id[id.utf8.index(after: colon)...])
    default: return nil
    }
  }

  private static func resources(_ parameters: JSONObject?, service: String) -> [Resource] {
    guard let parameters else { return [] }
    let types =
      switch service {
      case "cloudtrail.amazonaws.com": trailResources
      case "iam.amazonaws.com": identityResources + federationConfigResources
      case "organizations.amazonaws.com": organizationResources
      default: identityResources
      }
    return types.compactMap { parameter, type in
      parameters[parameter]?.string.map { Resource(type: type, name: $0) }
    }
  }
}

extension JSONValue {
  // How much text it holds, and a byte for each value.
  fileprivate var textBytes: Int {
    switch self {
    case .null, .bool: 1
    case .number(let number): 1 + number.text.utf8.count
    case .string(let text): 1 + text.utf8.count
    case .array(let elements): elements.reduce(1) { $0 + $1.textBytes }
    case .object(let object): object.members.reduce(1) { $0 + $1.name.utf8.count + $1.value.textBytes }
    }
  }
}

// The request parameters that name a resource, and the resource's type.
private let identityResources: [(parameter: String, type: String)] = [
  ("userName", "AWS::IAM::User"),
  ("groupName", "AWS::IAM::Group"),
  ("roleName", "AWS::IAM::Role"),
  ("roleArn", "AWS::IAM::Role"),
  ("policyArn", "AWS::IAM::Policy"),
  ("policyName", "AWS::IAM::Policy"),
  ("instanceProfileName", "AWS::IAM::InstanceProfile"),
  ("accessKeyId", "AWS::IAM::AccessKey"),
  ("openIDConnectProviderArn", "AWS::IAM::OIDCProvider"),
  ("sAMLProviderArn", "AWS::IAM::SAMLProvider"),
]

// Nothing else at IAM is named by a bare `name`.
private let federationConfigResources: [(parameter: String, type: String)] = [
  ("federationConfigName", "AWS::IAM::OutboundFederationConfig"),
  ("name", "AWS::IAM::OutboundFederationConfig"),
]

private let organizationResources: [(parameter: String, type: String)] = [
  ("accountId", "AWS::Organizations::Account"),
  ("organizationalUnitId", "AWS::Organizations::OrganizationalUnit"),
  ("policyId", "AWS::Organizations::Policy"),
]

private let trailResources: [(parameter: String, type: String)] = [
  ("name", "AWS::CloudTrail::Trail"),
  ("s3BucketName", "AWS::S3::Bucket"),
]
