/// One for all inputs, which come one after the other: making an encoder takes longer than most of them do.
nonisolated(unsafe) private let check = ColumnCheck()

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  if let finding = check.finding(Array(UnsafeBufferPointer(start: start, count: count))) {
    fatalError(finding)
  }
  return 0
}
