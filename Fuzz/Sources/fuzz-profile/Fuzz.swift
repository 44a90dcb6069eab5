import Glibc
import Settings

/// libFuzzer's entry: each input is read as a profile and as a settings file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  mkdir(directory, 0o700)
  write(bytes, to: directory + "/acme.toml")
  defer {
    unlink(directory + "/acme.toml")
    rmdir(directory)
  }
  do throws(SettingsError) {
    _ = try ProfileLibrary(searchPath: [directory]).load(name: "acme")
  } catch {
    expectPlaces(error, in: bytes)
  }
  do throws(SettingsError) {
    _ = try Settings.parse(bytes, file: directory + "/meterd.toml")
  } catch {
    expectPlaces(error, in: bytes)
  }
  return 0
}

/// Of this process alone, in memory; there while an input is tried.
private let directory = "/dev/shm/meterd-fuzz-\(getpid())"

private func write(_ bytes: [UInt8], to path: String) {
  guard let file = fopen(path, "w"), fwrite(bytes, 1, bytes.count, file) == bytes.count, fclose(file) == 0 else {
    fatalError("cannot write \(path)")
  }
}

/// Every problem names a place within its file, and is one printable line.
private func expectPlaces(_ error: SettingsError, in bytes: [UInt8]) {
  let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
  guard !error.problems.isEmpty, error.problems.count <= 1001 else { fatalError("\(error.problems.count) problems") }
  for problem in error.problems
  where problem.file == directory + "/acme.toml" || problem.file == directory + "/meterd.toml" {
    guard (1...lines).contains(problem.line), (1...(bytes.count + 1)).contains(problem.column) else {
      fatalError("not within \(lines) lines: \(problem)")
    }
    guard !problem.message.isEmpty,
      !problem.message.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
    else { fatalError("not printable: \(problem)") }
  }
}
