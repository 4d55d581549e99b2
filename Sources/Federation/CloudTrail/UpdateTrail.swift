// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, UpdateTrail, DeleteTrail, StartLogging, StopLogging: what changes a trail that is there.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// An action that changes one trail, and has no output or the trail's settings.
package protocol TrailChange: Action where Subject == TrailTarget {
  /// The trail.
  var trail: TrailNameParameter { get }
}

/// The parameter `Name`, once it was read.
package struct TrailNameParameter: Sendable {
  let value: TrailName

  init(_ parameters: inout ParameterReader, _ name: String = "Name") throws(ServiceError) {
    let text = parameters.requiredString(name, length: 0...2048)
    try parameters.check()
    value = try TrailName(text)
  }
}

extension TrailChange {
  package static var service: ServiceName { .cloudtrail }
  package static var isReadOnly: Bool { false }

  package var requestParameters: JSONValue? { .strings(["name": trail.value.text]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> TrailTarget {
    try await house.trail(trail.value, call)
  }

  package func questions(_ subject: TrailTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("cloudtrail:\(Self.name)")]
  }
}

/// `cloudtrail:UpdateTrail`: other settings.
package struct UpdateTrail: TrailChange {
  package static let name = "UpdateTrail"

  package let trail: TrailNameParameter
  private let settings: TrailSettings

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    settings = TrailSettings(&parameters)
    trail = try TrailNameParameter(&parameters)
    try settings.require()
  }

  package var requestParameters: JSONValue? { settings.recorded(after: trail.value.text) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    var record = stored.record
    if let bucket = settings.s3BucketName {
      try house.requireBucket(bucket, for: call.account)
      record.s3BucketName = bucket
    }
    if let prefix = settings.s3KeyPrefix { record.s3KeyPrefix = prefix.isEmpty ? nil : prefix }
    record.includeGlobalServiceEvents =
      settings.includeGlobalServiceEvents ?? record.includeGlobalServiceEvents
    record.isMultiRegionTrail = settings.isMultiRegionTrail ?? record.isMultiRegionTrail
    record.logFileValidationEnabled = settings.enableLogFileValidation ?? record.logFileValidationEnabled
    let updated = record
    return try house.propose { change in
      try change.replace(stored, with: updated, account: call.account)
      return (updated.response, updated.recorded)
    }
  }
}

/// `cloudtrail:DeleteTrail`: the trail ends; what it delivered stays.
package struct DeleteTrail: TrailChange {
  package static let name = "DeleteTrail"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    return try house.propose { change in
      change.delete(stored)
      return (nil, nil)
    }
  }
}

/// `cloudtrail:StartLogging`: delivers from the next record on.
package struct StartLogging: TrailChange {
  package static let name = "StartLogging"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    guard !stored.record.isLogging else { return Proposal(result: nil) }
    var record = stored.record
    record.isLogging = true
    record.startedAt = call.now
    do {
      // Read before this call is on record: it is the first that is delivered, or among the first.
      record.startedAfter = try await house.trails.progress.lastSequence()
    } catch {
      throw house.diagnostics.serviceError("read the end of the audit log", error)
    }
    let started = record
    return try house.propose { change in
      try change.replace(stored, with: started, account: call.account)
      return (nil, nil)
    }
  }
}

/// `cloudtrail:StopLogging`: ends the delivery; what is on record by then, this call included, is still delivered.
package struct StopLogging: TrailChange {
  package static let name = "StopLogging"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing(for: call.account)
    guard stored.record.isLogging else { return Proposal(result: nil) }
    var record = stored.record
    record.isLogging = false
    record.stoppedAt = call.now
    let stopped = record
    return try house.propose { change in
      try change.replace(stored, with: stopped, account: call.account)
      return (nil, nil)
    }
  }
}
