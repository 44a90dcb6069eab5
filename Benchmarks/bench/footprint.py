"""16 meters × 20 points every second: meterd beside collectd's modbus plugin, on the same servers at the same time."""

import pathlib
import shutil
import time

from . import archive, machine, settings
from .machine import Process
from .report import Row

PORT = 25504
METERS = 16
SETTLE_SECONDS = 5
DEFAULT_SECONDS = 60


def run(options):
    wanted = options.seconds or DEFAULT_SECONDS
    daemon_path = shutil.which("collectd", path="/usr/sbin:/usr/bin") or "collectd"
    if not pathlib.Path(daemon_path).exists():
        raise SystemExit("collectd is not installed: apt-get install collectd-core")
    directory = options.scratch / "footprint"
    config = settings.write(directory, METERS, PORT)
    collectd_config = write_collectd(directory)
    with Process([options.tools / "meter-farm", PORT], ready="ready"):
        with Process([options.meterd, "run", "--config", config], log=directory / "meterd.log") as own, \
                Process([daemon_path, "-f", "-C", collectd_config], log=directory / "collectd.log") as peer:
            machine.wait_until("collectd writes", lambda: csv_rows(directory) > 0)
            time.sleep(SETTLE_SECONDS)
            time.sleep(1 - time.time() % 1 + 0.5)
            disturbance = machine.Disturbance()
            begin, everyone = time.time(), machine.machine_cpu_seconds()
            before = {p: p.cpu_seconds() for p in (own, peer)}
            rows_before = csv_rows(directory)
            time.sleep(wanted)
            length = time.time() - begin
            used = {p: p.cpu_seconds() - before[p] for p in (own, peer)}
            peer_readings = csv_rows(directory) - rows_before
            others = machine.busy_others(length, sum(used.values()), everyone, machine.machine_cpu_seconds())
            disturbed = disturbance.reason(wanted, others + sum(used.values()) / length)
            memory = {p: p.memory() for p in (own, peer)}
            for process in (own, peer):
                process.check()
    first, seconds = int(begin) + 1, int(length)
    late, _, _ = archive.lateness(directory, first * 1000, (first + seconds) * 1000)
    own_readings = len(late) * settings.POINTS
    if not own_readings or not peer_readings:
        raise SystemExit(f"no readings; see {directory}")
    if min(used.values()) <= 0:
        raise SystemExit("no CPU time to compare after so short a time; use more --seconds")
    own_us, peer_us = 1e6 * used[own] / own_readings, 1e6 * used[peer] / peer_readings
    rows = [
        Row("readings in that time", own_readings, peer=peer_readings),
        Row("CPU per reading", f"{own_us:.2f}", "µs", peer=f"{peer_us:.2f}"),
        Row("CPU per reading, ratio collectd / meterd", f"{peer_us / own_us:.2f}", "×", aim="> 1",
            met=own_us < peer_us),
        Row("CPU", f"{100 * used[own] / length:.2f}", "% of core", peer=f"{100 * used[peer] / length:.2f}"),
        Row("resident / anonymous / peak", " / ".join(str(v) for v in memory[own].values()), "MiB",
            peer=" / ".join(str(v) for v in memory[peer].values())),
        Row("taken by others (with the farm)", others, "cores"),
    ]
    return [{
        "name": f"{METERS} meters × 20 points every second, beside collectd 5.12 with its csv plugin ({seconds} s)",
        "disturbed": disturbed, "seconds": seconds,
        "meterd": {"cpu_s": used[own], "readings": own_readings, **memory[own]},
        "collectd": {"cpu_s": used[peer], "readings": peer_readings, **memory[peer]},
        "ratio": round(peer_us / own_us, 4), "others_cores": others, "load_after": machine.load(), "rows": rows}]


def write_collectd(directory):
    """The same points, as collectd wants them: one request each, since its plugin knows no other way."""
    lines = [f'BaseDir "{directory}/collectd"', f'PIDFile "{directory}/collectd.pid"', "Interval 1",
             'TypesDB "/usr/share/collectd/types.db"', 'PluginDir "/usr/lib/collectd"', "FQDNLookup false",
             'Hostname "bench"', "LoadPlugin modbus", "LoadPlugin csv", "<Plugin csv>",
             f'  DataDir "{directory}/csv"', "  StoreRates false", "</Plugin>", "<Plugin modbus>"]
    for point in range(settings.POINTS):
        lines += [f'  <Data "point-{point}">', f"    RegisterBase {2 * point}", "    RegisterType Float",
                  "    RegisterCmd ReadInput", "    Type voltage", f'    Instance "point-{point}"', "  </Data>"]
    for meter in range(METERS):
        lines += [f'  <Host "meter-{meter}">', f'    Address "{settings.address(meter)}"', f'    Port "{PORT}"',
                  "    Interval 1", "    <Slave 1>", f'      Instance "meter-{meter}"']
        lines += [f'      Collect "point-{point}"' for point in range(settings.POINTS)]
        lines += ["    </Slave>", "  </Host>"]
    path = directory / "collectd.conf"
    path.write_text("\n".join(lines + ["</Plugin>"]) + "\n")
    return path


def csv_rows(directory):
    """Readings that collectd has written; each file has a line of headings."""
    total = 0
    for file in (directory / "csv").rglob("*-20*"):
        total += max(file.read_bytes().count(b"\n") - 1, 0)
    return total
