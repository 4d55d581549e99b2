// SPDX-License-Identifier: Apache-2.0
//
// From an access key, or a session token, to the caller behind it. Whatever is missing on the way means: nobody.

import IdentityModel
import PolicyEngine

extension Directory {
  /// The caller behind the long-term key `accessKeyID`; `nil` when there is none, or it is inactive.
  func loadCaller(_ accessKeyID: String) async throws -> Caller? {
    guard let storedKey = try await record(AccessKeyRecord.self, at: accessKeyID),
      storedKey.record.status == .active
    else { return nil }
    let key = storedKey.record
    guard let standing = try await openAccount(key.account) else { return nil }
    let secret = try sealer.open(
      key.sealedSecret.bytes,
      context: AccessKeyRecord.sealContext(key.account, accessKeyID)
    )
    guard let userName = key.userName else {
      return Caller(
        accessKeyID: accessKeyID,
        secretAccessKey: secret,
        sessionToken: nil,
        session: nil,
        principal: .root(key.account),
        standing: standing,
        policies: PrincipalPolicies(),
        requirements: [storedKey.isUnchanged, standing.requirement]
      )
    }
    // SECURITY: a key belongs to the user with its unique id, not to whoever has the name now.
    guard let user = try await entity(UserRecord.self, userName, of: key.account),
      user.record.uniqueID == key.userID
    else { return nil }
    let loaded = try await remembered(user.key, key.account) { () async throws(StoreError) in
      try await policies(of: user)
    }
    // What was remembered is of the user that was read just now, or it is not believed: it insists on its revision.
    return Caller(
      accessKeyID: accessKeyID,
      secretAccessKey: secret,
      sessionToken: nil,
      session: nil,
      principal: .user(user.record.identity),
      standing: standing,
      policies: loaded.policies,
      requirements: [storedKey.isUnchanged, standing.requirement] + loaded.requirements
    )
  }

  /// The caller behind a session; `nil` when the token is not ours, or what it stands for is gone.
  ///
  /// Does not look at the time: an expired session is told apart by its expiration.
  func loadCaller(_ accessKeyID: String, sessionToken: String) async throws -> Caller? {
    let content = try SessionCredentials.open(
      sessionToken: sessionToken,
      accessKeyID: accessKeyID,
      sealer: sealer
    )
    guard let content, let standing = try await openAccount(content.session.account),
      let (principal, base) = try await identity(behind: content.session)
    else { return nil }
    var loaded = base
    try await limit(&loaded, by: content.session)
    return Caller(
      accessKeyID: accessKeyID,
      secretAccessKey: content.secretAccessKey,
      sessionToken: Secret(sessionToken),
      session: content.session,
      principal: principal,
      standing: standing,
      policies: loaded.policies,
      requirements: [standing.requirement] + loaded.requirements
    )
  }

  /// The caller of `session`, which has no key; `nil` when what it stands for is gone.
  func caller(of session: Session) async throws -> Caller? {
    guard let standing = try await openAccount(session.account),
      let (principal, base) = try await identity(behind: session)
    else { return nil }
    var loaded = base
    try await limit(&loaded, by: session)
    return Caller(
      accessKeyID: "",
      secretAccessKey: Secret(""),
      sessionToken: nil,
      session: session,
      principal: principal,
      standing: standing,
      policies: loaded.policies,
      requirements: [standing.requirement] + loaded.requirements
    )
  }

  /// How `account` stands; `nil` when there is none, or it is closed.
  ///
  /// SECURITY: a closed account's keys and sessions are nobody's.
  private func openAccount(_ account: AccountID) async throws(StoreError) -> AccountStanding? {
    guard let standing = try await organization(of: account), !standing.isClosed else { return nil }
    return standing
  }

  /// Whose session it is, and the policies of the role or user behind it.
  private func identity(behind session: Session) async throws -> (Principal, LoadedPolicies)? {
    switch session.kind {
    case .role:
      guard let name = session.name, let sessionName = session.sessionName,
        let role = try await entity(RoleRecord.self, name, of: session.account),
        role.record.uniqueID == session.uniqueID
      else { return nil }
      let identity = RoleSessionIdentity(
        role: role.record.identity,
        sessionName: sessionName,
        tags: role.record.tags.overridden(by: session.tags)
      )
      let loaded = try await remembered(role.key, session.account) { () async throws(StoreError) in
        try await policies(of: role)
      }
      return (.assumedRole(identity), loaded)
    case .user, .federatedUser:
      // The session lives no longer than the key that asked for it, or its user.
      guard let parentID = session.parentAccessKeyID, let parent = try await caller(accessKeyID: parentID),
        parent.session == nil, parent.principal.account == session.account
      else { return nil }
      // SECURITY: a session of a user never becomes one of root, nor the other way round.
      if case .root = parent.principal {
        guard session.uniqueID == nil else { return nil }
      } else {
        guard session.uniqueID == parent.principal.uniqueID else { return nil }
      }
      var loaded = LoadedPolicies()
      loaded.policies = parent.policies
      loaded.requirements = parent.requirements
      guard session.kind == .federatedUser, let name = session.sessionName else {
        return (parent.principal, loaded)
      }
      let user = FederatedUserIdentity(
        account: session.account,
        name: name,
        tags: parent.principal.tags.overridden(by: session.tags)
      )
      return (.federatedUser(user), loaded)
    }
  }

  private func denyAll() throws(StoreError) -> NamedPolicy {
    let text = #"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#
    let key = RecordKey(ManagedPolicyRecord.kind, "missing")
    return NamedPolicy(identifier: "MissingSessionPolicy", document: try parsed(text, .session, key))
  }

  /// Adds the session policies of `session`.
  private func limit(_ loaded: inout LoadedPolicies, by session: Session) async throws {
    guard session.hasSessionPolicies else { return }
    var policies: [NamedPolicy] = []
    if let text = session.policy {
      guard let document = try? PolicyDocument(json: Array(text.utf8), kind: .session) else {
        throw StoreError.corrupted("a session policy that does not parse")
      }
      policies.append(NamedPolicy(identifier: "SessionPolicy", document: document))
    }
    for arn in session.policyARNs {
      guard let (policy, requirement) = try await managedPolicy(arn) else {
        // SECURITY: what a policy that is gone denied nobody knows: the session may do nothing at all. A Deny, because
        // being silent would not do: a trust policy that names the session itself needs no Allow of it.
        loaded.policies.session = [try denyAll()]
        return
      }
      policies.append(policy)
      if let requirement { loaded.requirements.append(requirement) }
    }
    loaded.policies.session = policies
  }
}
