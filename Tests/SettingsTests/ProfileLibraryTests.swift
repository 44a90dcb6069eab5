import Metering
import Testing

@testable import Settings

@Suite struct ProfileLibraryTests {
  private static let cases = TestFiles.cases
  private let library = ProfileLibrary(searchPath: [
    cases + "/ok-profile/profiles", cases + "/profile-accounting/profiles", cases + "/profile-syntax-error/profiles",
    "/nowhere",
  ])

  @Test func listsSoundAndBrokenOnes() throws {
    let listings = library.list()
    #expect(listings.map(\.name) == ["acme-e1", "export", "gauge", "heat", "none", "two"])
    let sound = try #require(listings.first)
    // The first directory wins: in the last one a broken file has the same name.
    #expect(sound.path == Self.cases + "/ok-profile/profiles/acme-e1.toml")
    let profile = try sound.result.get()
    #expect(profile.accountingQuantity == "energy_active_import")
    #expect(profile.sourceDate == CivilDate(year: 2026, month: 11, day: 21))
    #expect(profile.evidence == .manual)
    for listing in listings.dropFirst() {
      let error = try #require(throws: SettingsError.self) { try listing.result.get() }
      #expect(error.problems.allSatisfy { $0.file == listing.path })
    }
  }

  @Test func loadsByName() throws {
    #expect(try library.load(name: "acme-e1").model == "E1")
    let error = try #require(throws: SettingsError.self) { try library.load(name: "acme-e2") }
    #expect(error.description.hasPrefix("acme-e2.toml:1:1: error: no profile 'acme-e2' in "))
    #expect(error.description.hasSuffix("; did you mean 'acme-e1'?"))
    #expect(throws: SettingsError.self) { try library.load(name: "../ok-profile/profiles/acme-e1") }
  }
}
