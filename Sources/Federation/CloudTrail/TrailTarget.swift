// SPDX-License-Identifier: Apache-2.0
//
// The trail that an action is about, and what of a trail the answers show.

import AWSProtocols
package import IdentityModel
import StrictJSON

/// The trail that an action names.
package enum TrailTarget: ActionSubject {
  /// One of the caller's account.
  case existing(Stored<TrailRecord>)
  /// A name that no trail of the caller's account has, or an ARN of another account or region.
  case absent(ARN, named: String)

  package var requirements: [Change.Write] {
    switch self {
    case .existing(let trail): [trail.isUnchanged]
    // Nothing happens to what is not there: the action throws.
    case .absent: []
    }
  }

  /// Whether the caller may do `action` to the trail.
  func question(_ action: String, context: [Question.ContextEntry] = []) -> Question {
    switch self {
    case .existing(let trail):
      Question(
        action: action,
        resource: trail.record.arn.description,
        context: trail.record.tagContext + context
      )
    case .absent(let arn, _):
      // SECURITY: an ARN of another account is judged as one.
      Question(
        action: action,
        resource: arn.description,
        context: context,
        resourceAccount: AccountID(String(arn.parts[4]))
      )
    }
  }

  /// The trail; throws TrailNotFoundException when there is none.
  func existing(for call: AccountID) throws(ServiceError) -> Stored<TrailRecord> {
    switch self {
    case .existing(let trail): trail
    case .absent(_, let name):
      throw .cloudTrail("TrailNotFound", "Unknown trail: \(name) for the user: \(call)")
    }
  }
}

extension House {
  /// The trail that `name` names in the caller's account.
  func trail(_ name: TrailName, _ call: AuthenticatedCall) async throws(ServiceError) -> TrailTarget {
    let region = name.arn?.region ?? call.region.description
    let absent = TrailTarget.absent(
      TrailRecord.arn(name.arn?.account ?? call.account, region, name.name),
      named: name.text
    )
    if let arn = name.arn, arn.account != call.account { return absent }
    let id = TrailRecord.id(call.account, name.name)
    guard let found = try await read({ try await $0.record(TrailRecord.self, at: id) }) else { return absent }
    if let arn = name.arn, !arn.region.utf8.elementsEqual(found.record.homeRegion.utf8) { return absent }
    return .existing(found)
  }

  /// The trails of `account`, in the byte order of their names.
  func trails(of account: AccountID) async throws(ServiceError) -> [TrailRecord] {
    try await read { directory in
      try await directory.records(TrailRecord.self, prefix: "\(account)/", after: nil, limit: 1000)
    }.map(\.record)
  }
}

extension TrailRecord {
  /// What CreateTrail and UpdateTrail answer.
  var response: ResponseStructure {
    ResponseStructure([
      "Name": .string(name),
      "S3BucketName": .string(s3BucketName),
      "S3KeyPrefix": s3KeyPrefix.map { .string($0) },
      "IncludeGlobalServiceEvents": .boolean(includeGlobalServiceEvents),
      "IsMultiRegionTrail": .boolean(isMultiRegionTrail),
      "TrailARN": .string(arn.description),
      "LogFileValidationEnabled": .boolean(logFileValidationEnabled),
      "IsOrganizationTrail": .boolean(false),
    ])
  }

  /// What GetTrail and DescribeTrails answer.
  var description: ResponseStructure {
    var structure = response
    structure.append("HomeRegion", .string(homeRegion))
    structure.append("HasCustomEventSelectors", .boolean(false))
    structure.append("HasInsightSelectors", .boolean(false))
    return structure
  }

  /// What of `response` is recorded.
  var recorded: JSONValue {
    .object(
      JSONObject(
        [
          .init("name", .string(name)),
          .init("s3BucketName", .string(s3BucketName)),
        ] + JSONObject.Member.ifPresent("s3KeyPrefix", s3KeyPrefix) + [
          .init("includeGlobalServiceEvents", .bool(includeGlobalServiceEvents)),
          .init("isMultiRegionTrail", .bool(isMultiRegionTrail)),
          .init("trailARN", .string(arn.description)),
          .init("logFileValidationEnabled", .bool(logFileValidationEnabled)),
          .init("isOrganizationTrail", .bool(false)),
        ]
      )
    )
  }
}
