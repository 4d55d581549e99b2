// SPDX-License-Identifier: Apache-2.0
//
// The credential that is handed out: a session of a role, or the agent's own session. Kept in memory, renewed before it
// ends; while the server is away the old one is given until its end. Long-lived keys are never handed out.

import FederationClient
import IdentityModel
import Logging
import SigV4
import StrictJSON
import Synchronization

/// A long-lived key is not handed out.
package struct LongLivedKey: Error, CustomStringConvertible {
  package var description: String {
    "the agent's own credential is a long-lived key, which is not handed out: name a role in credentials.role-arn"
  }
}

/// Keeps the credential.
package final class CredentialKeeper: Sendable {
  private struct Kept {
    let credential: SigningCredential
    let expiration: Instant
    let renewed: Instant
  }

  private let plan: CredentialsPlan
  private let index: Int
  private let access: ServerAccess
  private let status: AgentStatus
  private let world: AgentWorld
  private let kept = Mutex<Kept?>(nil)

  /// Makes a keeper, which holds nothing yet.
  ///
  /// - Parameters:
  ///   - plan: whose credential.
  ///   - index: its place in `status`.
  ///   - access: the way to the server.
  ///   - status: where it is noted how the credential is.
  ///   - world: clock, chance, words and log.
  package init(
    _ plan: CredentialsPlan,
    index: Int,
    access: ServerAccess,
    status: AgentStatus,
    world: AgentWorld
  ) {
    self.plan = plan
    self.index = index
    self.access = access
    self.status = status
    self.world = world
  }

  /// Keeps the credential until the task is cancelled.
  package func run() async {
    await RefreshLoop(name: "credentials", index: index, status: status, world: world).run {
      try await renew()
    }
  }

  private func renew() async throws -> Int64 {
    let (credential, expiration) = try await given()
    let now = world.now()
    let life = expiration.milliseconds - now.milliseconds
    guard life > 0 else { throw DeadOnArrival() }
    kept.withLock { $0 = Kept(credential: credential, expiration: expiration, renewed: now) }
    status.renewed(index, at: now, until: expiration)
    world.logger.info("credentials renewed", metadata: ["expires": "\(expiration.rfc3339)"])
    return RefreshTimes.afterSuccess(life: life, chance: world.chance())
  }

  private func given() async throws -> RoleCredential {
    guard let roleARN = plan.roleARN else {
      let own = try await access.credential()
      guard own.credential.sessionToken != nil else { throw LongLivedKey() }
      // Where nobody said an end, whoever has it comes back soon.
      return (own.credential, own.expiration ?? world.now().advanced(bySeconds: 900))
    }
    let session = AWSQueryClient.RoleSession(name: plan.sessionName, durationSeconds: plan.durationSeconds)
    return try await access.call(.sts) { (client, credential) async throws(STSClientError) in
      try await client.assumeRole(roleARN, session, signedBy: credential)
    }
  }

  /// The credential as container endpoints and the metadata service write it; `nil` when none lives.
  ///
  /// - Parameters:
  ///   - isMetadata: whether the members of the metadata service stand in it too.
  ///   - now: the time.
  /// - Returns: a JSON text.
  func document(isMetadata: Bool, now: Instant) -> [UInt8]? {
    guard let kept = kept.withLock({ $0 }), kept.expiration > now else { return nil }
    var writer = JSONWriter()
    writer.object { writer in
      if isMetadata {
        writer.member("Code", "Success")
        writer.member("LastUpdated", kept.renewed.rfc3339)
        writer.member("Type", "AWS-HMAC")
      }
      writer.member("AccessKeyId", kept.credential.accessKeyID)
      writer.member(
        "SecretAccessKey",
        kept.credential.secretAccessKey.withBytes { String(decoding: $0, as: UTF8.self) }
      )
      if let token = kept.credential.sessionToken { writer.member("Token", token) }
      writer.member("Expiration", kept.expiration.rfc3339)
      if !isMetadata, let roleARN = plan.roleARN { writer.member("RoleArn", roleARN) }
    }
    return writer.bytes
  }
}
