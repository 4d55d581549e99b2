// SPDX-License-Identifier: Apache-2.0
//
// When to ask again: before four fifths of a life are over, and after a failure ever later, up to a minute; five minutes
// after one that seems to last until something is changed, where nothing ends meanwhile. Chance is an argument.

/// When to ask again.
package enum RefreshTimes {
  /// How long what says no end is kept, in milliseconds: an hour.
  package static let endlessLife: Int64 = 3_600_000

  /// How long to wait after a success.
  ///
  /// 80 % of the life, and up to a tenth of the life less, so that what began together does not go on together; at least
  /// a second.
  ///
  /// - Parameters:
  ///   - life: how long it lives from now on, in milliseconds.
  ///   - chance: from 0 up to 1.
  /// - Returns: milliseconds.
  package static func afterSuccess(life: Int64, chance: Double) -> Int64 {
    let whole = Double(life)
    return max(1000, Int64(whole * 0.8 - whole * 0.1 * chance))
  }

  /// How long to wait after the `failure`th failure in a row, from 1.
  ///
  /// A second, doubled each time up to a minute, of which chance takes up to a half; never shorter than the other side
  /// asked, up to five minutes.
  ///
  /// - Parameters:
  ///   - failure: which failure.
  ///   - asked: what the other side asked for, in seconds.
  ///   - chance: from 0 up to 1.
  /// - Returns: milliseconds.
  package static func afterFailure(_ failure: Int, asked: Int64?, chance: Double) -> Int64 {
    let ceiling: Int64 = min(60_000, 1000 << Int64(min(max(failure, 1), 10) - 1))
    let pause = ceiling - Int64(Double(ceiling) * 0.5 * chance)
    return max(pause, min(asked ?? 0, 300) * 1000)
  }

  /// How long to wait after the `refusal`th failure in a row, from 1, that should last until something is changed.
  ///
  /// Five minutes, of which chance takes up to a tenth; as after any failure while it is the first or the second, which may
  /// pass all the same, and while what is kept would end meanwhile.
  ///
  /// - Parameters:
  ///   - refusal: which such failure.
  ///   - life: how long what is kept lives on, in milliseconds; `nil` when nothing lives, or without an end.
  ///   - chance: from 0 up to 1.
  /// - Returns: milliseconds.
  package static func afterRefusal(_ refusal: Int, life: Int64?, chance: Double) -> Int64 {
    let pause = 300_000 - Int64(30_000 * chance)
    guard refusal > 2, life.map({ $0 > pause }) ?? true else {
      return afterFailure(refusal, asked: nil, chance: chance)
    }
    return pause
  }
}
