// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateSAMLProvider, GetSAMLProvider, ListSAMLProviders, UpdateSAMLProvider, DeleteSAMLProvider: whose
// assertions the token endpoint takes. AssumeRoleWithSAML is not served.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateSAMLProvider`.
package struct CreateSAMLProvider: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateSAMLProvider"
  package static let isReadOnly = false

  private let metadataDocument: String
  private let providerName: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let encryption = SAMLEncryptionParameters(&parameters)
    providerName = parameters.requiredString("Name", length: 1...128, pattern: .samlProviderName)
    metadataDocument = parameters.requiredString("SAMLMetadataDocument", length: 1000...10_000_000)
    tags = parameters.tagList()
    try parameters.check()
    try tags.requireTaggable()
    try encryption.refuse()
    try requireMetadata(metadataDocument)
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("name", .string(providerName)),
      JSONObject.Member("sAMLMetadataDocument", .string(metadataDocument)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "saml-provider/\(providerName)")
    let context = tags.requestContext
    var actions = ["iam:CreateSAMLProvider"]
    if !tags.isEmpty { actions.append("iam:TagSAMLProvider") }
    return actions.map { Question(action: $0, resource: resource.description, context: context) }
  }

  package func perform(
    _ call: AuthorizedCall<CreateSAMLProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = SAMLProviderRecord.id(call.account, providerName)
    guard try await house.read({ try await $0.record(SAMLProviderRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("SAML provider with name \(providerName) already exists.")
    }
    let room = try await house.room(for: SAMLProviderRecord.self, .samlProviders, in: call.account)
    let provider = SAMLProviderRecord(
      account: call.account,
      name: providerName,
      uniqueID: house.entropy.uniqueID(prefix: "") + house.entropy.uniqueID(prefix: ""),
      metadataDocument: metadataDocument,
      tags: tags,
      createDate: call.now
    )
    return try house.propose { change in
      try room.take(in: &change)
      try change.create(provider, id: id, account: call.account)
      return (
        ResponseStructure([
          "SAMLProviderArn": .string(provider.arn.description), "Tags": tags.isEmpty ? nil : tags.response,
        ]),
        .strings(["sAMLProviderArn": provider.arn.description])
      )
    }.changingIssuer()
  }
}

/// `iam:GetSAMLProvider`.
package struct GetSAMLProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "GetSAMLProvider"
  package static let isReadOnly = true

  package let target: ProviderAction<SAMLProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try ProviderAction(&parameters, "SAMLProviderArn", "iam:GetSAMLProvider")
  }

  package var requestParameters: JSONValue? { .strings(["sAMLProviderArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<GetSAMLProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let record = try target.existing(call.subject).record
    // No `ValidUntil`: the metadata is not read beyond a first look.
    return Proposal(
      result: ResponseStructure([
        "SAMLProviderUUID": .string(record.uniqueID),
        "SAMLMetadataDocument": .string(record.metadataDocument),
        "CreateDate": .timestamp(record.createDate, milliseconds: false), "Tags": record.tags.response,
      ])
    )
  }
}

/// `iam:ListSAMLProviders`.
package struct ListSAMLProviders: Action {
  package static let service = ServiceName.iam
  package static let name = "ListSAMLProviders"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<ListSAMLProviders>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let list = try await house.providers(SAMLProviderRecord.self, in: call.account).map { provider in
      ResponseValue.structure(
        ResponseStructure([
          "Arn": .string(provider.arn.description),
          "CreateDate": .timestamp(provider.createDate, milliseconds: false),
        ])
      )
    }
    return Proposal(result: ResponseStructure(["SAMLProviderList": .list(list)]))
  }
}

/// `iam:UpdateSAMLProvider`: new metadata.
package struct UpdateSAMLProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "UpdateSAMLProvider"
  package static let isReadOnly = false

  private let metadataDocument: String?
  package let target: ProviderAction<SAMLProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let encryption = SAMLEncryptionParameters(&parameters)
    metadataDocument = parameters.optionalString("SAMLMetadataDocument", length: 1000...10_000_000)
    target = try ProviderAction(&parameters, "SAMLProviderArn", "iam:UpdateSAMLProvider")
    try encryption.refuse()
    if let metadataDocument { try requireMetadata(metadataDocument) }
  }

  package var requestParameters: JSONValue? {
    .strings(["sAMLProviderArn": target.arn.text, "sAMLMetadataDocument": metadataDocument])
  }

  package func perform(
    _ call: AuthorizedCall<UpdateSAMLProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let edit = try target.edit(call.subject, house, account: call.account) { record in
      if let metadataDocument { record.metadataDocument = metadataDocument }
    }
    return Proposal(
      change: edit.change,
      result: ResponseStructure(["SAMLProviderArn": .string(target.arn.text)]),
      responseElements: .strings(["sAMLProviderArn": target.arn.text])
    )
  }
}

/// `iam:DeleteSAMLProvider`.
package struct DeleteSAMLProvider: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "DeleteSAMLProvider"
  package static let isReadOnly = false

  package let target: ProviderAction<SAMLProviderRecord>

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try ProviderAction(&parameters, "SAMLProviderArn", "iam:DeleteSAMLProvider")
  }

  package var requestParameters: JSONValue? { .strings(["sAMLProviderArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<DeleteSAMLProvider>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try target.existing(call.subject)
    return try house.propose { change in
      change.delete(stored)
      return (nil, nil)
    }.changingIssuer()
  }
}
