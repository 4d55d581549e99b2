// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateOpenIDConnectProvider, GetOpenIDConnectProvider, ListOpenIDConnectProviders,
// DeleteOpenIDConnectProvider: whose tokens the roles of an account may accept.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateOpenIDConnectProvider`.
package struct CreateOpenIDConnectProvider: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateOpenIDConnectProvider"
  package static let isReadOnly = false

  private let clientIDs: [String]
  private let tags: [Tag]
  private let thumbprints: [String]
  // Without `https://`.
  private let url: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let clientIDs = parameters.optionalStringList(
      "ClientIDList",
      count: 0...QueryParameters.maximumCount,
      memberLength: 1...255
    )
    tags = parameters.tagList()
    thumbprints =
      parameters.optionalStringList(
        "ThumbprintList",
        count: 0...QueryParameters.maximumCount,
        memberLength: 40...40
      ) ?? []
    let text = parameters.requiredString("Url", length: 1...255)
    try parameters.check()
    try tags.requireTaggable()
    guard let url = issuerURL(text) else { throw .validationError("Invalid Open ID Connect Provider URL") }
    self.url = url
    self.clientIDs = (clientIDs ?? []).withoutRepetition
    try requireThumbprints(thumbprints)
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("url", .string("https://\(url)")),
      JSONObject.Member("clientIDList", .array(clientIDs.map { .string($0) })),
      JSONObject.Member("thumbprintList", .array(thumbprints.map { .string($0) })),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "oidc-provider/\(url)").description
    let context = tags.requestContext
    var actions = ["iam:CreateOpenIDConnectProvider"]
    if !tags.isEmpty { actions.append("iam:TagOpenIDConnectProvider") }
    return actions.map { Question(action: $0, resource: resource, context: context) }
  }

  package func perform(
    _ call: AuthorizedCall<CreateOpenIDConnectProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = OIDCProviderRecord.id(call.account, url)
    guard try await house.read({ try await $0.record(OIDCProviderRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("Provider with url https://\(url) already exists.")
    }
    try requireClientIDs(clientIDs)
    let room = try await house.room(for: OIDCProviderRecord.self, .oidcProviders, in: call.account)
    let provider = OIDCProviderRecord(
      account: call.account,
      url: url,
      clientIDs: clientIDs,
      thumbprints: thumbprints,
      tags: tags,
      createDate: call.now
    )
    return try house.propose { change in
      try room.take(in: &change)
      try change.create(provider, id: id, account: call.account)
      return (
        ResponseStructure([
          "OpenIDConnectProviderArn": .string(provider.arn.description),
          "Tags": tags.isEmpty ? nil : tags.response,
        ]),
        .strings(["openIDConnectProviderArn": provider.arn.description])
      )
    }.changingIssuer()
  }
}

/// `iam:GetOpenIDConnectProvider`.
package struct GetOpenIDConnectProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "GetOpenIDConnectProvider"
  package static let isReadOnly = true

  package let target: ProviderAction<OIDCProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try ProviderAction(
      &parameters,
      "OpenIDConnectProviderArn",
      "iam:GetOpenIDConnectProvider"
    )
  }

  package var requestParameters: JSONValue? { .strings(["openIDConnectProviderArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<GetOpenIDConnectProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let record = try target.existing(call.subject).record
    return Proposal(
      result: ResponseStructure([
        "Url": .string(record.answeredURL), "ClientIDList": .list(record.clientIDs.map { .string($0) }),
        "ThumbprintList": .list(record.thumbprints.map { .string($0) }),
        "CreateDate": .timestamp(record.createDate, milliseconds: false), "Tags": record.tags.response,
      ])
    )
  }
}

/// `iam:ListOpenIDConnectProviders`.
package struct ListOpenIDConnectProviders: Action {
  package static let service = ServiceName.iam
  package static let name = "ListOpenIDConnectProviders"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<ListOpenIDConnectProviders>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let providers = try await house.providers(OIDCProviderRecord.self, in: call.account)
    let list = providers.map { provider in
      ResponseValue.structure(ResponseStructure(["Arn": .string(provider.arn.description)]))
    }
    return Proposal(result: ResponseStructure(["OpenIDConnectProviderList": .list(list)]))
  }
}

/// `iam:DeleteOpenIDConnectProvider`: says yes as well when there is none, as AWS does.
package struct DeleteOpenIDConnectProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "DeleteOpenIDConnectProvider"
  package static let isReadOnly = false

  package let target: ProviderAction<OIDCProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try ProviderAction(
      &parameters,
      "OpenIDConnectProviderArn",
      "iam:DeleteOpenIDConnectProvider"
    )
  }

  package var requestParameters: JSONValue? { .strings(["openIDConnectProviderArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<DeleteOpenIDConnectProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try house.propose { change in
      if case .existing(let stored) = call.subject { change.delete(stored) }
      return (nil, nil)
    }.changingIssuer()
  }
}

extension OIDCProviderRecord {
  /// The URL as IAM answers it: without its scheme.
  ///
  /// DEVIATION: with it when there is a port. AWS says that a URL should have none; here issuers on a port are common, and
  /// `host:8443/path` alone is no URL, or one of the scheme `host`: Terraform would plan a new provider at each run.
  fileprivate var answeredURL: String {
    let authority = url.utf8.prefix { $0 != UInt8(ascii: "/") }
    return authority.contains(UInt8(ascii: ":")) ? issuer : url
  }
}
