"""Bus efficiency on a paced serial line: what a read has to take by the wire formula, beside what it takes."""

import json
import subprocess

from . import machine, settings
from .machine import Process
from .report import Row

BAUD = 9600
CHARACTER_S = 10 / BAUD  # 8N1
SILENCE_S = 3.5 * CHARACTER_S
CASES = [(10, 0), (60, 0), (10, 30), (60, 30)]  # registers, turnaround in ms
PROGRAMS_SHARE = 1 / (2 * len(CASES))
AIM = 0.97


def minimum_seconds(registers, turnaround_ms):
    """One read: 8 characters there, 5 and the data back, two silences, and the meter's own time."""
    return (8 + 5 + 2 * registers) * CHARACTER_S + 2 * SILENCE_S + turnaround_ms / 1000


def run(options):
    seconds = (options.seconds or 60) * PROGRAMS_SHARE
    return [measure(options, registers, turnaround, seconds) for registers, turnaround in CASES]


def measure(options, registers, turnaround, seconds):
    directory = options.scratch / f"wire-{registers}-{turnaround}"
    device = directory / "line.tty"
    config = settings.write_line(directory, device, [1], points=30)
    least = minimum_seconds(registers, turnaround)
    reads = max(int(seconds / least), 5)
    simulate = [options.meterd, "simulate", "--config", config, "--turnaround", turnaround]
    with Process(simulate, log=directory / "simulate.log"):
        machine.wait_until("the simulated line", device.exists)
        programs = {"meterd": options.bus_loop, "libmodbus": options.tools / "libmodbus-loop"}
        results = {name: loop(program, device, registers, reads) for name, program in programs.items()}
    mean = {name: r["wall_ns"] / r["reads"] / 1e9 for name, r in results.items()}
    median = {name: r["median_ns"] / 1e9 for name, r in results.items()}
    efficiency = {name: least / m for name, m in mean.items()}
    rows = [
        Row("least possible / mean time of a read", f"{efficiency['meterd']:.4f}",
            peer=f"{efficiency['libmodbus']:.4f}", aim=f">= {AIM}", met=efficiency["meterd"] >= AIM),
        Row("least possible time of a read", f"{1000 * least:.3f}", "ms"),
        Row("mean / median", f"{1000 * mean['meterd']:.3f} / {1000 * median['meterd']:.3f}", "ms",
            peer=f"{1000 * mean['libmodbus']:.3f} / {1000 * median['libmodbus']:.3f}"),
        Row("CPU per read in the client", f"{results['meterd']['cpu_ns'] / reads / 1000:.0f}", "µs",
            peer=f"{results['libmodbus']['cpu_ns'] / reads / 1000:.0f}"),
    ]
    return {
        "name": f"A paced line at {BAUD} 8N1, {registers} registers, turnaround {turnaround} ms ({reads} reads each); "
                "libmodbus leaves no T3.5 before its request",
        "registers": registers, "turnaround_ms": turnaround, "reads": reads, "least_ms": round(1000 * least, 4),
        "mean_ms": {n: round(1000 * m, 4) for n, m in mean.items()},
        "median_ms": {n: round(1000 * m, 4) for n, m in median.items()},
        "efficiency": {n: round(e, 5) for n, e in efficiency.items()}, "load_after": machine.load(), "rows": rows}


def loop(program, device, registers, reads):
    done = subprocess.run(
        [str(program), "--device", str(device), "--baud", str(BAUD), "--registers", str(registers), "--reads",
         str(reads)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program}: {done.stderr.strip()}")
    return json.loads(done.stdout)
