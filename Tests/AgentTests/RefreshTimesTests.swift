// SPDX-License-Identifier: Apache-2.0

import Agent
import Testing

struct RefreshTimesTests {
  @Test(arguments: [1_300, 60_000, 3_600_000, 43_200_000] as [Int64])
  func `what lives is renewed between seven and eight tenths of its life`(life: Int64) {
    for chance in [0, 0.3, 0.999] {
      let pause = RefreshTimes.afterSuccess(life: life, chance: chance)
      #expect(pause <= max(1000, life * 8 / 10) && pause >= life * 7 / 10)
    }
    #expect(RefreshTimes.afterSuccess(life: life, chance: 0) >= life * 8 / 10)
    #expect(
      RefreshTimes.afterSuccess(life: 3_600_000, chance: 0.9)
        < RefreshTimes.afterSuccess(life: 3_600_000, chance: 0.1)
    )
  }

  @Test func `nobody is asked more than once a second`() {
    #expect(RefreshTimes.afterSuccess(life: 1, chance: 0.5) == 1000)
  }

  @Test func `failures are answered ever later, up to a minute`() {
    #expect(
      (1...8).map { RefreshTimes.afterFailure($0, asked: nil, chance: 0) }
        == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
    )
    #expect(RefreshTimes.afterFailure(1000, asked: nil, chance: 0) == 60_000)
    for failure in 1...12 {
      let whole = RefreshTimes.afterFailure(failure, asked: nil, chance: 0)
      let short = RefreshTimes.afterFailure(failure, asked: nil, chance: 0.999)
      #expect(short < whole && short >= whole / 2)
    }
  }

  @Test func `whoever asks to wait is waited for, five minutes at most`() {
    #expect(RefreshTimes.afterFailure(1, asked: 90, chance: 0) == 90_000)
    #expect(RefreshTimes.afterFailure(1, asked: 86_400, chance: 0) == 300_000)
    #expect(RefreshTimes.afterFailure(9, asked: 1, chance: 0) == 60_000)
  }

  @Test func `what was refused three times is tried again after five minutes, less up to a tenth`() {
    for life in [nil, 300_001, 3_600_000] as [Int64?] {
      #expect(
        (1...4).map { RefreshTimes.afterRefusal($0, life: life, chance: 0) } == [
          1000, 2000, 300_000, 300_000,
        ]
      )
    }
    #expect((270_000..<300_000).contains(RefreshTimes.afterRefusal(3, life: nil, chance: 0.999)))
  }

  @Test func `what would end meanwhile is asked for soon, however often it was refused`() {
    for life in [1, 60_000, 300_000] as [Int64] {
      #expect(
        (1...8).map { RefreshTimes.afterRefusal($0, life: life, chance: 0) }
          == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
      )
    }
  }
}
