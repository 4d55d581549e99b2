// SPDX-License-Identifier: Apache-2.0
//
// A federation config as answers give it and as records name it.

import AWSProtocols
import IdentityModel
import StrictJSON

extension FederationConfigRecord {
  /// The config with its tags, as answers about one config give it.
  var response: ResponseStructure {
    var structure = listResponse
    if !tags.isEmpty { structure.append("Tags", tags.response) }
    return structure
  }

  /// The config without its tags, as lists give it.
  var listResponse: ResponseStructure {
    var structure = ResponseStructure([
      "Name": .string(name), "Arn": .string(arn.description), "TargetService": .string(targetService),
      "TokenType": .string(tokenType.rawValue), "Audience": .string(audience),
      "Duration": .integer(Int64(duration)), "SigningAlgorithm": .string(signingAlgorithm),
      "Description": description.map { .string($0) },
    ])
    for (name, value) in saml?.response ?? [] { structure.append(name, value) }
    structure.append("CreateDate", .timestamp(createDate, milliseconds: false))
    structure.append("LastUpdatedDate", .timestamp(lastUpdatedDate, milliseconds: false))
    return structure
  }

  /// An answer of nothing but this config, and what is recorded of it.
  var answer: (result: ResponseStructure?, responseElements: JSONValue?) {
    let recorded: [JSONObject.Member] = [
      .init("name", .string(name)), .init("arn", .string(arn.description)),
      .init("targetService", .string(targetService)), .init("tokenType", .string(tokenType.rawValue)),
      .init("audience", .string(audience)), .init("duration", .integer(duration)),
      .init("signingAlgorithm", .string(signingAlgorithm)),
      .init("createDate", .string(createDate.cloudTrailElementForm)),
      .init("lastUpdatedDate", .string(lastUpdatedDate.cloudTrailElementForm)),
    ]
    return (
      ResponseStructure(["OutboundFederationConfig": .structure(response)]),
      .object(JSONObject([.init("outboundFederationConfig", .object(JSONObject(recorded)))]))
    )
  }
}
