"""Hundreds of TCP meters every second: the real daemon with its archive, beside a farm in another process."""

import json
import time

from . import archive, machine, settings
from .machine import Process
from .report import Row

PORT = 25503
SETTLE_SECONDS = 10  # Connections, definitions, and the first commits.
AIMS = {500: (10, 80), 2000: (25, 150)}  # % of one core, MiB resident
LATE_MS = 100


def run(options):
    return [measure(options, meters) for meters in options.meters]


def measure(options, meters):
    directory = options.scratch / f"fleet-{meters}"
    config = settings.write(directory, meters, PORT, forward=options.forward)
    with Process([options.tools / "meter-farm", PORT], ready="ready") as farm:
        with Process([options.meterd, "run", "--config", config], log=directory / "meterd.log") as daemon:
            machine.wait_until("the daemon collects", lambda: collecting(daemon, directory))
            time.sleep(SETTLE_SECONDS)
            # Whole seconds of the wall clock, so that the slots measured are whole too.
            time.sleep(1 - time.time() % 1 + 0.5)
            disturbance = machine.Disturbance()
            begin, cpu, everyone = time.time(), daemon.cpu_seconds(), machine.machine_cpu_seconds()
            farm_cpu, switches = farm.cpu_seconds(), daemon.context_switches()
            time.sleep(options.seconds)
            length = time.time() - begin
            used, farm_used = daemon.cpu_seconds() - cpu, farm.cpu_seconds() - farm_cpu
            others = machine.busy_others(length, used + farm_used, everyone, machine.machine_cpu_seconds())
            disturbed = disturbance.reason(options.seconds, others + (used + farm_used) / length)
            memory, threads = daemon.memory(), daemon.threads()
            switches = daemon.context_switches() - switches
            daemon.check()
        served = json.loads(farm.end())
    first = int(begin) + 1
    seconds = int(length)
    late, failed, missed = archive.lateness(directory, first * 1000, (first + seconds - 1) * 1000)
    expected = meters * (seconds - 1)
    if not late:
        raise SystemExit(f"nothing was read; see {directory}/meterd.log")
    percent = 100 * used / length
    over = sum(1 for ms in late if ms > LATE_MS)
    p50, p99, worst = (archive.percentile(late, 0.5), archive.percentile(late, 0.99), late[-1])
    percent_aim, memory_aim = AIMS.get(meters, (None, None))
    rows = [
        Row("slots within 100 ms of due", f"{100 * (expected - over - (expected - len(late))) / expected:.3f}", "%",
            aim="all", met=over == 0 and len(late) == expected),
        Row("slots late by more / without an answer", f"{over} / {expected - len(late)}", f"of {expected}"),
        Row("lateness p50 / p99 / max", f"{p50} / {p99} / {worst}", "ms"),
        Row("daemon's CPU", f"{percent:.2f}", "% of core", aim=f"< {percent_aim} %" if percent_aim else None,
            met=percent_aim is not None and percent < percent_aim),
        Row("CPU per poll (1 request, 20 points)", f"{1e6 * used / (meters * length):.1f}", "µs"),
        Row("resident / anonymous / peak", " / ".join(str(v) for v in memory.values()), "MiB",
            aim=f"< {memory_aim} MiB" if memory_aim else None,
            met=memory_aim is not None and memory["rss_mib"] < memory_aim),
        Row("context switches a poll; threads", f"{switches / (meters * length):.1f}; {threads}"),
        Row("farm's CPU; taken by others", f"{100 * farm_used / length:.1f} %; {others}", "cores"),
    ]
    forward = ", spool files on" if options.forward else ""
    return {
        "name": f"{meters} TCP meters × 20 float32 points every second, archive on{forward} ({seconds} s)",
        "disturbed": disturbed, "meters": meters, "forward": options.forward, "seconds": seconds,
        "cpu_percent": round(percent, 3), **memory,
        "late_ms": {"p50": p50, "p99": p99, "max": worst}, "over_100_ms": over, "expected": expected,
        "answered": len(late), "failed": failed, "missed_rows": missed, "others_cores": others, "farm": served,
        "context_switches": switches, "threads": threads, "load_after": machine.load(), "rows": rows}


def collecting(daemon, directory):
    daemon.check()
    return b"collects" in (directory / "meterd.log").read_bytes()
