// SPDX-License-Identifier: Apache-2.0
//
// What a request asks for, read before anybody vouches for it: service, action and parameters, in whichever protocol
// it came. Nothing of it is believed: the service is the one in the signature's scope.
// Source: AWS Query and AWS JSON 1.1 protocols; contract exeat.md, "Endpoints".

import AWSProtocols
import IdentityModel

/// What a request asks for.
struct AskedCall: Sendable {
  private enum Form: Sendable {
    case query(Result<QueryParameters, QueryFormError>)
    case json(ServiceName, Result<AWSJSONRequest, AWSJSONRequestError>)
  }

  private let form: Form
  /// The service that the version or the target names.
  let service: ServiceName?
  /// The action's name as the caller spelled it.
  let action: String?

  /// Reads from exactly the bytes that were signed.
  init(_ request: APIRequest) {
    let targets = request.headers.filter { $0.hasName("x-amz-target") }
    let target = targets.count == 1 ? targets.first?.value : nil
    if let (service, prefix) = AskedCall.jsonService(target) {
      self.service = service
      self.action = try? AWSJSONRequest.action(of: target, targetPrefix: prefix)
      self.form = .json(
        service,
        Result { () throws(AWSJSONRequestError) in
          try AWSJSONRequest(
            method: request.method,
            query: request.query,
            target: target,
            targetPrefix: prefix,
            contentType: request.headers.first { $0.hasName("content-type") }?.value,
            body: request.body
          )
        }
      )
    } else {
      let form = Result { () throws(QueryFormError) in try QueryParameters.read(request) }
      let parameters = try? form.get()
      let version = parameters?["Version"]
      self.service = version.flatMap { version in
        ServiceName.allCases.first { !$0.speaksJSON && $0.apiVersion.utf8.elementsEqual(version.utf8) }
      }
      self.action = parameters?["Action"]
      self.form = .query(form)
    }
  }

  /// The service of AWS JSON that `request` names; `nil` for AWS Query.
  static func jsonService(of request: APIRequest) -> ServiceName? {
    jsonService(request.header("x-amz-target"))?.0
  }

  private static func jsonService(_ target: String?) -> (ServiceName, prefix: String)? {
    guard let target else { return nil }
    for service in ServiceName.allCases {
      if case .json(let prefix) = service.wireProtocol, target.utf8.starts(with: "\(prefix).".utf8) {
        return (service, prefix)
      }
    }
    return nil
  }

  /// The parameters, for an action of `service`.
  ///
  /// Throws what a client reads when the request could not be read, or came in another protocol than the service's.
  func parameters(of service: ServiceName) throws(ServiceError) -> ParameterReader {
    switch form {
    case .query(let form):
      guard !service.speaksJSON else { throw ServiceError(AWSJSONRequestError.malformedTarget) }
      do {
        return ParameterReader(try form.get())
      } catch {
        throw ServiceError(error)
      }
    case .json(let target, let form):
      guard service.speaksJSON else {
        throw ServiceError(QueryFormError.contentTypeNotForm(AWSJSONResponse.contentType))
      }
      guard target == service else { throw ServiceError(AWSJSONRequestError.malformedTarget) }
      do {
        return ParameterReader(try form.get().parameters)
      } catch {
        throw ServiceError(error)
      }
    }
  }

  /// The action that is asked of `service`.
  ///
  /// Throws MissingAction or InvalidAction; for a service of AWS JSON UnknownOperationException.
  func type(in actions: ActionTable, of service: ServiceName) throws(ServiceError) -> any Action.Type {
    guard case .query(let form) = form else {
      guard let action, let type = actions[service, action] else {
        throw ServiceError(AWSJSONRequestError.malformedTarget)
      }
      return type
    }
    guard let action, !action.isEmpty else { throw .missingAction }
    let version = (try? form.get())?["Version"]
    guard version == service.apiVersion, let type = actions[service, action] else {
      throw .invalidAction(action, version: version)
    }
    return type
  }
}

extension APIRequest {
  /// What follows the `?` of the target; `nil` without one.
  fileprivate var query: Substring? {
    target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[target.index(after: $0)...] }
  }
}

extension QueryParameters {
  /// The parameters of `request`, from exactly the bytes that were signed.
  fileprivate static func read(_ request: APIRequest) throws(QueryFormError) -> QueryParameters {
    try read(
      method: request.method,
      query: request.query,
      contentType: request.headers.first { $0.hasName("content-type") }?.value,
      body: request.body
    )
  }
}
