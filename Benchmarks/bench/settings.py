"""The TOML of simulated plants."""

POINTS = 20


def address(index):
    """Every meter has an address of its own; the farm answers on all of 127.0.0.0/8."""
    return f"127.1.{index // 250}.{index % 250 + 1}"


def write(directory, meters, port, every="1s", forward=False):
    """One TCP bus a meter, 20 float32 points in 40 registers, which is one request.

    port: the same for all, or a function of the meter's index.

    Returns the path of the file.
    """
    begin(directory, POINTS, "input")
    (directory / "spool").mkdir()
    lines = []
    for meter in range(meters):
        at = port(meter) if callable(port) else port
        lines += ["[[bus]]", f'id = "bus-{meter}"', 'type = "tcp"', f'address = "{address(meter)}:{at}"',
                  *meter_lines(meter, f"bus-{meter}", 1, every)]
    if forward:
        lines += ["[[forward]]", 'id = "spool"', 'type = "directory"', 'path = "spool"', 'period = "1m"',
                  'grace = "5s"', 'layout = "csv"', 'content = "readings"', 'compress = "gzip"']
    return end(directory / "meterd.toml", lines)


def write_line(directory, device, units, points, every="1s", name="meterd.toml"):
    """One serial line, 9600 8N1, with a meter on each of the units; `points` float32 values in one request.

    Returns the path of the file.
    """
    begin(directory, points, "holding")
    lines = ["[[bus]]", 'id = "line"', 'type = "rtu"', f'device = "{device}"', "baud = 9600"]
    for unit in units:
        lines += meter_lines(unit, "line", unit, every)
    return end(directory / name, lines)


def write_stations(directory, stations, points, port, tagged):
    """One IEC 60870-5-104 station a port from `port` on, each with a meter that has all of its points.

    Returns the path of the file.
    """
    directory.mkdir(parents=True)
    lines = []
    for station in range(stations):
        lines += ["[[station]]", f'id = "station-{station}"', f'addresses = ["127.0.0.1:{port + station}"]',
                  "common_address = 1", 'time_zone = "UTC"', 'interrogate_every = "1h"']
        for point in range(points):
            lines += ["[[station.point]]", f'meter = "meter-{station}"', f'quantity = "x_point_{point}"', 'unit = "V"',
                      'kind = "gauge"', f"object_address = {1 + point}",
                      f'type = "{"M_ME_TF_1" if tagged else "M_ME_NC_1"}"']
    for station in range(stations):
        lines += ["[[meter]]", f'id = "meter-{station}"', f'station = "station-{station}"']
    return end(directory / "meterd.toml", lines)


def begin(directory, points, table):
    """The profile, which is the same for all meters."""
    (directory / "profiles").mkdir(parents=True, exist_ok=True)
    profile = ['[profile]', 'manufacturer = "None"', 'model = "Farm"', 'energy = "electricity"', 'evidence = "code"',
               'source = "Benchmarks/C/meter-farm.c"', 'source_date = 2026-11-21', ""]
    for point in range(points):
        what = ['quantity = "energy_active_import"', 'unit = "kWh"', 'kind = "counter"', "accounting = true"]
        if point > 0:
            what = [f'quantity = "x_point_{point}"', 'unit = "V"', 'kind = "gauge"']
        profile += ["[[point]]", *what, f'table = "{table}"', f"address = {2 * point}", 'type = "f32"',
                    'side = "primary"', ""]
    (directory / "profiles" / "bench-farm.toml").write_text("\n".join(profile))


def meter_lines(number, bus, unit, every):
    return ["[[meter]]", f'id = "meter-{number}"', f'bus = "{bus}"', f"unit = {unit}", 'profile = "bench-farm"',
            f'every = "{every}"']


def end(path, lines):
    profiles = ['profiles = ["profiles"]'] if (path.parent / "profiles").is_dir() else []
    head = ["[site]", 'id = "bench"', 'time_zone = "Asia/Shanghai"', *profiles, "[archive]",
            'path = "archive"', 'commit_every = "1s"', "[status]", 'socket = "status.sock"']
    path.write_text("\n".join(head + lines) + "\n")
    return path
