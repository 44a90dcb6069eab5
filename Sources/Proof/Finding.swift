/// Something that is not as it was signed. Names the file, and says in plain words what is wrong.
public enum Finding: Hashable, Sendable {
  // A file by itself.
  case unreadable(file: String, TextFault)
  case unreadableKey(file: String, problem: String)
  /// The segment in the text is not that of the file's name.
  case foreignName(file: String, segment: String)
  case siteDiffers(file: String, site: String, expected: String)
  case unknownKey(file: String, key: KeyID)
  case missingSignature(file: String, key: KeyID)
  case wrongSignature(file: String, key: KeyID)
  /// A manifest whose lines contradict each other.
  case contradiction(file: String, what: String)

  // One manifest and the one before it.
  case missingManifests(numbers: ClosedRange<UInt64>, before: String)
  case numberTwice(number: UInt64, file: String, other: String)
  case brokenChain(file: String, previous: String)
  case seqGap(file: String, previous: String, missing: ClosedRange<UInt64>)
  case seqOverlap(file: String, previous: String, firstSeq: UInt64, expected: UInt64)
  case journalDiffers(file: String, firstJournal: UInt64, expected: UInt64)
  /// The first manifest is not signed by a key that the auditor was given.
  case foreignKey(file: String, key: KeyID)
  /// Another key goes on without a line `adopts:`, or with one that names another key than the one before.
  case keyChanged(file: String, from: KeyID, to: KeyID)
  case needlessAdoption(file: String, key: KeyID)
  /// The last manifest of the old key is not signed by the key that took over.
  case missingCrossSignature(file: String, key: KeyID, adopting: String)

  // Segments, retention, and what others know.
  case missingSegment(segment: String)
  case segmentWithoutManifest(segment: String)
  case checkpointDiffers(file: String, what: String)
  case expiredTooEarly(file: String, through: String, retentionDays: Int)
  case truncated(head: String, number: UInt64, last: UInt64)
  case headDiffers(head: String, file: String)
  case seqMissingBeforeHot(after: String, missing: ClosedRange<UInt64>)
  case hotOverlaps(after: String, firstHotSeq: UInt64, expected: UInt64)

  /// The name of the file that is to be looked at first.
  public var file: String {
    switch self {
    case .unreadable(let file, _), .unreadableKey(let file, _), .foreignName(let file, _),
      .siteDiffers(let file, _, _), .unknownKey(let file, _), .missingSignature(let file, _),
      .wrongSignature(let file, _), .contradiction(let file, _), .missingManifests(_, let file),
      .numberTwice(_, let file, _), .brokenChain(let file, _), .seqGap(let file, _, _),
      .seqOverlap(let file, _, _, _), .journalDiffers(let file, _, _), .foreignKey(let file, _),
      .keyChanged(let file, _, _), .needlessAdoption(let file, _), .missingCrossSignature(let file, _, _),
      .checkpointDiffers(let file, _), .expiredTooEarly(let file, _, _), .truncated(let file, _, _),
      .headDiffers(let file, _), .seqMissingBeforeHot(let file, _), .hotOverlaps(let file, _, _):
      file
    case .missingSegment(let segment), .segmentWithoutManifest(let segment): segment
    }
  }
}

extension Finding: CustomStringConvertible {
  public var description: String { "\(file): \(problem)" }

  private var problem: String {
    switch self {
    case .unreadable(_, let fault): "\(fault): the file was damaged or edited"
    case .unreadableKey(_, let problem): problem
    case .foreignName(_, let segment):
      "holds the manifest of segment \(segment): the file was renamed, swapped with another one, or edited"
    case .siteDiffers(_, let site, let expected): "is of site '\(shown(site))', this archive of '\(shown(expected))'"
    case .unknownKey(_, let key): "is signed by key \(key), whose public key \(key.fileName) is not there"
    case .missingSignature(let file, let key):
      "is not signed by key \(key), which it names: \(key.signatureFileName(of: file)) is not there"
    case .wrongSignature(let file, let key):
      "was changed after it was signed, or \(key.signatureFileName(of: file)) was: the signature of key \(key) "
        + "does not fit"
    case .contradiction(_, let what): "contradicts itself: \(what)"
    case .missingManifests(let numbers, _):
      numbers.lowerBound == numbers.upperBound
        ? "the manifest before it, number \(numbers.lowerBound), is missing"
        : "the manifests before it, numbers \(numbers.lowerBound) to \(numbers.upperBound), are missing"
    case .numberTwice(let number, _, let other): "has number \(number), which \(other) has as well"
    case .brokenChain(_, let previous):
      "was not made after \(previous) as it is now: the SHA-256 of that file is not the one in its line 'previous'"
    case .seqGap(_, let previous, let missing):
      "rows \(Finding.range(missing)) are missing between \(previous) and this one"
    case .seqOverlap(_, let previous, let firstSeq, let expected):
      "begins with row \(firstSeq), but after \(previous) it has to be \(expected)"
    case .journalDiffers(_, let firstJournal, let expected):
      "begins with journal entry \(firstJournal), where \(expected) has to follow"
    case .foreignKey(_, let key): "is signed by key \(key), which is not the public key that was given"
    case .keyChanged(_, let from, let to):
      "is signed by key \(to), the one before by \(from), and it has no line 'adopts: \(from)'"
    case .needlessAdoption(_, let key): "adopts the chain of key \(key), which did not sign the manifest before it"
    case .missingCrossSignature(let file, let key, let adopting):
      "key \(key) went on from here in \(adopting), but \(key.signatureFileName(of: file)) is not there or does not fit"
    case .missingSegment: "this segment is missing, and no checkpoint says that it expired"
    case .segmentWithoutManifest: "this segment has no manifest: nothing proves it"
    case .checkpointDiffers(_, let what): what
    case .expiredTooEarly(_, let through, let retentionDays):
      "says that the months through \(through) expired before they were \(retentionDays) days old"
    case .truncated(_, let number, let last):
      "the chain had come to number \(number) when this was placed, but ends with number \(last): its end was cut off"
    case .headDiffers(_, let file): "does not fit \(file): history was written anew after this was placed"
    case .seqMissingBeforeHot(_, let missing):
      "rows \(Finding.range(missing)) are missing between the last manifest and the hot store: the end was cut off"
    case .hotOverlaps(_, let firstHotSeq, let expected):
      "the hot store begins with row \(firstHotSeq), but after the last manifest it has to be \(expected)"
    }
  }

  private static func range(_ range: ClosedRange<UInt64>) -> String {
    range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }
}
