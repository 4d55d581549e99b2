// SPDX-License-Identifier: Apache-2.0
//
// AWS CloudTrail API, GetTrailStatus and ListPublicKeys: how far the delivery has come, and the keys that its digests
// verify with.

package import AWSProtocols
import AuditTrail
package import IdentityModel
package import StrictJSON

/// `cloudtrail:GetTrailStatus`.
package struct GetTrailStatus: TrailReading {
  package static let name = "GetTrailStatus"

  package let trail: TrailNameParameter

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    trail = try TrailNameParameter(&parameters)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let record = try call.subject.existing(for: call.account).record
    let state: TrailDeliveryState?
    do {
      state = try await TrailDeliveryState.read(from: house.trails.progress, call.account, record.name)
    } catch {
      throw house.diagnostics.serviceError("read the state of a trail", error)
    }
    func time(_ instant: Instant?) -> ResponseValue? { instant.map { .timestamp($0, milliseconds: true) } }
    func text(_ instant: Instant?) -> ResponseValue { .string(instant?.rfc3339 ?? "") }
    let attempt = state?.latestDeliveryAttemptTime
    let succeeded = state?.latestDeliveryError == nil ? state?.latestDeliveryTime : nil
    return Proposal(
      result: ResponseStructure([
        "IsLogging": .boolean(record.isLogging),
        "LatestDeliveryError": state?.latestDeliveryError.map { .string($0) },
        "LatestDeliveryTime": time(state?.latestDeliveryTime),
        "StartLoggingTime": time(record.startedAt),
        "StopLoggingTime": time(record.stoppedAt),
        "LatestDigestDeliveryTime": time(state?.latestDigestDeliveryTime),
        "LatestDigestDeliveryError": state?.latestDigestDeliveryError.map { .string($0) },
        "LatestDeliveryAttemptTime": text(attempt),
        "LatestNotificationAttemptTime": .string(""),
        "LatestNotificationAttemptSucceeded": .string(""),
        "LatestDeliveryAttemptSucceeded": text(succeeded),
        "TimeLoggingStarted": text(record.startedAt),
        "TimeLoggingStopped": text(record.stoppedAt),
      ])
    )
  }
}

/// `cloudtrail:ListPublicKeys`: the keys whose digests fall into a time.
package struct ListPublicKeys: Action {
  package static let service = ServiceName.cloudtrail
  package static let name = "ListPublicKeys"
  package static let isReadOnly = true

  private let start: Instant?
  private let end: Instant?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    start = parameters.optionalTimestamp("StartTime")
    end = parameters.optionalTimestamp("EndTime")
    // All keys are one page.
    _ = parameters.optionalString("NextToken", length: 0...2048)
    try parameters.check()
    if let start, let end, start > end {
      throw .cloudTrail("InvalidTimeRange", "The start time is after the end time.")
    }
  }

  package var requestParameters: JSONValue? {
    .strings(["startTime": start?.rfc3339, "endTime": end?.rfc3339])
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    // Source: ListPublicKeys: without a start the last 30 days, without an end the current time.
    let end = end ?? call.now
    let start = start ?? end.advanced(bySeconds: -30 * 24 * 3600)
    let keys: [TrailDigestKey]
    do {
      let all = try await TrailDigestKeys.read(from: house.trails.progress, call.account)
      keys = try all.valid(from: start, to: end).filter { try $0.isVouchedFor(by: house.signer) }
    } catch {
      throw house.diagnostics.serviceError("read the keys of digests", error)
    }
    let list = keys.compactMap { key in
      key.publicKey.map { publicKey in
        ResponseValue.structure(
          ResponseStructure([
            "Value": .string(publicKey.base64),
            "ValidityStartTime": .timestamp(key.validityStart, milliseconds: true),
            "ValidityEndTime": .timestamp(key.validityEnd, milliseconds: true),
            "Fingerprint": .string(publicKey.fingerprint),
          ])
        )
      }
    }
    return Proposal(result: ResponseStructure(["PublicKeyList": .list(list)]))
  }
}
