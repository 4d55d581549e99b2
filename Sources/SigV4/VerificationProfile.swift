// SPDX-License-Identifier: Apache-2.0
//
// What a verifier insists on, apart from the secret. Refuses to know whose key it is.

package import IdentityModel

/// What a verifier insists on.
///
/// The defaults are those for STS and IAM.
package struct VerificationProfile: Sendable {
  /// The signing names that are served, for example `["sts", "iam"]`; compared byte for byte.
  package var services: [String]
  /// Whether a credential may be scoped to the region.
  package var regionIsAcceptable: @Sendable (Region) -> Bool
  /// The region that a SigV4A region set has to cover.
  package var homeRegion: Region
  /// Whether a Content-Type header may stay unsigned.
  ///
  /// `curl --aws-sigv4` signs `host;x-amz-date` alone. A service that accepts one content type may allow it: a
  /// changed one can then only be refused, not change the meaning of the body.
  package var allowsUnsignedContentType: Bool
  /// Whether `x-amz-content-sha256: UNSIGNED-PAYLOAD` takes the body out of the signature.
  ///
  /// Never for STS or IAM.
  package var allowsUnsignedPayload: Bool
  /// Whether dot segments and empty segments of the path are removed before signing: all services but S3.
  package var normalizesPath: Bool
  /// How far the request's date may be from now, in seconds, each way.
  package var skewSeconds: Int64
  /// How old a presigned request may be, in seconds, whatever `X-Amz-Expires` says: as in STS.
  package var presignedMaximumAgeSeconds: Int64

  /// Gathers the settings.
  package init(
    services: [String],
    homeRegion: Region,
    regionIsAcceptable: @escaping @Sendable (Region) -> Bool,
    allowsUnsignedContentType: Bool = false,
    allowsUnsignedPayload: Bool = false,
    normalizesPath: Bool = true,
    skewSeconds: Int64 = 900,
    presignedMaximumAgeSeconds: Int64 = 900
  ) {
    self.services = services
    self.homeRegion = homeRegion
    self.regionIsAcceptable = regionIsAcceptable
    self.allowsUnsignedContentType = allowsUnsignedContentType
    self.allowsUnsignedPayload = allowsUnsignedPayload
    self.normalizesPath = normalizesPath
    self.skewSeconds = skewSeconds
    self.presignedMaximumAgeSeconds = presignedMaximumAgeSeconds
  }
}
