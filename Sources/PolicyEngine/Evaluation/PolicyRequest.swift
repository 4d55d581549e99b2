// SPDX-License-Identifier: Apache-2.0
//
// What is asked: one action, one resource, one caller, and the form of it that statements read.

package import IdentityModel

/// One question to the policies.
package struct PolicyRequest: Hashable, Sendable {
  /// The action: `sts:GetWebIdentityToken`.
  package let action: String
  /// The ARN of the resource, or `*` for an action without one.
  package let resource: String
  /// The account that owns the resource; `nil` when that is the caller's own.
  package let resourceAccount: AccountID?
  /// Who asks.
  package let principal: RequestPrincipal
  /// The condition keys.
  package let context: RequestContext

  /// Gathers the parts.
  package init(
    action: String,
    resource: String,
    resourceAccount: AccountID? = nil,
    principal: RequestPrincipal,
    context: RequestContext
  ) {
    self.action = action
    self.resource = resource
    self.resourceAccount = resourceAccount
    self.principal = principal
    self.context = context
  }
}

/// A request, prepared once for all statements.
struct Question {
  /// The action in bytes, ASCII letters folded to lower case.
  let action: [UInt8]
  /// The resource; `nil` when the request is on `*`.
  let resource: ARNParts?
  let principal: RequestPrincipal
  let context: RequestContext

  init(_ request: PolicyRequest) {
    self.action = request.action.utf8.map(asciiLowercase)
    self.resource = ARNParts(Array(request.resource.utf8))
    self.principal = request.principal
    self.context = request.context
  }
}
