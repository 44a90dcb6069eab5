"""How fast an archive takes observations, and what the device is made to write for each sample.

The device's own count is used (/sys/dev/block/*/stat): /proc/self/io counts what never reaches it. It counts for everybody, so the
second part wants a device of its own; see docs/BENCHMARKS.md for one made of a file.
"""

import json
import os
import pathlib
import shutil
import subprocess

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
                Row(unit.replace("_per_", " a "), rate, aim=f"≥ {aim}", met=rate >= aim),
                Row("commits a second", f"{result['commits'] / result['seconds']:.1f}"),
                Row("CPU per row, making it included", f"{1e6 * used / result['rows']:.2f}", "µs"),
                Row("peak memory", result["peak_mib"], "MiB"),
                Row("cores that other programs took", others),
            ]})
    return results


def written(options, spread):
    """Minutes, each commit after the one before, or at their own pace. Opening and closing the archive is left out."""
    # Spread polls are a commit each: fewer minutes do.
    cycles = max(options.cycles // 15, 1) if spread and options.pace == 0 else options.cycles
    result = append(
        options, "written", "--points", POINTS, "--meters", METERS, "--cycles", cycles, "--pace", options.pace,
        "--spread", spread, "--prefill", options.prefill, base=options.device or options.scratch)
    total = result["written_bytes"]
    each = total / (result["rows"] * POINTS)
    what = "spread over the minute" if spread else "in a burst at the minute"
    # Of the hot store; sealing and repacking write each sample twice more, compressed. Without pace it is no minute: what the
    # file system writes between commits (times of files, the index of the journal) is missing.
    judged = options.device and options.pace >= 60 and not spread
    aim = {"aim": "≤ 40", "met": each <= 40} if judged else {}
    return {
        **result, "name": f"written: {METERS} meters × {POINTS} points, {what}, {cycles} minutes of "
                          f"{options.pace or 'no'} seconds after {options.prefill}",
        "own_device": bool(options.device), "pace_seconds": options.pace, "prefill": options.prefill,
        "rows": [
            Row("commits", result["commits"]),
            Row("written to the device", f"{total / 1e6:.2f}", "MB" if options.device else "MB, others' too"),
            Row("per sample", f"{each:.1f}", "B", **aim),
            Row("a day at this rate", f"{total / 1e6 * MINUTES_A_DAY / cycles:.0f}", "MB"),
        ]}


def append(options, name, *arguments, base=None):
    """What archive-append says, and what its device wrote between its begin and its end."""
    directory = (base or options.scratch) / f"append-{name}"
    shutil.rmtree(directory, ignore_errors=True)
    command = [str(options.archive_append), str(directory), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        counts = []
        for word in ("begin", "end"):
            if process.stdout.readline().strip() != word:
                raise SystemExit(f"archive-append ended with {process.wait()}")
            counts.append(sectors(directory))
            process.stdin.write("\n")
            process.stdin.flush()
        said = process.stdout.readline()
    if process.returncode != 0:
        raise SystemExit(f"archive-append ended with {process.returncode}")
    return {**json.loads(said), "written_bytes": 512 * (counts[1] - counts[0])}


def sectors(directory):
    """Sectors of 512 octets that the device under a directory has written, everything before included."""
    subprocess.run(["sync", "--file-system", str(directory)], check=True)
    number = os.stat(directory).st_dev
    path = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
    if not path.exists():
        raise SystemExit(f"{directory} lies on no block device; name another with --data or --device")
    return int(path.read_text().split()[6])
