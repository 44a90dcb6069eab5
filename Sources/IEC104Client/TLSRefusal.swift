/// Why a link over TLS is not made or not kept: which file or certificate, what is wrong with it, what to do.
struct TLSRefusal: Error, Hashable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
