// SPDX-License-Identifier: Apache-2.0
//
// What happens without an API call, by the operator's hand or the server's own, on record like everything else.

package import AuditTrail
package import IdentityModel
package import StrictJSON

extension AuditRecord {
  /// The record of something that the operator or the server itself did: `userIdentity.type` is `Operator`.
  package init(
    operatorEvent name: String,
    parameters: KeyValuePairs<String, JSONValue> = [:],
    account: AccountID?,
    now: Instant,
    entropy: Entropy
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
      requestID: entropy.uuid(),
      eventID: entropy.eventID(at: now),
      readOnly: members.isEmpty,
      recipientAccountID: account,
      tlsVersion: nil,
      tlsCipherSuite: nil,
      clientProvidedHostHeader: nil
    )
  }
}
