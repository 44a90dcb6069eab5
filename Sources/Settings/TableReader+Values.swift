import Metering

extension TableReader {
  /// Text without control characters.
  func string(
    _ key: String, required: Bool = false, maximumBytes: Int = 128, allowsEmpty: Bool = false
  ) -> Located<String>? {
    guard let node = node(key, required: required) else { return nil }
    guard case .string(let text) = node.value else {
      wrongType(key, node, wanted: "a string")
      return nil
    }
    guard isText(key, text, at: node.position, maximumBytes: maximumBytes, allowsEmpty: allowsEmpty) else {
      return nil
    }
    return Located(value: text, position: node.position)
  }

  private func isText(
    _ key: String, _ text: String, at position: Position, maximumBytes: Int, allowsEmpty: Bool
  ) -> Bool {
    if text.isEmpty, !allowsEmpty {
      error(position, "'\(key)' is empty")
    } else if text.utf8.count > maximumBytes {
      error(position, "'\(key)' is \(text.utf8.count) bytes long, at most \(maximumBytes) are possible")
    } else if text.unicodeScalars.contains(where: Wording.isControl) {
      error(position, "'\(key)' holds a control character")
    } else {
      return true
    }
    return false
  }

  /// An id or a name that follows the rule for ids.
  func identifier(_ key: String, required: Bool = false) -> Located<String>? {
    guard let text = string(key, required: required) else { return nil }
    guard Identifier.isValid(text.value) else {
      error(text.position, "'\(key)' is \(Wording.quoted(text.value)); it must be \(Identifier.rule)")
      return nil
    }
    return text
  }

  func strings(_ key: String, limit: Int, maximumBytes: Int = 128) -> [Located<String>]? {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      wrongType(key, node, wanted: "an array of strings")
      return nil
    }
    guard elements.count <= limit else {
      error(node.position, "'\(key)' has \(elements.count) elements, at most \(limit) are possible")
      return nil
    }
    return elements.compactMap { element in
      guard case .string(let text) = element.value else {
        error(element.position, "'\(key)' must hold strings, not \(element.typeName)")
        return nil
      }
      guard isText(key, text, at: element.position, maximumBytes: maximumBytes, allowsEmpty: false) else {
        return nil
      }
      return Located(value: text, position: element.position)
    }
  }

  func integer(_ key: String, required: Bool = false) -> Located<Int64>? {
    guard let node = node(key, required: required) else { return nil }
    guard case .integer(let value) = node.value else {
      wrongType(key, node, wanted: "an integer")
      return nil
    }
    return Located(value: value, position: node.position)
  }

  func integer(_ key: String, in range: ClosedRange<Int64>, required: Bool = false) -> Located<Int>? {
    guard let number = integer(key, required: required) else { return nil }
    guard range.contains(number.value) else {
      error(number.position, "'\(key)' is \(number.value); it must be \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return Located(value: Int(number.value), position: number.position)
  }

  /// An integer or a float; a float is the shortest decimal that reads back as the same number.
  func decimal(_ key: String, required: Bool = false) -> Located<ExactDecimal>? {
    guard let node = node(key, required: required) else { return nil }
    switch node.value {
    case .integer(let value): return Located(value: ExactDecimal(value), position: node.position)
    case .float(let value):
      guard let decimal = ExactDecimal(shortest: value) else {
        error(node.position, "'\(key)' is \(value); it must be a finite number")
        return nil
      }
      return Located(value: decimal, position: node.position)
    default:
      wrongType(key, node, wanted: "a number")
      return nil
    }
  }

  /// A number from 1e-12 up to `maximum`.
  func positiveDecimal(
    _ key: String, maximum: ExactDecimal, maximumDigits: Int = 19
  ) -> Located<ExactDecimal>? {
    guard let number = decimal(key) else { return nil }
    guard number.value >= PointReader.smallestNumber, number.value <= maximum else {
      error(number.position, "'\(key)' is \(number.value); it must be above 0 (1e-12 at least) and at most \(maximum)")
      return nil
    }
    return isExact(key, number, maximumDigits: maximumDigits) ? number : nil
  }

  /// Values are computed exactly in 128 bits (38 digits): what they are multiplied with must leave room for them.
  func isExact(_ key: String, _ number: Located<ExactDecimal>, maximumDigits: Int) -> Bool {
    let digits = String(number.value.significand.magnitude).utf8.count
    if digits <= maximumDigits { return true }
    error(
      number.position,
      "'\(key)' is \(number.value), which has \(digits) digits; at most \(maximumDigits) are possible: round it")
    return false
  }

  func boolean(_ key: String) -> Located<Bool>? {
    guard let node = node(key) else { return nil }
    guard case .boolean(let value) = node.value else {
      wrongType(key, node, wanted: "true or false")
      return nil
    }
    return Located(value: value, position: node.position)
  }

  /// `2029-01-31`, without quotes.
  func date(_ key: String, required: Bool = false) -> Located<CivilDate>? {
    guard let node = node(key, required: required) else { return nil }
    guard case .date(let text) = node.value, let date = CivilDate(text) else {
      wrongType(key, node, wanted: "a date such as 2029-01-31, without quotes")
      return nil
    }
    return Located(value: date, position: node.position)
  }

  /// Milliseconds within the range.
  func duration(_ key: String, in range: ClosedRange<Int64>, required: Bool = false) -> Located<Int64>? {
    guard let node = node(key, required: required) else { return nil }
    guard case .string(let text) = node.value else {
      wrongType(key, node, wanted: "a duration in quotes (\(DurationText.rule))")
      return nil
    }
    guard let milliseconds = DurationText.milliseconds(text) else {
      error(
        node.position, "'\(key)' is \(Wording.quoted(text)), which is no duration; it must be \(DurationText.rule)")
      return nil
    }
    guard range.contains(milliseconds) else {
      let limits = "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
      error(node.position, "'\(key)' is \(Wording.quoted(text)); it must be \(limits)")
      return nil
    }
    return Located(value: milliseconds, position: node.position)
  }

  /// A duration of which a whole number fits into 24 hours, because slots are aligned to local midnight.
  func divisorOfDay(_ key: String, from minimum: Int64, required: Bool = false) -> Located<Int64>? {
    guard let duration = duration(key, in: minimum...DurationText.millisecondsPerDay, required: required) else {
      return nil
    }
    guard DurationText.dividesDay(duration.value) else {
      let near = DurationText.dividersOfDay(around: duration.value).joined(separator: " and ")
      error(
        duration.position,
        "'\(key)' is \(DurationText.text(duration.value)), which does not divide the day; the nearest that do are \(near)"
      )
      return nil
    }
    return duration
  }

  /// The interval of a point that is read more rarely than its meter; nil also where both are the same.
  ///
  /// - Parameter meter: the meter's interval, nil where it is not sound
  func pointInterval(_ key: String, meter: Int64?) -> Int64? {
    guard let every = divisorOfDay(key, from: 100), let meter, every.value != meter else { return nil }
    guard every.value % meter == 0 else {
      error(
        every.position,
        "'\(key)' is \(DurationText.text(every.value)), which is no whole multiple of the meter's 'every',"
          + " \(DurationText.text(meter))")
      return nil
    }
    return every.value
  }

  /// One of a few words.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of type: Choice.Type = Choice.self, required: Bool = false
  ) -> Located<Choice>? where Choice.RawValue == String {
    guard let text = string(key, required: required) else { return nil }
    if let choice = Choice(rawValue: text.value) { return Located(value: choice, position: text.position) }
    let names = Choice.allCases.map(\.rawValue)
    let suggestion = Wording.suggestion(for: text.value, among: names)
    error(
      text.position,
      "'\(key)' is \(Wording.quoted(text.value)); it must be one of \(names.joined(separator: ", "))\(suggestion)")
    return nil
  }

  /// One of a few words, of which some are of the contract but not yet of this version.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of type: Choice.Type = Choice.self, notYet: [String], required: Bool = false
  ) -> Located<Choice>? where Choice.RawValue == String {
    if case .string(let text)? = node(key)?.value, notYet.contains(text) {
      error(valuePosition(key), "\(key) = \"\(text)\" is not supported by this version")
      return nil
    }
    return choice(key, of: type, required: required)
  }

  /// A path, resolved against the directory of the file.
  func path(_ key: String, required: Bool = false, maximumBytes: Int = 1024) -> Located<String>? {
    guard let text = string(key, required: required, maximumBytes: maximumBytes) else { return nil }
    return Located(
      value: Files.resolve(text.value, in: Files.directory(of: sink.file)), position: text.position)
  }
}
