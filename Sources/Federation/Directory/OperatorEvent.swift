// SPDX-License-Identifier: Apache-2.0
//
// What happens without an API call, by the operator's hand or the server's own, on record like everything else.

package import AuditTrail
package import IdentityModel
package import StrictJSON

extension AuditRecord {
  /// The record of something that the operator or the server itself did: `userIdentity.type` is `Operator`.
  ///
  /// `concerned` is an account whose log has a copy.
  package init(
    operatorEvent name: String,
    parameters: KeyValuePairs<String, JSONValue> = [:],
    account: AccountID?,
    concerning concerned: AccountID? = nil,
    now: Instant,
    entropy: Entropy
  ) {
    let requestID = entropy.uuid()
    let sharedEventID = concerned.map { _ in entropy.uuid() }
    func record(to recipient: AccountID?, copies: [AuditRecord]) -> AuditRecord {
      AuditRecord(
        operatorEvent: name,
        parameters: parameters,
        recipient: recipient,
        now: now,
        requestID: requestID,
        eventID: entropy.eventID(at: now),
        sharedEventID: sharedEventID,
        copies: copies
      )
    }
    self = record(to: account, copies: concerned.map { [record(to: $0, copies: [])] } ?? [])
  }

  private init(
    operatorEvent name: String,
    parameters: KeyValuePairs<String, JSONValue>,
    recipient: AccountID?,
    now: Instant,
    requestID: String,
    eventID: String,
    sharedEventID: String?,
    copies: [AuditRecord]
  ) {
    let members = parameters.map { JSONObject.Member($0.key, $0.value) }
    self.init(
      eventTime: now,
      userIdentity: UserIdentity(
        type: "Operator",
        principalID: nil,
        arn: nil,
        accountID: nil,
        accessKeyID: nil,
        userName: nil
      ),
      eventSource: "exeat",
      eventName: name,
      awsRegion: "",
      sourceIPAddress: "",
      userAgent: nil,
      requestParameters: members.isEmpty ? nil : .object(JSONObject(members)),
      outcome: .succeeded(responseElements: nil),
      requestID: requestID,
      eventID: eventID,
      readOnly: members.isEmpty,
      recipientAccountID: recipient,
      tlsVersion: nil,
      tlsCipherSuite: nil,
      clientProvidedHostHeader: nil,
      sharedEventID: sharedEventID,
      copies: copies
    )
  }
}
