// SPDX-License-Identifier: Apache-2.0
//
// How much a session may carry: a session token travels in a header of every request, so what was asked to be in it has
// a limit. Source: AWS STS API, PackedPolicySize, PackedPolicyTooLarge; the size and the limit are our own.

import IdentityModel

extension Session {
  /// The most octets that session policies and session tags take in a session token.
  ///
  /// A session token is 4/3 of this and of under 1 KiB beside it: shorter than 8 KiB, the longest header line that
  /// common proxies pass on.
  package static let maximumPackedOctets = 4800

  private struct Packed: Codable {
    var policy: String?
    var policyARNs: [String] = []
    var tags: [Tag] = []
    var transitiveTagKeys: [String] = []
  }

  /// How much of the space is taken, in percent, rounded up; `nil` when nothing was asked to be in it.
  ///
  /// Counted are the octets in the token: of the inline policy, the ARNs of managed ones, and the tags, those that came
  /// along a chain included.
  package var packedPolicySize: Int? {
    let packed = Packed(
      policy: policy,
      policyARNs: policyARNs,
      tags: tags,
      transitiveTagKeys: transitiveTagKeys
    )
    guard hasSessionPolicies || !tags.isEmpty else { return nil }
    // What does not encode does not fit either.
    guard let whole = HouseJSON.encode(packed), let empty = HouseJSON.encode(Packed()) else { return .max }
    return ((whole.count - empty.count) * 100 + Session.maximumPackedOctets - 1) / Session.maximumPackedOctets
  }

  /// Throws PackedPolicyTooLarge when policies and tags take more than there is.
  func requireSpace() throws(ServiceError) {
    guard let size = packedPolicySize, size > 100 else { return }
    throw ServiceError(
      code: "PackedPolicyTooLarge",
      httpStatus: 400,
      message: hasSessionPolicies
        ? "Packed policy consumes \(size)% of allotted space, please use smaller policy."
        : "Packed size of session tags consumes \(size)% of allotted space."
    )
  }
}
