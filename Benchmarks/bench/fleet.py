"""Hundreds of TCP meters: the real daemon with its archive, beside a farm in another process."""

import json
import time

from . import archive, machine, settings
from .machine import Process
from .report import Row

PORT = 25503
SILENT_PORT = 25506  # Accepts, and never answers.
CLOSED_PORT = 25507  # Nobody listens.
SETTLE_SECONDS = 10  # Connections, definitions, and the first commits.
DEFAULT_SECONDS = 60
LATE_MS = 100
AIMS = {500: (10, 80), 2000: (25, 150)}  # % of one core, MiB resident
# Buses, those of them that refuse the connection and that never answer, seconds between slots, MiB resident
PARTLY_DEAD = {"buses": 1000, "refusing": 200, "silent": 100, "every": 10, "memory_aim": 150}


def run(options):
    results = [measure(options, meters, 1, AIMS.get(meters, (None, None))) for meters in options.meters]
    return results + [measure_partly_dead(options)]


def measure_partly_dead(options):
    buses, refusing, silent = PARTLY_DEAD["buses"], PARTLY_DEAD["refusing"], PARTLY_DEAD["silent"]

    def port(meter):
        # Of ten neighbours two refuse, one is silent.
        place = meter % 10
        return CLOSED_PORT if place < 10 * refusing // buses else SILENT_PORT if place == 9 else PORT

    live = {f"meter-{n}" for n in range(buses) if port(n) == PORT}
    assert len(live) == buses - refusing - silent
    return measure(options, buses, PARTLY_DEAD["every"], (None, PARTLY_DEAD["memory_aim"]), port, live,
                   f", {refusing} of them refuse the connection, {silent} never answer")


def measure(options, meters, every, aims, port=PORT, live=None, what=""):
    """port: as settings.write wants it. live: the meters whose slots count; None: all of them."""
    seconds = max(options.seconds or DEFAULT_SECONDS, 3 * every)
    directory = options.scratch / f"fleet-{meters}-{every}s"
    config = settings.write(directory, meters, port, every=f"{every}s", forward=options.forward)
    with Process([options.tools / "meter-farm", PORT, SILENT_PORT], ready="ready") as farm:
        with Process([options.meterd, "run", "--config", config], log=directory / "meterd.log") as daemon:
            machine.wait_until("the daemon collects", lambda: collecting(daemon, directory))
            time.sleep(SETTLE_SECONDS)
            # Whole slots, so that what is measured is whole too.
            time.sleep(every - time.time() % every + 0.5)
            disturbance = machine.Disturbance()
            begin, cpu, everyone = time.time(), daemon.cpu_seconds(), machine.machine_cpu_seconds()
            farm_cpu, switches = farm.cpu_seconds(), daemon.context_switches()
            time.sleep(seconds)
            length = time.time() - begin
            used, farm_used = daemon.cpu_seconds() - cpu, farm.cpu_seconds() - farm_cpu
            others = machine.busy_others(length, used + farm_used, everyone, machine.machine_cpu_seconds())
            disturbed = disturbance.reason(seconds, others + (used + farm_used) / length)
            memory, threads = daemon.memory(), daemon.threads()
            switches = daemon.context_switches() - switches
            daemon.check()
        served = json.loads(farm.end())
    # The slot at the end may be under way.
    first = (int(begin) // every + 1) * every
    slots = int(length) // every - 1
    polls = archive.polls(directory, first * 1000, (first + slots * every) * 1000)
    late, failed, missed = archive.summary([p for p in polls if live is None or p.meter in live])
    counted = meters if live is None else len(live)
    expected = counted * slots
    if not late:
        raise SystemExit(f"nothing was read; see {directory}/meterd.log")
    percent = 100 * used / length
    over = sum(1 for ms in late if ms > LATE_MS)
    within = sum(1 for ms in late if ms < 1000 * every)
    p50, p99, worst = (archive.percentile(late, 0.5), archive.percentile(late, 0.99), late[-1])
    percent_aim, memory_aim = aims
    rows = [
        Row("slots within their interval", f"{100 * within / expected:.3f}", "%", aim="all", met=within == expected),
        Row("slots within 100 ms of due", f"{100 * (len(late) - over) / expected:.3f}", "%",
            aim="all" if live is None else None, met=over == 0 and len(late) == expected),
        Row("slots late by more / without an answer", f"{over} / {expected - len(late)}", f"of {expected}"),
        Row("lateness p50 / p99 / max", f"{p50} / {p99} / {worst}", "ms"),
        Row("daemon's CPU", f"{percent:.2f}", "% of core", aim=f"< {percent_aim} %" if percent_aim else None,
            met=percent_aim is not None and percent < percent_aim),
        Row("CPU per poll (1 request, 20 points)", f"{1e6 * used * every / (counted * length):.1f}", "µs"),
        Row("resident / anonymous / peak", " / ".join(str(v) for v in memory.values()), "MiB",
            aim=f"< {memory_aim} MiB" if memory_aim else None,
            met=memory_aim is not None and memory["rss_mib"] < memory_aim),
        Row("context switches a poll; threads", f"{switches * every / (counted * length):.1f}; {threads}"),
        Row("farm's CPU; taken by others", f"{100 * farm_used / length:.1f} %; {others}", "cores"),
    ]
    forward = ", spool files on" if options.forward else ""
    interval = "second" if every == 1 else f"{every} s"
    return {
        "name": f"{meters} TCP meters × 20 float32 points every {interval}{what}, archive on{forward} ({seconds} s)",
        "disturbed": disturbed, "meters": meters, "live": counted, "every_s": every, "forward": options.forward,
        "seconds": seconds, "cpu_percent": round(percent, 3), **memory,
        "late_ms": {"p50": p50, "p99": p99, "max": worst}, "over_100_ms": over, "within_interval": within,
        "expected": expected, "answered": len(late), "failed": failed, "missed_rows": missed, "others_cores": others,
        "farm": served, "context_switches": switches, "threads": threads, "load_after": machine.load(), "rows": rows}


def collecting(daemon, directory):
    daemon.check()
    return b"collects" in (directory / "meterd.log").read_bytes()
