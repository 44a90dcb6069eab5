/// Checkpoints, segments, heads and the hot store.
extension Chain {
  func checkExpiries(_ byNumber: [UInt64: Link], _ report: inout ChainReport) {
    for expiry in expiries {
      let checkpoint = expiry.checkpoint
      if let what = contradiction(checkpoint, byNumber) {
        report.findings.append(.checkpointDiffers(file: expiry.file, what: what))
        continue
      }
      let age = Int64(checkpoint.retentionDays) * 86_400_000
      if let end = Checkpoint.endOfMonth(checkpoint.through), checkpoint.written - end < age {
        report.findings.append(
          .expiredTooEarly(
            file: expiry.file, through: checkpoint.through, retentionDays: checkpoint.retentionDays))
      } else if expiry.isSigned {
        report.expiredThrough = max(report.expiredThrough, checkpoint.lastManifest)
      }
    }
  }

  private func contradiction(_ checkpoint: Checkpoint, _ byNumber: [UInt64: Link]) -> String? {
    guard let link = byNumber[checkpoint.lastManifest] else {
      return "names manifest number \(checkpoint.lastManifest), which is not there"
    }
    if link.digest != checkpoint.manifestSHA256 || link.manifest.segment != checkpoint.lastSegment {
      return "does not fit \(link.file), which it names: one of the two was changed"
    }
    if checkpoint.firstKeptSeq != link.manifest.lastSeq &+ 1 {
      return "says that row \(checkpoint.firstKeptSeq) is the first one kept, but \(link.file) ends with row "
        + "\(link.manifest.lastSeq)"
    }
    if SegmentName.month(checkpoint.lastSegment) > checkpoint.through {
      return "says that the months through \(checkpoint.through) expired, but \(checkpoint.lastSegment) is later"
    }
    // A key that did not sign the chain from there on is somebody else's.
    let keys = links.filter { $0.manifest.number >= checkpoint.lastManifest }.map(\.manifest.key)
    if !keys.contains(checkpoint.key) {
      return "is signed by key \(checkpoint.key), which signed no manifest from \(link.file) on"
    }
    return nil
  }

  func checkSegments(_ ordered: [Link], _ segments: Set<String>, _ report: inout ChainReport) {
    for link in ordered where link.manifest.number > report.expiredThrough {
      if !segments.contains(link.manifest.segment) {
        report.findings.append(.missingSegment(segment: link.manifest.segment))
      }
    }
    for segment in segments.subtracting(ordered.map(\.manifest.segment)).sorted() {
      report.findings.append(.segmentWithoutManifest(segment: segment))
    }
  }

  func checkHeads(_ byNumber: [UInt64: Link], _ report: inout ChainReport) {
    let last = report.last?.number ?? 0
    for (file, head) in heads {
      if head.number > last {
        report.findings.append(.truncated(head: file, number: head.number, last: last))
      } else if let link = byNumber[head.number] {
        let expected = Head(
          site: head.site, number: link.manifest.number, segment: link.manifest.segment, manifest: link.digest,
          root: link.manifest.root)
        if head != expected { report.findings.append(.headDiffers(head: file, file: link.file)) }
      }
      // A manifest in the middle that is not there was found already.
    }
  }

  func checkHot(_ firstHotSeq: UInt64, _ last: String, _ report: inout ChainReport) {
    let expected = report.lastSeq &+ 1
    if firstHotSeq > expected {
      report.findings.append(.seqMissingBeforeHot(after: last, missing: expected...(firstHotSeq - 1)))
    } else if firstHotSeq < expected {
      report.findings.append(.hotOverlaps(after: last, firstHotSeq: firstHotSeq, expected: expected))
    }
  }
}
