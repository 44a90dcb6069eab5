extension Chain {
  /// Says what is wrong with what was added.
  ///
  /// - Parameters:
  ///   - segments: names of the segments of days that are there, in files of days or of months; nil: not looked at.
  ///   - firstHotSeq: the number of the first row that is not sealed, or will be the next one; nil: not looked at.
  public func finish(segments: Set<String>? = nil, firstHotSeq: UInt64? = nil) -> ChainReport {
    let ordered = links.sorted { ($0.manifest.number, $0.file) < ($1.manifest.number, $1.file) }
    var report = ChainReport(
      findings: found, manifests: links.count, firstKey: ordered.first?.manifest.key, adoptions: [], expiredThrough: 0,
      last: nil, lastSeq: 0)
    let site = self.site ?? ordered.first?.manifest.site
    checkSites(ordered, site, &report)
    checkLinks(ordered, &report)
    if let last = ordered.last {
      report.last = Head(
        site: last.manifest.site, number: last.manifest.number, segment: last.manifest.segment, manifest: last.digest,
        root: last.manifest.root)
      report.lastSeq = last.manifest.lastSeq
    }
    let byNumber = Dictionary(ordered.map { ($0.manifest.number, $0) }, uniquingKeysWith: { first, _ in first })
    checkExpiries(byNumber, &report)
    if let segments { checkSegments(ordered, segments, &report) }
    checkHeads(byNumber, &report)
    if let firstHotSeq { checkHot(firstHotSeq, ordered.last?.file ?? "manifests", &report) }
    return report
  }

  private func checkSites(_ ordered: [Link], _ site: String?, _ report: inout ChainReport) {
    guard let site else { return }
    let named =
      ordered.map { ($0.file, $0.manifest.site) } + expiries.map { ($0.file, $0.checkpoint.site) }
      + heads.map { ($0.file, $0.head.site) }
    for (file, found) in named where !isSame(found, site) {
      report.findings.append(.siteDiffers(file: file, site: found, expected: site))
    }
  }

  private func checkLinks(_ ordered: [Link], _ report: inout ChainReport) {
    if let first = ordered.first, !trusted.isEmpty, !trusted.contains(where: { $0.id == first.manifest.key }) {
      report.findings.append(.foreignKey(file: first.file, key: first.manifest.key))
    }
    var previous: Link?
    var lastJournal: UInt64? = 0
    for link in ordered {
      let number = link.manifest.number
      let (expected, isAtEnd) = (previous?.manifest.number ?? 0).addingReportingOverflow(1)
      if let previous, isAtEnd || number < expected {
        report.findings.append(.numberTwice(number: number, file: link.file, other: previous.file))
        continue
      }
      if number > expected {
        report.findings.append(.missingManifests(numbers: expected...(number - 1), before: link.file))
        lastJournal = nil
      } else {
        checkNeighbours(previous, link, &report)
      }
      if link.manifest.firstJournal > 0 {
        if let lastJournal, link.manifest.firstJournal != lastJournal &+ 1 {
          report.findings.append(
            .journalDiffers(
              file: link.file, firstJournal: link.manifest.firstJournal, expected: lastJournal &+ 1))
        }
        lastJournal = link.manifest.lastJournal
      }
      previous = link
    }
  }

  /// Two manifests whose numbers follow each other, or number 1 and none.
  private func checkNeighbours(_ previous: Link?, _ link: Link, _ report: inout ChainReport) {
    if link.manifest.previous != previous?.digest ?? .zero {
      report.findings.append(.brokenChain(file: link.file, previous: previous?.file ?? "nothing"))
    }
    let expected = (previous?.manifest.lastSeq ?? 0) &+ 1
    let firstSeq = link.manifest.firstSeq
    if firstSeq > expected {
      report.findings.append(
        .seqGap(file: link.file, previous: previous?.file ?? "the beginning", missing: expected...(firstSeq - 1)))
    } else if firstSeq < expected {
      report.findings.append(
        .seqOverlap(
          file: link.file, previous: previous?.file ?? "the beginning", firstSeq: firstSeq, expected: expected))
    }
    guard let previous else {
      if let adopts = link.manifest.adopts {
        report.findings.append(.needlessAdoption(file: link.file, key: adopts))
      }
      return
    }
    checkKeys(previous, link, &report)
  }

  private func checkKeys(_ previous: Link, _ link: Link, _ report: inout ChainReport) {
    let (from, to) = (previous.manifest.key, link.manifest.key)
    if from == to {
      if let adopts = link.manifest.adopts {
        report.findings.append(.needlessAdoption(file: link.file, key: adopts))
      }
      return
    }
    guard link.manifest.adopts == from else {
      report.findings.append(.keyChanged(file: link.file, from: from, to: to))
      return
    }
    if !previous.signers.contains(to) {
      report.findings.append(.missingCrossSignature(file: previous.file, key: to, adopting: link.file))
    }
    report.adoptions.append(
      .init(file: link.file, from: from, to: to, isTrusted: trusted.contains { $0.id == to }))
  }
}
