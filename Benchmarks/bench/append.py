"""How fast an archive takes observations, and what the device is made to write for each sample.

The device's own count is used (/sys/dev/block/*/stat): /proc/self/io counts what never reaches it. It counts for everybody, so the
second part wants a device of its own; see docs/BENCHMARKS.md for one made of a file.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time

from . import machine
from .report import Row

POINTS = 20
METERS = 75
MINUTES_A_DAY = 1440
DEFAULT_SECONDS = 20


def run(options):
    return rates(options) + [written(options, 0), written(options, 1)]


def rates(options):
    """As fast as it goes: one thread offers, one commits."""
    results = []
    for points, aim, unit in ((POINTS, 5_000_000, "samples_per_second"), (1, 400_000, "rows_per_second")):
        wanted = options.seconds or DEFAULT_SECONDS
        disturbance, everyone = machine.Disturbance(), machine.machine_cpu_seconds()
        result = append(options, "rate", "--points", points, "--seconds", wanted)
        used = result["cpu_seconds"]
        others = machine.busy_others(result["seconds"], used, everyone, machine.machine_cpu_seconds())
        rate = result[unit]
        results.append({
            **result, "name": f"append: observations of {points} float32, as fast as they are taken", "others": others,
            "disturbed": disturbance.reason(result["seconds"], others + used / result["seconds"]),
            "rows": [
                Row("rows a second", result["rows_per_second"]),
                Row(unit.replace("_per_", " a ").replace("_", " "), rate, aim=f"≥ {aim}", met=rate >= aim),
                Row("commits a second", f"{result['commits'] / result['seconds']:.1f}"),
                Row("CPU per row, making it included", f"{1e6 * used / result['rows']:.2f}", "µs"),
                Row("peak memory", result["peak_mib"], "MiB"),
                Row("cores that other programs took", others),
            ]})
    return results


def written(options, spread):
    """Minutes, each commit after the one before, or at their own pace; a sync at the end."""
    directory = options.device or options.scratch
    # Spread polls are a commit each: fewer minutes do.
    cycles = max(options.cycles // 15, 1) if spread and options.pace == 0 else options.cycles
    before = sectors(directory)
    result = append(options, "written", "--points", POINTS, "--meters", METERS, "--cycles", cycles,
                    "--pace", options.pace, "--spread", spread, base=directory)
    total = 512 * (sectors(directory) - before)
    each = total / (result["rows"] * POINTS)
    what = "spread over the minute" if spread else "in a burst at the minute"
    # Of the hot store; sealing and repacking write each sample twice more, compressed.
    aim = {"aim": "≤ 40", "met": each <= 40} if options.device and not spread else {}
    return {
        **result, "name": f"written: {METERS} meters × {POINTS} points, {what}, {cycles} minutes",
        "written_bytes": total, "own_device": bool(options.device), "pace_seconds": options.pace,
        "rows": [
            Row("commits", result["commits"]),
            Row("written to the device", f"{total / 1e6:.1f}", "MB" if options.device else "MB, others' too"),
            Row("per sample", f"{each:.1f}", "B", **aim),
            Row("a day at this rate", f"{total / 1e6 * MINUTES_A_DAY / cycles:.0f}", "MB"),
        ]}


def append(options, name, *arguments, base=None):
    directory = (base or options.scratch) / f"append-{name}"
    shutil.rmtree(directory, ignore_errors=True)
    done = subprocess.run(
        [str(options.archive_append), str(directory), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"archive-append ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def sectors(directory):
    """Sectors of 512 octets that the device under a directory has written, everything before included."""
    os.sync()
    time.sleep(1)
    number = os.stat(directory).st_dev
    path = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
    if not path.exists():
        raise SystemExit(f"{directory} lies on no block device; name another with --device")
    return int(path.read_text().split()[6])
