// SPDX-License-Identifier: Apache-2.0
//
// A line in which the first that came is the first that goes. Refuses to know what stands in it.

/// Elements in order of arrival.
struct ArrivalLine<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var isEmpty: Bool { head == elements.count }
  var count: Int { elements.count - head }
  var first: Element? { head < elements.count ? elements[head] : nil }

  mutating func append(_ element: Element) {
    elements.append(element)
  }

  mutating func next() -> Element? {
    guard head < elements.count else { return nil }
    // Not kept alive by the place that it had.
    let element = elements[head].take()
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: elements.count <= 4096)
      head = 0
    } else if head >= 4096 {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}
