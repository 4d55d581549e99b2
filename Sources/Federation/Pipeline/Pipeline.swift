// SPDX-License-Identifier: Apache-2.0
//
// One way through: the only place where the steps of a call are ordered, and the only reader of the clock. AWS's own
// order of checks: authenticate, validate, authorize, then the action's rules.

import AWSProtocols
import AuditTrail
package import IdentityModel
import SigV4

/// Takes an API call from bytes to bytes.
package struct Pipeline: Sendable {
  private let authenticator: Authenticator
  private let recorder: Recorder
  let house: House
  private let actions: ActionTable
  let clock: WallClock
  private let homeRegion: Region
  private let diagnostics: Diagnostics
  private let metrics: Metrics
  private let strangerLimit: StrangerLimit
  private let throttle: RequestThrottle

  /// Gathers the parts.
  package init(
    authenticator: Authenticator,
    recorder: Recorder,
    house: House,
    actions: ActionTable,
    clock: WallClock,
    homeRegion: Region,
    diagnostics: Diagnostics,
    metrics: Metrics,
    strangerLimit: StrangerLimit = StrangerLimit(),
    throttle: RequestThrottle = RequestThrottle()
  ) {
    self.authenticator = authenticator
    self.recorder = recorder
    self.house = house
    self.actions = actions
    self.clock = clock
    self.homeRegion = homeRegion
    self.diagnostics = diagnostics
    self.metrics = metrics
    self.strangerLimit = strangerLimit
    self.throttle = throttle
  }

  /// Answers `request`.
  ///
  /// Whatever happens is on record, or the answer says that it could not be. Only refusals of callers that nobody
  /// knows are left out, when there are too many of them, and calls beyond an account's quota, of which one record a
  /// second tells the number.
  package func respond(to request: APIRequest) async -> APIResponse {
    var trail = trail(of: request)
    var response = await respond(to: request, &trail)
    response.caller = trail.principal?.account
    return response
  }

  /// Refuses `request` before anything of it is looked at: nothing of it is believed, and nothing goes on record.
  package func overloaded(_ request: APIRequest) -> APIResponse {
    var trail = trail(of: request)
    trail.service = AskedCall.jsonService(of: request)
    let code = UnrecordedError.overloaded.serviceError(trail.service).code
    metrics.count(trail.eventName, code: code)
    return ResponseWriter.unrecorded(.overloaded, trail)
  }

  /// The same for a request to a token endpoint, in OAuth's words.
  package func exchangeOverloaded(_ request: APIRequest) -> APIResponse {
    let code = UnrecordedError.overloaded.serviceError(ExchangeOutboundToken.service).code
    metrics.count(ExchangeOutboundToken.name, code: code)
    return OAuthAnswer.unrecorded(.overloaded, requestID: house.entropy.uuid())
  }

  private func trail(of request: APIRequest) -> Trail {
    let now = clock.now()
    return Trail(
      request,
      now: now,
      requestID: house.entropy.uuid(),
      eventID: house.entropy.eventID(at: now),
      homeRegion: homeRegion
    )
  }

  private func respond(to request: APIRequest, _ trail: inout Trail) async -> APIResponse {
    do {
      let recorded = try await answer(request, &trail)
      metrics.count(trail.eventName, code: "OK")
      return ResponseWriter.write(recorded)
    } catch let error {
      let refusal = error.asSpoken(by: trail.service)
      if trail.isCountedElsewhere {
        metrics.count(trail.eventName, code: refusal.code)
        return ResponseWriter.unrecorded(.overQuota(refusal), trail)
      }
      guard trail.principal != nil || strangerLimit.admits(at: trail.now) else {
        let code = UnrecordedError.throttling.serviceError(trail.service).code
        metrics.count(trail.eventName, code: code)
        return ResponseWriter.unrecorded(.throttling, trail)
      }
      metrics.count(trail.eventName, code: refusal.code)
      do {
        return ResponseWriter.write(try await recorder.refuse(refusal, trail))
      } catch {
        diagnostics.report(Incident(what: "append to the audit log", cause: String(describing: error)))
        return ResponseWriter.unrecorded(.auditUnavailable, trail)
      }
    }
  }

  /// Answers `request`, which was sent to the token endpoint of the issuer `issuerID`: as `respond`, in OAuth's words.
  package func exchange(_ request: APIRequest, issuerID: String) async -> APIResponse {
    var trail = trail(of: request)
    trail.service = ExchangeOutboundToken.service
    trail.eventName = ExchangeOutboundToken.name
    do {
      let parameters = try TokenExchangeForm.parameters(request, issuerID: issuerID)
      let recorded = try await runFederated(ExchangeOutboundToken.self, parameters, request, &trail)
      metrics.count(trail.eventName, code: "OK")
      return OAuthAnswer.write(recorded, isOfRole: true)
    } catch let refusal {
      if trail.isCountedElsewhere {
        metrics.count(trail.eventName, code: refusal.code)
        return OAuthAnswer.unrecorded(.overQuota(refusal), requestID: trail.requestID)
      }
      guard strangerLimit.admits(at: trail.now) else {
        metrics.count(trail.eventName, code: "Throttling")
        return OAuthAnswer.unrecorded(.throttling, requestID: trail.requestID)
      }
      metrics.count(trail.eventName, code: refusal.code)
      do {
        let isOfRole = trail.isTrusted && trail.refusal != nil
        return OAuthAnswer.write(try await recorder.refuse(refusal, trail), isOfRole: isOfRole)
      } catch {
        diagnostics.report(Incident(what: "append to the audit log", cause: String(describing: error)))
        return OAuthAnswer.unrecorded(.auditUnavailable, requestID: trail.requestID)
      }
    }
  }

  private func answer(
    _ request: APIRequest,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Recorded {
    // 1. What is asked for. A request that cannot be read is reported after authentication, as AWS does.
    let asked = AskedCall(request)
    trail.service = asked.service
    if let action = asked.action { trail.eventName = eventName(action) }

    // 2. Who calls? Of a federated action the provider's assertion says it, and no signature is looked at.
    if let service = asked.service, let action = asked.action, let type = actions.federated(service, action),
      let parameters = try? asked.parameters(of: service)
    {
      return try await runFederated(type, parameters, request, &trail)
    }
    let signature = try authenticator.present(request, now: trail.now)
    trail.accessKeyID = signature.accessKeyID
    trail.service = ServiceName(rawValue: signature.scope.service)
    trail.region = signature.region
    let call = try await authenticator.authenticate(
      signature,
      request,
      now: trail.now,
      requestID: trail.requestID
    )
    trail.principal = call.caller.principal
    trail.session = call.caller.session
    try throttle.admit(call.account, call.caller.standing.quota, &trail)
    // Sessions without a role are for STS. Source: AWS STS API, GetSessionToken and GetFederationToken: without
    // multi-factor authentication they call no IAM operation, and this is how IAM says so.
    if call.service == .iam, let kind = call.caller.session?.kind, kind != .role {
      throw .invalidClientTokenID
    }

    // 3. Which action?
    let parameters = try asked.parameters(of: call.service)
    return try await run(try asked.type(in: actions, of: call.service), parameters, call, &trail)
  }

  private func run<A: Action>(
    _ type: A.Type,
    _ parameters: ParameterReader,
    _ call: AuthenticatedCall,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Recorded {
    trail.isReadOnly = A.isReadOnly

    // 4. Validate: the shape of the parameters.
    var reader = parameters
    let action = try A(&reader)
    try reader.check()
    trail.requestParameters = action.requestParameters

    // INVARIANT: a token or a change goes on record only while the caller, its policies and the subject are what they
    // were when it was decided. Whatever meets a concurrent change is decided anew, from the caller on.
    var call = call
    var attempt = 1
    while true {
      // 5. May the caller?
      let authorized = try await Authorizer.authorize(action, call, house, &trail)
      trail.concerned = authorized.subject.concernedAccount.flatMap { account in
        account == call.account ? nil : (account, house.entropy.eventID(at: call.now), house.entropy.uuid())
      }
      // 6. The action's rules, and what it would do.
      let proposal = try await action.perform(authorized, house)
      // 7. Do it and put it on record, or neither.
      let recorded: Recorded
      do {
        let requirements = A.isReadOnly ? [] : call.caller.requirements + authorized.subject.requirements
        recorded = try await recorder.commit(
          proposal,
          provided: requirements,
          of: call.account,
          action: A.name,
          trail
        )
      } catch .preconditionFailed where attempt < 8 {
        attempt += 1
        if let account = authorized.subject.concernedAccount { house.directory.forget(account) }
        call = try await authenticator.renew(call)
        trail.principal = call.caller.principal
        continue
      } catch {
        throw diagnostics.serviceError("commit \(A.name)", error)
      }
      for keyID in proposal.revokedKeys { house.signer.forget(keyID) }
      if proposal.changesIssuer { await house.issuerChanged(call.account, now: call.now) }
      if let issuerID = proposal.changesStatusLists { house.statusLists.forget(issuerID) }
      // 8. What could not come into being before its record.
      guard let promised = proposal.promised else { return recorded }
      return try await issue(
        promised.issuance,
        recorded,
        of: call.account,
        action: A.name,
        promised.result,
        &trail
      )
    }
  }

  /// The answer with the token whose record is durable; a failure leaves a record of its own.
  private func issue(
    _ issuance: PromisedIssuance,
    _ recorded: Recorded,
    of account: AccountID,
    action: String,
    _ result: @Sendable (String) -> ResponseStructure,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Recorded {
    do {
      let token = try await house.tokenIssuer.issue(issuance, at: trail.now, after: recorded)
      // SECURITY: this token is signed after its record. A key that was revoked in between, or an issuer that was
      // disabled or suspended, gives out nothing any more.
      guard let issuer = try await house.directory.issuer(of: account),
        issuer.stored.record.isEnabled, issuer.stored.record.suspendDate == nil,
        issuer.signingKeys.mayRelease(issuance.keyID)
      else {
        throw ServiceError.serviceUnavailable(
          "The issuer was disabled or suspended, or the signing key revoked, while the token was signed."
        )
      }
      return recorded.answering(result(token), action: action)
    } catch {
      trail.failsAfterRecord(eventID: house.entropy.eventID(at: trail.now))
      throw house.diagnostics.serviceError("sign a promised token", error)
    }
  }

  /// The same steps for a caller without a key.
  ///
  /// SECURITY: until the trust policy has allowed the call the caller is a stranger, also with a valid token: a public
  /// provider gives those to everybody. So refusals stay under the limit of `StrangerLimit`.
  private func runFederated<A: FederatedAction>(
    _ type: A.Type,
    _ parameters: ParameterReader,
    _ request: APIRequest,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Recorded {
    var reader = parameters
    let action = try A(&reader)
    try reader.check()
    trail.requestParameters = action.claimedParameters
    let call = UnsignedCall(request, region: homeRegion, now: trail.now)
    var attempt = 1
    while true {
      let subject = try await action.subject(call, house, &trail)
      trail.federated = subject.identity
      trail.actor = subject.actor
      trail.resourceAccount = subject.account
      trail.isTrusted = false
      let authorized = try FederatedAuthorizer.authorize(action, call, subject, &trail)
      trail.isTrusted = true
      if attempt == 1 { try throttle.admit(subject.account, subject.quota, &trail) }
      trail.requestParameters = action.requestParameters
      let proposal = try await action.perform(authorized, house, &trail)
      let recorded: Recorded
      do {
        recorded = try await recorder.commit(
          proposal,
          provided: subject.requirements,
          of: subject.account,
          action: A.name,
          trail
        )
      } catch .preconditionFailed where attempt < 8 {
        attempt += 1
        house.directory.forget(subject.account)
        continue
      } catch {
        throw diagnostics.serviceError("commit \(A.name)", error)
      }
      guard let promised = proposal.promised else { return recorded }
      return try await issue(
        promised.issuance,
        recorded,
        of: subject.account,
        action: A.name,
        promised.result,
        &trail
      )
    }
  }
}

/// The action's name as it may stand in a record: a stranger may have sent anything.
private func eventName(_ action: String) -> String {
  let isName =
    action.utf8.count <= 128 && !action.isEmpty
    && action.utf8.allSatisfy { byte in
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
  return isName ? action : "Unknown"
}
