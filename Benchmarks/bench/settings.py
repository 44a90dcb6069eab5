"""The TOML of simulated plants."""

POINTS = 20


def address(index):
    """Every meter has an address of its own; the farm answers on all of 127.0.0.0/8."""
    return f"127.1.{index // 250}.{index % 250 + 1}"


def write(directory, meters, port, every="1s", forward=False):
    """One TCP bus a meter, 20 float32 points in 40 registers, which is one request.

    Returns the path of the file.
    """
    (directory / "profiles").mkdir(parents=True)
    (directory / "spool").mkdir()
    profile = ['[profile]', 'manufacturer = "None"', 'model = "Farm"', 'energy = "electricity"', 'evidence = "code"',
               'source = "Benchmarks/C/meter-farm.c"', 'source_date = 2026-11-21', ""]
    for point in range(POINTS):
        what = ['quantity = "energy_active_import"', 'unit = "kWh"', 'kind = "counter"', "accounting = true"]
        if point > 0:
            what = [f'quantity = "x_point_{point}"', 'unit = "V"', 'kind = "gauge"']
        profile += ["[[point]]", *what, 'table = "input"', f"address = {2 * point}", 'type = "f32"', 'side = "primary"',
                    ""]
    (directory / "profiles" / "bench-farm.toml").write_text("\n".join(profile))
    lines = ["[site]", 'id = "bench"', 'time_zone = "Asia/Shanghai"', 'profiles = ["profiles"]', "[archive]",
             'path = "archive"', 'commit_every = "1s"', "[status]", 'socket = "status.sock"']
    for meter in range(meters):
        lines += ["[[bus]]", f'id = "bus-{meter}"', 'type = "tcp"', f'address = "{address(meter)}:{port}"',
                  "[[meter]]", f'id = "meter-{meter}"', f'bus = "bus-{meter}"', "unit = 1", 'profile = "bench-farm"',
                  f'every = "{every}"']
    if forward:
        lines += ["[[forward]]", 'id = "spool"', 'type = "directory"', 'path = "spool"', 'period = "1m"',
                  'grace = "5s"', 'layout = "csv"', 'content = "readings"', 'compress = "gzip"']
    path = directory / "meterd.toml"
    path.write_text("\n".join(lines) + "\n")
    return path
