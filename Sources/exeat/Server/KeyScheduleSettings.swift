// SPDX-License-Identifier: Apache-2.0
//
// How long signing keys live, as an operator says it: `--key-lifetime 90d`, `--key-overlap 7d`.

import Federation

extension KeySchedule {
  /// The schedule that `settings` ask for, with those of `standard` for what they leave out.
  init(_ settings: Settings) throws(CommandFailure) {
    let lifetime = try settings.parsed("key-lifetime", expected: durationForm, durationSeconds)
    let overlap = try settings.parsed("key-overlap", expected: durationForm, durationSeconds)
    do {
      try self.init(
        lifetimeSeconds: lifetime ?? Self.standard.lifetimeSeconds,
        overlapSeconds: overlap ?? Self.standard.overlapSeconds
      )
    } catch {
      throw .usage(
        "\(settings["key-overlap"]?.origin ?? settings["key-lifetime"]?.origin ?? ""): \(error.text)"
      )
    }
  }

  /// The schedule of `exeat dev`, whose flags may make time run fast; the standard one without them.
  init(lifetime: String?, overlap: String?, retention: String?) throws(CommandFailure) {
    func seconds(_ flag: String, _ text: String?, _ standard: Int) throws(CommandFailure) -> Int {
      guard let text else { return standard }
      guard let seconds = durationSeconds(text) else {
        throw .usage("\(flag): `\(text)` is not \(durationForm)")
      }
      return seconds
    }
    let standard = Self.standard
    do {
      try self.init(
        scaledLifetimeSeconds: try seconds("--key-lifetime", lifetime, standard.lifetimeSeconds),
        overlapSeconds: try seconds("--key-overlap", overlap, standard.overlapSeconds),
        retentionSeconds: try seconds("--key-retention", retention, standard.retentionSeconds)
      )
    } catch let failure as CommandFailure {
      throw failure
    } catch let problem as Problem {
      throw .usage("--key-lifetime, --key-overlap, --key-retention: \(problem.text)")
    } catch {
      throw .failed(String(describing: error))
    }
  }
}

private let durationForm = "a duration such as 90d, 24h, 15m or 10s"

/// The seconds of a number with a unit; `nil` when it is none, or of more than a hundred years.
private func durationSeconds(_ text: String) -> Int? {
  let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 24 * 3600]
  guard let last = text.last, let unit = units[last], text.utf8.count <= 11,
    text.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
    let number = Int(text.dropLast()), number > 0, number * unit <= 100 * 366 * 24 * 3600
  else { return nil }
  return number * unit
}

extension KeySchedule.Problem {
  fileprivate var text: String {
    switch self {
    case .overlapTooShort: "the overlap is at least 24h: so long may verifiers keep a key set"
    case .overlapTooLong: "the overlap is at most the lifetime, and at most 30d"
    case .lifetimeTooLong: "the lifetime is at most 3652d"
    case .tooManyKeys: "the lifetime is too short: more keys than a set holds would be published"
    }
  }
}
