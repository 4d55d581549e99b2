// SPDX-License-Identifier: Apache-2.0
//
// In which order flows of work are served that want more than there is: start-time fair queueing. Owns the order and its
// bounds; refuses to know what is served, by whom and when.
// Source: Goyal, Vin, Cheng: Start-Time Fair Queuing, SIGCOMM 1996, §2; Duda, Cheriton: Borrowed-Virtual-Time Scheduling,
// SOSP 1999, §2 (the burst).

/// What waits, in an order that gives every flow that waits the same share of the work.
///
/// The first of a flow has a start tag: the end of the flow's last work, or the start of what was being served when it
/// came, whichever is later; its end is the start and its cost. The smallest start is next, among equals the one that
/// came first. A flow that asks for much queues behind itself. One that comes back after a rest is not paid for the time it
/// was away, apart from `burst`: so much of what it asks for goes before all that asked for more. Of one flow, what was
/// begun goes before what is fresh: half-done work does not pile up.
package struct FairOrder<Flow: Hashable, Element> {
  /// How far the work is that waits.
  package enum Progress: Sendable {
    /// It goes on with something.
    case begun
    /// Nothing was done for it yet.
    case fresh
  }

  private static var smallestSweep: Int { 128 }

  private let limit: Int
  private let limitPerFlow: Int
  private let burst: UInt64
  private var begun = Waiting()
  private var fresh = Waiting()
  /// Where the last work of a flow ended; none for a flow whose end makes no difference any more.
  private var ends: [Flow: UInt64] = [:]
  private var endsToSweep = Self.smallestSweep
  private var latestEnd: UInt64
  private var virtualTime: UInt64
  private var arrivals: UInt64 = 0

  /// Holds at most `limit`, and of one flow at most `limitPerFlow`, of what was begun and again of what is fresh.
  ///
  /// Of a flow of which less than a 64th of `limitPerFlow` waits there is room beyond `limit`: a few flows that wait for
  /// much leave no other outside.
  ///
  /// A flow may be `burst` ahead of the others: the cost of what may come at once from who has had less than its share.
  package init(limit: Int, limitPerFlow: Int, burst: UInt64 = 0) {
    self.limit = limit
    self.limitPerFlow = limitPerFlow
    self.burst = burst
    self.virtualTime = burst
    self.latestEnd = burst
  }

  /// How many wait.
  package func count(_ progress: Progress) -> Int { progress == .begun ? begun.count : fresh.count }

  /// Of how many flows it is known where their last work ended.
  package var flowsKnown: Int { ends.count }

  /// Adds work of `cost` for `flow`; `false`, and nothing added, when there is no room.
  ///
  /// `hasRoom` says that its bounds are kept elsewhere, `mayBurst` that it may be ahead of the others.
  package mutating func add(
    _ element: Element,
    of flow: Flow,
    cost: UInt64,
    _ progress: Progress = .fresh,
    hasRoom: Bool = false,
    mayBurst: Bool = true
  ) -> Bool {
    guard hasRoom || self.hasRoom(of: flow, progress) else { return false }
    let entry = Waiting.Entry(element: element, cost: cost, arrival: arrivals)
    let start = start(of: flow, mayBurst: mayBurst)
    switch progress {
    case .begun: begun.add(entry, of: flow, start: start)
    case .fresh: fresh.add(entry, of: flow, start: start)
    }
    arrivals += 1
    return true
  }

  private func hasRoom(of flow: Flow, _ progress: Progress) -> Bool {
    let own = progress == .begun ? begun.count(of: flow) : fresh.count(of: flow)
    return own < limitPerFlow && (count(progress) < limit || own < limitPerFlow / 64)
  }

  /// The next to be served; of what is fresh alone, unless what was begun may go on.
  ///
  /// Who asks when nothing waits, and may go on, has nothing to do: what each flow had is forgotten.
  package mutating func next(begunMayGoOn: Bool = true) -> Element? {
    let goesOn = begunMayGoOn ? begun.firstStart(ends) : nil
    let begins = fresh.firstStart(ends)
    guard let start = min(goesOn, begins) else {
      if begunMayGoOn { rest() }
      return nil
    }
    guard let (flow, entry) = goesOn == start ? begun.next() : fresh.next() else { return nil }
    virtualTime = max(virtualTime, start)
    end(start + entry.cost, of: flow)
    return entry.element
  }

  /// Notes work of `flow` that is served at once.
  package mutating func passes(_ flow: Flow, cost: UInt64) {
    let start = start(of: flow)
    // Where others wait it is they who say how far the order has come.
    if begun.count + fresh.count == 0 { virtualTime = max(virtualTime, start) }
    end(start + cost, of: flow)
  }

  private func start(of flow: Flow, mayBurst: Bool = true) -> UInt64 {
    max(mayBurst ? virtualTime - burst : virtualTime, ends[flow] ?? 0)
  }

  private mutating func end(_ end: UInt64, of flow: Flow) {
    ends[flow] = end
    latestEnd = max(latestEnd, end)
    // Of a flow whose end has passed by more than the burst there is nothing to know. What is left counts double: however
    // slowly time passes, an end is looked at once or twice.
    if ends.count >= endsToSweep {
      let earliestStart = virtualTime - burst
      ends = ends.filter { $0.value > earliestStart }
      endsToSweep = max(Self.smallestSweep, 2 * ends.count)
    }
  }

  // The end of a busy period. Source: Start-Time Fair Queuing, §2.
  private mutating func rest() {
    guard !ends.isEmpty else { return }
    virtualTime = latestEnd
    ends.removeAll(keepingCapacity: ends.count < Self.smallestSweep)
    endsToSweep = Self.smallestSweep
  }

  /// What waits of one kind: a line for each flow, and a heap of the lines by the starts of their first.
  private struct Waiting {
    struct Entry {
      let element: Element
      let cost: UInt64
      let arrival: UInt64
    }

    struct Head {
      var start: UInt64
      var arrival: UInt64
      let flow: Flow

      func isBefore(_ other: Head) -> Bool { (start, arrival) < (other.start, other.arrival) }
    }

    private(set) var count = 0
    private var lines: [Flow: ArrivalLine<Entry>] = [:]
    // A binary heap: none is before its parent.
    private var heads: [Head] = []

    func count(of flow: Flow) -> Int { lines[flow]?.count ?? 0 }

    mutating func add(_ entry: Entry, of flow: Flow, start: UInt64) {
      let isFirst = lines[flow] == nil
      lines[flow, default: ArrivalLine()].append(entry)
      count += 1
      if isFirst {
        heads.append(Head(start: start, arrival: entry.arrival, flow: flow))
        rise(heads.count - 1)
      }
    }

    /// The smallest start, brought up to what the flow was served since.
    mutating func firstStart(_ ends: [Flow: UInt64]) -> UInt64? {
      while let head = heads.first {
        guard let end = ends[head.flow], end > head.start else { return head.start }
        heads[0].start = end
        sink()
      }
      return nil
    }

    mutating func next() -> (Flow, Entry)? {
      guard let flow = heads.first?.flow, let entry = lines[flow]?.next() else { return nil }
      count -= 1
      if let following = lines[flow]?.first {
        // Its start is the end of this one; where it stands until that is known makes no difference.
        heads[0].start += entry.cost
        heads[0].arrival = following.arrival
      } else {
        lines[flow] = nil
        let last = heads.removeLast()
        if !heads.isEmpty { heads[0] = last }
      }
      sink()
      return (flow, entry)
    }

    private mutating func rise(_ from: Int) {
      var index = from
      while index > 0 {
        let parent = (index - 1) / 2
        guard heads[index].isBefore(heads[parent]) else { return }
        heads.swapAt(index, parent)
        index = parent
      }
    }

    private mutating func sink() {
      var index = 0
      while true {
        var least = index
        for child in [2 * index + 1, 2 * index + 2] where child < heads.count {
          if heads[child].isBefore(heads[least]) { least = child }
        }
        guard least != index else { return }
        heads.swapAt(index, least)
        index = least
      }
    }
  }
}

private func min(_ first: UInt64?, _ second: UInt64?) -> UInt64? {
  guard let first, let second else { return first ?? second }
  return Swift.min(first, second)
}
