"""One TCP bus, 10 registers a read, verified: meterd's bus beside a C loop over libmodbus, near by and far away."""

import json
import os
import statistics
import subprocess

from .machine import Process, load
from .report import Row

PORT = 25502
PROXY_PORT = 25505
ROUND_TRIP_MS = 20  # What the proxy adds: half of it each way.
PIPELINES = [1, 4, 8, 16]
FAR_READS = 400


def run(options):
    everywhere = os.sched_getaffinity(0)
    results = measure(options, "CPUs as the kernel likes")
    # With both ends on one CPU no luck of placement is left, and less of what else runs.
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        results += measure(options, "both ends on one CPU")
    finally:
        os.sched_setaffinity(0, everywhere)
    return results + [measure_far(options)]


def measure(options, placement):
    loops = {"meterd": options.bus_loop, "libmodbus": options.tools / "libmodbus-loop"}
    rounds = {name: [] for name in loops}
    with Process([options.tools / "modbus-server", PORT], ready="ready"):
        for number in range(options.rounds):
            # A B, then B A: neither always goes first after a pause.
            for name in list(loops) if number % 2 == 0 else list(loops)[::-1]:
                rounds[name].append(loop(loops[name], PORT, options.reads))
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


def measure_far(options):
    """A device some way off that takes several requests at once."""
    with Process([options.tools / "modbus-server", PORT], ready="ready"), \
            Process([options.tools / "delay-proxy", PROXY_PORT, PORT, ROUND_TRIP_MS / 2], ready="ready"):
        peer = loop(options.tools / "libmodbus-loop", PROXY_PORT, FAR_READS)
        own = {n: loop(options.bus_loop, PROXY_PORT, FAR_READS, "--pipeline", n) for n in PIPELINES}
    # Near by, but the server holds each reply back until the one before is acknowledged.
    with Process([options.tools / "modbus-server", PORT, "nagle"], ready="ready"):
        held = {n: per_second_of(loop(options.bus_loop, PORT, FAR_READS, "--pipeline", n)) for n in (1, PIPELINES[-1])}
    per_second = {n: per_second_of(r) for n, r in own.items()}
    peer_per_second = per_second_of(peer)
    rows = [
        Row(f"pipeline = {n}: reads/s, gain over libmodbus", f"{s:.0f}", f"{s / peer_per_second:.2f} ×",
            peer=f"{peer_per_second:.0f}")
        for n, s in per_second.items()]
    rows += [Row(f"pipeline = {n}, loopback, a server with Nagle's delay", f"{s:.0f}") for n, s in held.items()]
    return {
        "name": f"One TCP bus, 10 registers a read, through a proxy that adds {ROUND_TRIP_MS} ms to the round trip "
                f"({FAR_READS} reads each)",
        "round_trip_ms": ROUND_TRIP_MS, "reads_per_second": {n: round(s, 1) for n, s in per_second.items()},
        "held_back_reads_per_second": {n: round(s, 1) for n, s in held.items()},
        "peer_reads_per_second": round(peer_per_second, 1),
        "gain": {n: round(s / peer_per_second, 3) for n, s in per_second.items()}, "load_after": load(), "rows": rows}


def per_second_of(result):
    return 1e9 * result["reads"] / result["wall_ns"]


def loop(program, port, reads, *more):
    arguments = [program, "--port", port, "--reads", reads, *more]
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program}: {done.stderr.strip()}")
    return json.loads(done.stdout)
