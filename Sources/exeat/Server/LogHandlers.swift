// SPDX-License-Identifier: Apache-2.0
//
// Log lines on standard error: text for people, JSON for machines. Every value is escaped, so that nothing that a
// client sent can start a line of its own.

import Federation
import IdentityModel
import Logging
import StrictJSON

/// How log lines look.
enum LogFormat: String, CaseIterable {
  case text
  case json

  /// A logger that writes in this format.
  func logger(level: Logger.Level) -> Logger {
    var logger = Logger(label: "exeat") { _ in LineLogHandler(format: self) }
    logger.logLevel = level
    return logger
  }
}

private struct LineLogHandler: LogHandler {
  let format: LogFormat
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  init(format: LogFormat) {
    self.format = format
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Assembly.systemClock.now().rfc3339Milliseconds
    let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    switch format {
    case .text:
      let tail = values.map { " \($0.key)=\"\($0.value)\"" }.joined()
      Console.note(Console.printable("\(time) \(event.level) \(event.message)\(tail)"))
    case .json:
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("time", time)
        writer.member("level", event.level.rawValue)
        writer.member("message", "\(event.message)")
        for (key, value) in values { writer.member(key, "\(value)") }
      }
      Console.note(String(decoding: writer.bytes, as: UTF8.self))
    }
  }
}
