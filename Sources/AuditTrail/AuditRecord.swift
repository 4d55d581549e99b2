// SPDX-License-Identifier: Apache-2.0
//
// One call, as CloudTrail would record it. Owns the shape, the order of members and the size caps of a record;
// refuses to know where records go. Secrets and tokens have no field here: they cannot be recorded.
// Source: CloudTrail record contents, eventVersion 1.11.

package import IdentityModel
package import StrictJSON

/// One call, allowed or refused.
package struct AuditRecord: Hashable, Sendable {
  /// How the call ended.
  ///
  /// There is no default: whoever makes a record says it.
  package enum Outcome: Hashable, Sendable {
    /// It was done; the parts of the response that may be recorded.
    case succeeded(responseElements: JSONValue?)
    /// It was refused or failed, with the code and message that the client got.
    case failed(code: String, message: String?)
  }

  /// Who called, as far as it is known.
  package struct UserIdentity: Hashable, Sendable {
    /// `Root`, `IAMUser`, `AssumedRole`, `FederatedUser`, `AWSAccount`, `Unknown`.
    package let type: String
    /// The unique id.
    package let principalID: String?
    /// The ARN.
    package let arn: String?
    /// The account.
    package let accountID: AccountID?
    /// The access key id that signed.
    package let accessKeyID: String?
    /// The user name.
    package let userName: String?
    /// The session, for temporary credentials.
    package let sessionContext: SessionContext?
    /// The provider that vouches for a caller without a key: the ARN.
    package let identityProvider: String?

    /// Gathers the parts.
    package init(
      type: String,
      principalID: String?,
      arn: String?,
      accountID: AccountID?,
      accessKeyID: String?,
      userName: String?,
      sessionContext: SessionContext? = nil,
      identityProvider: String? = nil
    ) {
      self.sessionContext = sessionContext
      self.identityProvider = identityProvider
      self.type = type
      self.principalID = principalID
      self.arn = arn
      self.accountID = accountID
      self.accessKeyID = accessKeyID
      self.userName = userName
    }
  }

  /// When the request arrived.
  package let eventTime: Instant
  /// Who called.
  package let userIdentity: UserIdentity
  /// `sts.amazonaws.com`, `iam.amazonaws.com`.
  package let eventSource: String
  /// The action: `GetWebIdentityToken`.
  package let eventName: String
  /// The region that was called.
  package let awsRegion: String
  /// The peer's address.
  package let sourceIPAddress: String
  /// The `User-Agent` header.
  package let userAgent: String?
  /// The parameters as they may be recorded; `nil` when they were not read.
  package let requestParameters: JSONValue?
  /// How it ended.
  package let outcome: Outcome
  /// What else there is to say: why policy refused.
  package let additionalEventData: JSONValue?
  /// The request id of the response.
  package let requestID: String
  /// A UUID of its own.
  package let eventID: String
  /// Whether the action only reads.
  package let readOnly: Bool
  /// The account that the event belongs to; `nil` when no caller was authenticated.
  package let recipientAccountID: AccountID?
  /// `TLSv1.3`, when there was TLS.
  package let tlsVersion: String?
  /// The cipher suite, when known.
  package let tlsCipherSuite: String?
  /// The Host header.
  package let clientProvidedHostHeader: String?
  /// What the records of one call in several accounts have in common; `nil` when there is only this one.
  package let sharedEventID: String?
  /// The records of the same call that other accounts get: written together with this one, or not at all.
  package let copies: [AuditRecord]

  /// Gathers the parts.
  package init(
    eventTime: Instant,
    userIdentity: UserIdentity,
    eventSource: String,
    eventName: String,
    awsRegion: String,
    sourceIPAddress: String,
    userAgent: String?,
    requestParameters: JSONValue?,
    outcome: Outcome,
    requestID: String,
    eventID: String,
    readOnly: Bool,
    recipientAccountID: AccountID?,
    tlsVersion: String?,
    tlsCipherSuite: String?,
    clientProvidedHostHeader: String?,
    additionalEventData: JSONValue? = nil,
    sharedEventID: String? = nil,
    copies: [AuditRecord] = []
  ) {
    self.sharedEventID = sharedEventID
    self.copies = copies
    self.additionalEventData = additionalEventData
    self.eventTime = eventTime
    self.userIdentity = userIdentity
    self.eventSource = eventSource
    self.eventName = eventName
    self.awsRegion = awsRegion
    self.sourceIPAddress = sourceIPAddress
    self.userAgent = userAgent
    self.requestParameters = requestParameters
    self.outcome = outcome
    self.requestID = requestID
    self.eventID = eventID
    self.readOnly = readOnly
    self.recipientAccountID = recipientAccountID
    self.tlsVersion = tlsVersion
    self.tlsCipherSuite = tlsCipherSuite
    self.clientProvidedHostHeader = clientProvidedHostHeader
  }
}

// MARK: - CloudTrail form

extension AuditRecord {
  /// The record as one JSON object, UTF-8, without white space, on one line by anybody's reading.
  ///
  /// Size caps as CloudTrail's: `userAgent`, `errorCode`, `errorMessage` 1 KB, cut at a character boundary;
  /// `requestParameters` and `responseElements` 100 KB, `additionalEventData` 28 KB, replaced by `{"omitted":true}`
  /// beyond it.
  ///
  /// DEVIATION: the whole is an entry of the Merkle log, whose length stands in 16 bits. When it is longer than that,
  /// each of the three is held to 16 KB, and if that is not enough to 8 KB. A request of 64 KiB comes to such a record
  /// only through characters that a record escapes.
  package var json: [UInt8] {
    for partBytes in [100 * 1024, 16 * 1024] {
      let whole = json(partBytes: partBytes)
      if whole.count <= EntryBundle.maximumEntryBytes { return whole }
    }
    return json(partBytes: 8 * 1024)
  }

  private func json(partBytes: Int) -> [UInt8] {
    var writer = JSONWriter(capacity: 1024, isOneLine: true)
    writer.object { writer in
      writer.member("eventVersion", "1.11")
      writer.name("userIdentity")
      userIdentity.write(to: &writer)
      writer.member("eventTime", eventTime.rfc3339)
      writer.member("eventSource", eventSource)
      writer.member("eventName", capped(eventName, to: 256))
      writer.member("awsRegion", awsRegion)
      writer.member("sourceIPAddress", sourceIPAddress)
      if let userAgent { writer.member("userAgent", capped(userAgent)) }
      var responseElements: JSONValue?
      switch outcome {
      case .succeeded(let elements):
        responseElements = elements
      case .failed(let code, let message):
        writer.member("errorCode", capped(code))
        if let message { writer.member("errorMessage", capped(message)) }
      }
      writeElements("requestParameters", requestParameters, partBytes, to: &writer)
      writeElements("responseElements", responseElements, partBytes, to: &writer)
      if let additionalEventData {
        writeElements("additionalEventData", additionalEventData, min(partBytes, 28 * 1024), to: &writer)
      }
      writer.member("requestID", requestID)
      writer.member("eventID", eventID)
      writer.name("readOnly")
      writer.bool(readOnly)
      writer.member("eventType", "AwsApiCall")
      writer.name("managementEvent")
      writer.bool(true)
      if let recipientAccountID { writer.member("recipientAccountId", recipientAccountID.description) }
      if let sharedEventID { writer.member("sharedEventID", sharedEventID) }
      writer.member("eventCategory", "Management")
      if let tlsVersion {
        writer.name("tlsDetails")
        writer.object { writer in
          writer.member("tlsVersion", tlsVersion)
          if let tlsCipherSuite { writer.member("cipherSuite", tlsCipherSuite) }
          if let clientProvidedHostHeader {
            writer.member("clientProvidedHostHeader", capped(clientProvidedHostHeader))
          }
        }
      }
    }
    return writer.bytes
  }
}

extension AuditRecord.UserIdentity {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("type", type)
      if let principalID { writer.member("principalId", principalID) }
      if let arn { writer.member("arn", arn) }
      if let accountID { writer.member("accountId", accountID.description) }
      if let accessKeyID { writer.member("accessKeyId", capped(accessKeyID, to: 128)) }
      if let userName { writer.member("userName", userName) }
      if let identityProvider { writer.member("identityProvider", identityProvider) }
      if let sessionContext {
        writer.name("sessionContext")
        sessionContext.write(to: &writer)
      }
    }
  }
}

private func writeElements(_ name: String, _ value: JSONValue?, _ limit: Int, to writer: inout JSONWriter) {
  writer.name(name)
  guard let value else {
    writer.null()
    return
  }
  writer.value(value, atMost: limit, or: #"{"omitted":true}"#)
}

private func capped(_ text: String, to limit: Int = 1024) -> String {
  guard text.utf8.count > limit else { return text }
  var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
  while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
  return String(text[..<end])
}
