// SPDX-License-Identifier: Apache-2.0
//
// What a person or a script reads on the terminal. Text from outside is shown with its control characters escaped.

import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#endif

/// A command that could not do its work: one line, a hint where one is known, an exit status.
struct CommandFailure: Error, Hashable, Sendable {
  let message: String
  let hint: String?
  let status: Int32

  /// Refused or failed: status 1.
  static func failed(_ message: String, hint: String? = nil) -> CommandFailure {
    CommandFailure(message: message, hint: hint, status: 1)
  }

  /// Wrong usage: status 2.
  static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
    CommandFailure(message: message, hint: hint, status: 2)
  }
}

/// Standard output and standard error.
enum Console {
  /// Writes `line` to standard output.
  static func out(_ line: String) {
    write(line + "\n", to: 1)
  }

  /// Writes `bytes` to standard output; throws when they do not all get there.
  static func out(_ bytes: some Sequence<UInt8>) throws(CommandFailure) {
    guard write(Array(bytes)[...], to: 1) else {
      throw .failed("cannot write to standard output: \(String(cString: strerror(errno)))")
    }
  }

  /// Writes `line` to standard error.
  static func note(_ line: String) {
    write(line + "\n", to: 2)
  }

  /// Writes `exeat: error: …` and, where there is one, `exeat: hint: …`.
  static func error(_ failure: CommandFailure) {
    note("exeat: error: \(oneLine(failure.message))")
    if let hint = failure.hint { note("exeat: hint: \(oneLine(hint))") }
  }

  /// Puts `line` in place of the last line on standard error, which must be a terminal.
  static func status(_ line: String) {
    write("\r\u{1B}[K\(line)", to: 2)
  }

  /// Whether standard error is a terminal.
  static var isErrorTerminal: Bool { isatty(2) == 1 }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(1) == 1 }

  /// `text` with every control and line-breaking character shown as `\u{…}`.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func oneLine(_ text: String) -> String {
    printable(text.split(whereSeparator: \.isNewline).joined(separator: " "))
  }

  private static func write(_ text: String, to descriptor: Int32) {
    _ = write(Array(text.utf8)[...], to: descriptor)
  }

  /// Whether all of `bytes` were written; `errno` says why not.
  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var bytes = bytes
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { return false }
      bytes = bytes.dropFirst(max(0, count))
    }
    return true
  }
}
