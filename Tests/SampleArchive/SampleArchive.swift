import Archive

@main struct SampleArchive {
  static func main() {}
}
