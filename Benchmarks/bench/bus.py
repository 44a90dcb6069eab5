"""One TCP bus, 10 registers a read, verified, on loopback: meterd's bus beside a C loop over libmodbus."""

import json
import os
import statistics
import subprocess

from .machine import Process, load
from .report import Row

PORT = 25502


def run(options):
    everywhere = os.sched_getaffinity(0)
    results = measure(options, "CPUs as the kernel likes")
    # With both ends on one CPU no luck of placement is left, and less of what else runs.
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        results += measure(options, "both ends on one CPU")
    finally:
        os.sched_setaffinity(0, everywhere)
    return results


def measure(options, placement):
    loops = {"meterd": options.bus_loop, "libmodbus": options.tools / "libmodbus-loop"}
    rounds = {name: [] for name in loops}
    with Process([options.tools / "modbus-server", PORT], ready="ready"):
        for number in range(options.rounds):
            # A B, then B A: neither always goes first after a pause.
            for name in list(loops) if number % 2 == 0 else list(loops)[::-1]:
                done = subprocess.run(
                    [str(loops[name]), str(PORT), str(options.reads)], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise SystemExit(f"{loops[name]}: {done.stderr.strip()}")
                rounds[name].append(json.loads(done.stdout))
    wall = {n: [r["wall_ns"] / r["reads"] / 1000 for r in rs] for n, rs in rounds.items()}
    cpu = {n: [r["cpu_ns"] / r["reads"] / 1000 for r in rs] for n, rs in rounds.items()}
    # Of each round the two ran one after the other: their ratio, then the median of the ratios.
    speed = [peer / own for own, peer in zip(wall["meterd"], wall["libmodbus"])]
    cheap = [peer / own for own, peer in zip(cpu["meterd"], cpu["libmodbus"])]
    ratio, cpu_ratio = statistics.median(speed), statistics.median(cheap)
    per_second = {n: 1e6 / statistics.median(w) for n, w in wall.items()}
    micro = {n: statistics.median(c) for n, c in cpu.items()}
    rows = [
        Row("reads/s, ratio to libmodbus (wall)", f"{ratio:.3f}", "×", aim=">= 1.0", met=ratio >= 1.0),
        Row("  spread over the rounds", f"{min(speed):.2f}–{max(speed):.2f}"),
        Row("reads/s", f"{per_second['meterd']:.0f}", peer=f"{per_second['libmodbus']:.0f}"),
        Row("CPU per read in the client", f"{micro['meterd']:.2f}", "µs", peer=f"{micro['libmodbus']:.2f}"),
        Row("reads per CPU second, ratio to libmodbus", f"{cpu_ratio:.3f}", "×"),
    ]
    return [{
        "name": f"One TCP bus, 10 registers a read; {placement} ({options.rounds} rounds of {options.reads} each)",
        "placement": placement,
        "ratio_wall": round(ratio, 4), "ratio_cpu": round(cpu_ratio, 4), "ratios_wall": [round(s, 4) for s in speed],
        "wall_us": {n: [round(v, 3) for v in w] for n, w in wall.items()},
        "cpu_us": {n: [round(v, 3) for v in c] for n, c in cpu.items()}, "load_after": load(), "rows": rows}]
