// SPDX-License-Identifier: Apache-2.0
//
// WithholdOutboundTestKeySet: for some seconds nobody can fetch the issuer's key set, so that `exeat rp-test` sees what a
// service does then. `exeat dev` alone serves it, as it does SignOutboundTestToken. Source: docs/rp-test.md.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import Synchronization

/// Which issuers' key sets are withheld, and until when.
///
/// In memory alone: a server that starts again publishes everything.
package final class WithheldKeySets: Sendable {
  private let ends = Mutex<[String: Instant]>([:])

  /// Withholds nothing yet.
  package init() {}

  /// Withholds the key set of the issuer `issuerID` until `end`.
  func withhold(_ issuerID: String, until end: Instant) {
    ends.withLock { $0[issuerID] = end }
  }

  /// Whether what stands at `rest` below the issuer `issuerID` is its key set, and is withheld at `now`.
  func withholds(_ issuerID: String, _ rest: Substring, at now: Instant) -> Bool {
    rest.utf8.elementsEqual(IssuerDocument.keySet.path.utf8)
      && ends.withLock { $0[issuerID].map { now < $0 } ?? false }
  }
}

/// `iam:WithholdOutboundTestKeySet`, for development.
package struct WithholdOutboundTestKeySet: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "WithholdOutboundTestKeySet"
  package static let isReadOnly = true

  private let seconds: Int

  package init(_ parameters: inout ParameterReader) {
    seconds = parameters.requiredInteger("Seconds", 0...86_400)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("seconds", .integer(seconds))]))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    guard let issuer = call.subject.issuer else { throw .noIssuer }
    guard let withheld = house.withheldKeySets else {
      throw .invalidInput("This server withholds no key set.")
    }
    // Nothing of this is kept, so that there is nothing to write: a record that failed would leave a set withheld for a
    // while, by a server for development.
    withheld.withhold(issuer.stored.record.issuerID, until: call.now.advanced(bySeconds: Int64(seconds)))
    return Proposal(result: ResponseStructure(["Seconds": .integer(Int64(seconds))]))
  }
}
