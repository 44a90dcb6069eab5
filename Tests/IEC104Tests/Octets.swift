/// "5F EA 3B" → octets. Anything but pairs of digits and spaces is a mistake in the test.
func octets(_ text: String) -> [UInt8] {
  text.split(separator: " ").map { pair in
    guard pair.count == 2, let octet = UInt8(pair, radix: 16) else { fatalError("'\(pair)' is no octet") }
    return octet
  }
}

func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
  octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
}
