"""Fleets of IEC 60870-5-104 stations: the real daemon with its archive, beside all stations in another process."""

import json
import signal
import sqlite3
import struct
import subprocess
import time

from . import machine, settings
from .machine import Process
from .report import Row

PORT = 25700
SETTLE_SECONDS = 10  # Connections, interrogations, definitions, and the first commits.
DEFAULT_SECONDS = 60
CLOSED_MS = 1000  # No window may be closed for longer.
# Stations, objects a second of each, objects a frame, points of each; % of one core and MiB resident that it may take.
CASES = [
    {"stations": 50, "rate": 2000, "per_frame": 48, "points": 48},
    {"stations": 200, "rate": 50, "per_frame": 16, "points": 48, "percent": 50, "mib": 120},
    # What is remembered of each station's last 8,192 objects is full after 164 s.
    {"stations": 200, "rate": 50, "per_frame": 1, "points": 50, "percent": 50, "mib": 120, "seconds": 180},
]
ASDU, DATA_TYPES = 4, (13, 36)


def run(options):
    return [measure(options, **case) for case in CASES]


def measure(options, stations, rate, per_frame, points, percent=None, mib=None, seconds=DEFAULT_SECONDS):
    seconds = options.seconds or seconds
    directory = options.scratch / f"stations-{stations}-{per_frame}"
    config = settings.write_stations(directory, stations, points, PORT, tagged=per_frame != 48)
    fleet = [options.tools / "iec104-fleet", "--port", PORT, "--stations", stations, "--rate", rate,
             "--load", per_frame, "--points", points]
    with Process(fleet, ready="ready") as farm:
        with Process([options.meterd, "run", "--config", config], log=directory / "meterd.log") as daemon:
            machine.wait_until("the daemon collects", lambda: collecting(daemon, directory))
            time.sleep(SETTLE_SECONDS)
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
            farm.process.send_signal(signal.SIGUSR1)
            time.sleep(1)
        # The daemon has stopped gracefully: everything is committed and acknowledged.
        sent = json.loads(farm.end())
    stored, commands = frames_stored(directory, stations)
    missing = [n for n in range(stations) if stored[n] != list(range(sent["data_of_each"][n]))]
    if missing:
        raise SystemExit(f"not all frames of stations {missing[:10]} are archived, once and in order; see {directory}")
    read = readings(options, directory)
    if read != sent["data_of_each"][0] * per_frame:
        raise SystemExit(f"{read} good readings of meter-0 are of {sent['data_of_each'][0]} frames; see {directory}")
    if sent["faults"] or sent["frames"] != sent["acknowledged"]:
        raise SystemExit(f"the stations found fault with the daemon: {sent}")
    if sent["frames"] != sent["data_frames"] + commands:
        raise SystemExit(f"{commands} answers to commands are in the archive, {sent}")
    objects_per_second = stations * rate
    busy, closed = 100 * used / length, sent["total_closed_s"] / stations / (SETTLE_SECONDS + length)
    rows = [
        Row("longest time a window was closed", sent["longest_closed_ms"], "ms",
            aim=f"< {CLOSED_MS} ms", met=sent["longest_closed_ms"] < CLOSED_MS),
        Row("time windows were closed, mean of a station", f"{100 * closed:.2f}", "%"),
        Row("frames sent, acknowledged, in the archive", sent["data_frames"]),
        Row("most frames that one station was behind", sent["most_frames_behind"]),
        Row("daemon's CPU", f"{busy:.2f}", "% of core", aim=f"< {percent} %" if percent else None,
            met=percent is not None and busy < percent),
        Row("CPU per object / per frame", f"{1e6 * used / (objects_per_second * length):.2f} / "
            f"{1e6 * used * per_frame / (objects_per_second * length):.1f}", "µs"),
        Row("resident / anonymous / peak", " / ".join(str(v) for v in memory.values()), "MiB",
            aim=f"< {mib} MiB" if mib else None, met=mib is not None and memory["rss_mib"] < mib),
        Row("context switches a second; threads", f"{switches / length:.0f}; {threads}"),
        Row("stations' CPU; taken by others", f"{100 * farm_used / length:.1f} %; {others}", "cores"),
    ]
    sent.pop("data_of_each")
    return {
        "name": f"{stations} stations, {rate} objects/s each, {per_frame} a frame, {points} points each, k 12, "
                f"w 8, archive on ({seconds} s)",
        "disturbed": disturbed, "stations": stations, "rate": rate, "objects_per_frame": per_frame, "points": points,
        "seconds": seconds, "cpu_percent": round(busy, 3), **memory, "sent": sent, "others_cores": others,
        "context_switches": switches, "threads": threads, "load_after": machine.load(), "rows": rows}


def collecting(daemon, directory):
    daemon.check()
    return b"collects" in (directory / "meterd.log").read_bytes()


def readings(options, directory):
    """Good readings of the first meter, as anybody gets them."""
    done = subprocess.run(
        [str(options.meterd), "query", "meter-0", "--archive", str(directory / "archive"), "--from", "2000-01-01",
         "--format", "csv"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"meterd query: {done.stderr.strip()}")
    return sum(",good," in line for line in done.stdout.splitlines())


def frames_stored(directory, stations):
    """For each station the numbers of its data frames in the archive, in order; and how many other ASDUs are there."""
    numbers, others = [[] for _ in range(stations)], 0
    for file in sorted((directory / "archive" / "hot").glob("*.sqlite")):
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        for station, payload in database.execute(
                "SELECT meter_id, payload FROM observation JOIN meter ON meter.id = meter WHERE kind = ? ORDER BY seq",
                (ASDU,)):
            # docs/ARCHIVE-FORMAT.md: version, link, n, n places; then the ASDU: its first value is the frame's number.
            asdu = payload[3 + payload[2]:]
            if asdu[0] in DATA_TYPES:
                numbers[int(station.rsplit("-", 1)[1])].append(int(struct.unpack_from("<f", asdu, 9)[0]))
            else:
                others += 1
        database.close()
    return numbers, others
