// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetSessionToken: temporary credentials of the caller itself. Needs no permission, and no policy can deny
// it. What they may call: SessionReach.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:GetSessionToken`.
package struct GetSessionToken: Action {
  package static let service = ServiceName.sts
  package static let name = "GetSessionToken"
  package static let isReadOnly = false

  private let durationSeconds: Int?
  private let multiFactor: MultiFactor

  package init(_ parameters: inout ParameterReader) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 900...129_600)
    multiFactor = MultiFactor(&parameters)
  }

  package var requestParameters: JSONValue? {
    var members = JSONObject.Member.ifPresent("serialNumber", multiFactor.serialNumber)
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    return members.isEmpty ? nil : .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] { [] }

  package func perform(
    _ call: AuthorizedCall<GetSessionToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try multiFactor.requireNone()
    let session = Session(
      of: call.authenticated,
      federatedUserName: nil,
      durationSeconds: durationSeconds
    )
    let credentials = try house.credentials(for: session)
    return Proposal(
      result: ResponseStructure(["Credentials": credentials.response]),
      responseElements: .object(JSONObject([credentials.recorded]))
    )
  }
}

extension Session {
  /// A session of the caller, who has a long-term key: of GetSessionToken, or of GetFederationToken when
  /// `federatedUserName` is given.
  ///
  /// Twelve hours when `durationSeconds` is `nil`. For root an hour, and never more: AWS shortens it in silence, and the
  /// answer says so.
  init(of call: AuthenticatedCall, federatedUserName: String?, durationSeconds: Int?) {
    var user: UserIdentity?
    var duration = min(durationSeconds ?? 3600, 3600)
    if case .user(let identity) = call.caller.principal {
      user = identity
      duration = durationSeconds ?? 43_200
    }
    self.init(
      user: user,
      of: call.account,
      federatedUserName: federatedUserName,
      accessKeyID: call.caller.accessKeyID,
      issuedAt: call.now,
      durationSeconds: duration
    )
  }
}
