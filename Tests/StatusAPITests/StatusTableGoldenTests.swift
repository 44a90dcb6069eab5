import Testing

@testable import StatusAPI

/// The pages as a terminal shows them. Chinese characters take two columns each, so the columns below line up in a
/// terminal even where an editor shows them askew.
struct StatusTableGoldenTests {
  private var report: StatusReport {
    var report = Fixtures.report
    report.buses[0].requests = 1011
    return report
  }

  @Test func eightyColumns() {
    #expect(
      StatusTable.render(report, width: 80) == """
        degraded: 1 of 2 meters fails
        yangzhou-1, meterd 1.0.0, up 24 h 0 min, 2026-11-21T02:15:12Z
        ! meter rinse-water on bus hall-1 unit 7: no answer within 500 ms since 10:02;
          check power, wiring and unit id
        - note on hall-1: the adapter keeps each answer back for up to 16 ms: echo 1 >
          /sys/class/tty/ttyUSB0/device/latency_timer

        METER         NAME          LINK     LAST GOOD  QUALITY  UPLOADED  LAST ERROR
        main-incomer  1号厂房总进…  up            12 s  good       99.9 %  -
        rinse-water   冲洗水表（…   probing     15 min  bad        97.5 %  unit 7: no a…

        BUS     STATE  REQUESTS    GOOD  ON TIME    P50    P99  EFFICIENCY  LAST ERROR
        hall-1  up         1011  98.5 %   99.9 %  40 ms  63 ms      97.8 %  unit 7: tim…

        ARCHIVE         STATE  COMMITTED  TODAY    SIZE     FREE  IN 5 YEARS  LAST ERROR
        /var/lib/mete…  ok     02:15:11   43200  1.2 GB  50.1 GB     12.3 GB  -

        FORWARD  TYPE  STATE  LAST FILE                   DELIVERED  WAITING  LAST ERROR
        carbon   sftp  ok     yangzhou-1_20261121T0200Z…  02:01:07         0  -

        """)
  }

  @Test func hundredAndTwentyColumns() {
    #expect(
      StatusTable.render(report, width: 120) == """
        degraded: 1 of 2 meters fails
        yangzhou-1, meterd 1.0.0, up 24 h 0 min, 2026-11-21T02:15:12Z
        ! meter rinse-water on bus hall-1 unit 7: no answer within 500 ms since 10:02; check power, wiring and unit id
        - note on hall-1: the adapter keeps each answer back for up to 16 ms: echo 1 >
          /sys/class/tty/ttyUSB0/device/latency_timer

        METER         NAME              LINK     LAST GOOD  QUALITY  UPLOADED  LAST ERROR
        main-incomer  1号厂房总进线     up            12 s  good       99.9 %  -
        rinse-water   冲洗水表（二楼）  probing     15 min  bad        97.5 %  unit 7: no answer within 500 ms; check power, wi…

        BUS     STATE  REQUESTS    GOOD  ON TIME    P50    P99  EFFICIENCY  LAST ERROR
        hall-1  up         1011  98.5 %   99.9 %  40 ms  63 ms      97.8 %  unit 7: timeout

        ARCHIVE                  STATE  COMMITTED  TODAY    SIZE     FREE  IN 5 YEARS  LAST ERROR
        /var/lib/meterd/archive  ok     02:15:11   43200  1.2 GB  50.1 GB     12.3 GB  -

        FORWARD  TYPE  STATE  LAST FILE                            DELIVERED  WAITING  LAST ERROR
        carbon   sftp  ok     yangzhou-1_20261121T0200Z_r1.csv.gz  02:01:07         0  -

        """)
  }

  @Test func oneMeter() {
    #expect(
      StatusTable.render(Fixtures.incomerWithReadings, width: 120) == """
        main-incomer: ok
        1号厂房总进线
        bus hall-1, unit 1, profile chint-dtsu666, link up
        last good reading at 2026-11-21T02:15:00Z, 12 s ago; newest poll good
        today 615 of 615 due taken (100.0 %), uploaded 99.9 %
        620 requests to the unit, 612 good (98.7 %); 2 timeouts, 1 wrong checksum, exception 2: 5
        answers in 40 ms (half of them), 63 ms (99 of 100); begins after 11 ms at best
        slots 615 of 616 on time (99.8 %)

        QUANTITY                              VALUE  UNIT  KIND     QUALITY  FLAGS              TIME                  RAW
        energy_active_import  123456789012345678.57  kWh   counter  good     -                  2026-11-21T02:15:00Z  0001e240
        power_active                              -  kW    gauge    bad      exception-2+clock  2026-11-21T02:15:00Z  -

        """)
  }

  @Test func failingMeter() {
    #expect(
      StatusTable.render(Fixtures.water, width: 80) == """
        rinse-water: failing
        冲洗水表（二楼）
        bus hall-1, unit 7, profile -, link probing
        last good reading at 2026-11-21T02:00:00Z, 15 min ago; newest poll bad
        today 40 of 41 due taken (97.6 %), uploaded 97.5 %
        ! 2026-11-21T02:15:00Z: unit 7: no answer within 500 ms; check power, wiring and
          unit id

        """)
  }

  /// What the site looks like right after the first start.
  @Test func nothingYet() {
    let report = StatusReport(
      state: .healthy, headline: "healthy", version: "1.0.0", site: "s", startedAt: "2026-11-21T10:15:00+08:00",
      now: "2026-11-21T10:15:00.5+08:00", uptimeSeconds: 0, clockTrusted: false,
      meters: [MeterStatus(id: "m", name: "", bus: "b", state: .waiting, link: "unknown")],
      archive: ArchiveStatus(
        path: "/a", state: .ok, committedAt: "2026-11-20T23:59:59+08:00", bytesOnDisk: 0, freeBytes: 0)
    )
    #expect(
      StatusTable.render(report, width: .max) == """
        healthy
        s, meterd 1.0.0, up 0 s, 2026-11-21T10:15:00+08:00, CLOCK NOT TRUSTED

        METER  NAME  LINK     LAST GOOD  QUALITY  UPLOADED  LAST ERROR
        m      -     unknown      never  -               -  -

        ARCHIVE  STATE  COMMITTED                  TODAY  SIZE  FREE  IN 5 YEARS  LAST ERROR
        /a       ok     2026-11-20T23:59:59+08:00      0   0 B   0 B           -  -

        """)
  }
}
