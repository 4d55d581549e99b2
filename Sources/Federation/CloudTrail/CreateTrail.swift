// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, CreateTrail.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `cloudtrail:CreateTrail`: says where the account's records are to be delivered; StartLogging begins with it.
package struct CreateTrail: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "CreateTrail"
  package static let isReadOnly = false

  private let trailName: String
  private let bucket: String
  private let settings: TrailSettings
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trailName = parameters.requiredString("Name", length: 0...1024)
    bucket = parameters.requiredString("S3BucketName", length: 0...1024)
    settings = TrailSettings(&parameters)
    tags = parameters.trailTags()
    try parameters.check()
    try TrailName.require(trailName)
    try settings.require()
    try tags.requireTrailTags()
  }

  package var requestParameters: JSONValue? { settings.recorded(after: trailName, tags) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = TrailRecord.arn(call.account, call.region.description, trailName).description
    var actions = ["cloudtrail:CreateTrail"]
    if !tags.isEmpty { actions.append("cloudtrail:AddTags") }
    return actions.map { Question(action: $0, resource: resource, context: tags.requestContext) }
  }

  package func perform(
    _ call: AuthorizedCall<CreateTrail>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let existing = try await house.trails(of: call.account)
    guard !existing.contains(where: { $0.name.utf8.elementsEqual(trailName.utf8) }) else {
      throw .cloudTrail(
        "TrailAlreadyExists",
        "Trail \(trailName) already exists for customer: \(call.account)"
      )
    }
    guard existing.count < TrailRecord.maximumPerAccount else {
      throw .cloudTrail(
        "MaximumNumberOfTrailsExceeded",
        "User: \(call.account) already has \(TrailRecord.maximumPerAccount) trails in \(call.region)."
      )
    }
    try house.requireBucket(bucket, for: call.account)
    let room = try await house.room(for: TrailRecord.self, .trails, in: call.account)
    let trail = TrailRecord(
      account: call.account,
      name: trailName,
      homeRegion: call.region.description,
      s3BucketName: bucket,
      s3KeyPrefix: settings.s3KeyPrefix.flatMap { $0.isEmpty ? nil : $0 },
      includeGlobalServiceEvents: settings.includeGlobalServiceEvents ?? true,
      isMultiRegionTrail: settings.isMultiRegionTrail ?? false,
      logFileValidationEnabled: settings.enableLogFileValidation ?? false,
      isLogging: false,
      tags: tags,
      createDate: call.now
    )
    return try house.propose { change in
      try room.take(in: &change)
      try change.create(trail, id: TrailRecord.id(call.account, trailName), account: call.account)
      return (trail.response, trail.recorded)
    }
  }
}
