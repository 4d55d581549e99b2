// SPDX-License-Identifier: Apache-2.0
//
// Which failures last until somebody changes something, and which pass by themselves. When in doubt a failure passes:
// it is then tried again soon. Source: AWS SDKs and Tools Reference Guide, retry behaviour; RFC 9110 §15.5.

import Exchange
import FederationClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Failures that last.
package enum LastingFailure {
  /// Whether `error` stays until the configuration, a policy, a credential or a folder is changed.
  package static func isLasting(_ error: any Error) -> Bool {
    switch error {
    case is LongLivedKey: true
    case let error as AccessRefused: isLasting(error.refusal)
    case let error as STSClientError: isLasting(error)
    case let error as CredentialChainError: isLasting(error)
    case let error as ExchangeError: isLasting(error)
    case let error as TokenFileError: isLasting(error)
    default: false
    }
  }

  private static func isLasting(_ error: STSClientError) -> Bool {
    switch error {
    // The issuer's documents could not be had this once.
    case .refused("InvalidIdentityToken", let message?, _, _)
    where message.contains("retrieve verification key"):
      false
    case .refused(_, _, let status, _): (400..<500).contains(status) && !error.isTransient
    case .unusableCredential: true
    case .http, .notAWSQuery, .malformedElement: false
    }
  }

  private static func isLasting(_ error: CredentialChainError) -> Bool {
    switch error {
    case .noCredentials, .profileNotFound, .malformedSetting, .conflictingSettings, .unsupportedSetting,
      .sourceProfileUnusable, .sourceProfileLoop, .containerEndpointRefused:
      true
    case .roleRefused(_, let error): isLasting(error)
    // A process keeps the environment that it was given; a profile may be written anew at this moment.
    case .expired(let source, _): source.utf8.elementsEqual("environment".utf8)
    case .incomplete, .processFailed, .malformedDocument, .fileUnreadable, .containerEndpointStatus,
      .containerEndpointUnreachable:
      false
    }
  }

  private static func isLasting(_ error: ExchangeError) -> Bool {
    switch error {
    case .endpoint, .tokenKind, .actorToken: true
    // 412: a standby of Vault has not caught up yet.
    case .refused(let refusal):
      (400..<500).contains(refusal.status) && ![408, 412, 425, 429].contains(refusal.status)
        && !isThrottling(refusal.code) && !refusal.mayPass
    case .http, .redirected, .malformedAnswer, .askedToWait: false
    }
  }

  private static func isLasting(_ error: TokenFileError) -> Bool {
    [ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG].contains(error.errno)
  }
}
