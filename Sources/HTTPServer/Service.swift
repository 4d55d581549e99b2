// SPDX-License-Identifier: Apache-2.0
//
// What every connection of one server shares, and what a request learns from the connection it came on.

import Federation
import IdentityModel
import Logging
import NIOCore

/// Shared by every connection of a server.
struct Service: Sendable {
  let configuration: HTTPServerConfiguration
  let connections: Connections
  let bridge: ResponderBridge
  let date = DateField()
  let rendered = RenderedDocuments()
  let logger: Logger

  /// How long a connection stays readable after the server sent its last octet, or was told to stop while
  /// idle: long enough for what the peer sent before it could know, so that its kernel does not throw the
  /// response away (RFC 9112 §9.6).
  static let linger = TimeAmount.milliseconds(250)

  /// The same after a refusal, when the peer may still be sending a large body.
  static let lingerAfterRefusal = TimeAmount.seconds(2)

  /// The document at `path`, from memory.
  func document(host: String?, path: Substring) -> PublishedDocument? {
    bridge.responder.publishedDocument(host: host, path: path)
  }

  /// The answer to `request` where it needs nothing.
  func immediateAnswer(_ request: RequestHead) -> APIResponse? {
    bridge.responder.immediateAnswer(method: request.method, path: request.path)
  }

  /// Hands a whole request to the responder; `deliver` is called on the event loop of `channel`, where this must be
  /// called too.
  func answer(
    _ head: RequestHead,
    body: [UInt8],
    from peer: Peer,
    on channel: any Channel,
    deliver: @escaping @Sendable (APIResponse) -> Void
  ) {
    let fields = head.fields
    let request = APIRequest(
      method: head.method,
      target: head.target,
      headers: fields,
      body: body,
      sourceIPAddress: ClientAddress.find(
        peer: peer.address,
        fields,
        trusting: configuration.trustedProxies
      ),
      tls: peer.tls
    )
    bridge.answer(request, of: peer.callers, on: channel, deliver: deliver)
  }

  /// Notes a refused request: the peer and the status, never what it sent.
  func log(_ refusal: Refusal, from peer: Peer) {
    logger.debug("request refused", metadata: ["status": "\(refusal.rawValue)", "peer": "\(peer.address)"])
  }
}

/// The other end of a connection.
struct Peer: Sendable {
  /// The IP address: `192.0.2.1`, `2001:db8::1`.
  let address: String
  /// TLS as negotiated; `nil` without TLS.
  let tls: TLSDetails?
  /// Who it is known to speak for.
  let callers = CallerMemory()

  /// Reads the address of `channel`.
  init(_ channel: any Channel, tls: TLSDetails?) {
    let address = channel.remoteAddress?.ipAddress ?? ""
    // On a socket for both families an IPv4 peer is `::ffff:192.0.2.1`: the address that people know is the
    // rest.
    let isMapped = address.hasPrefix("::ffff:") && address.utf8.contains(UInt8(ascii: "."))
    self.address = isMapped ? String(address.dropFirst(7)) : address
    self.tls = tls
  }
}
