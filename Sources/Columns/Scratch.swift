/// Working memory that grows and is kept, so that a chunk costs no allocation.
struct Scratch<Element: BitwiseCopyable>: ~Copyable {
  private(set) var start: UnsafeMutablePointer<Element>
  private var capacity: Int

  init(_ capacity: Int = 0) {
    start = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { start.deallocate() }

  /// Room for `count` elements; what was there is lost.
  mutating func reserve(_ count: Int) {
    if count <= capacity { return }
    start.deallocate()
    capacity = count
    start = .allocate(capacity: capacity)
  }
}
