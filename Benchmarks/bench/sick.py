"""One serial line with dead meters among the live ones: what the live ones keep of their slots."""

import time

from . import archive, machine, settings, wire
from .machine import Process
from .report import Row

LIVE, DEAD = 25, 5
REGISTERS, TURNAROUND_MS = 10, 10
LOAD = 0.8  # Of the line, by the live meters alone.
AIM = 0.95
DEFAULT_SECONDS = 240
MILLISECONDS_PER_DAY = 86_400_000


def run(options):
    seconds = options.seconds or DEFAULT_SECONDS
    least_ms = 1000 * wire.minimum_seconds(REGISTERS, TURNAROUND_MS)
    every_ms = interval(LIVE * least_ms / LOAD)
    units = list(range(1, LIVE + DEAD + 1))
    # Spread among the others, the first of all among them.
    dead = units[::(LIVE + DEAD) // DEAD]
    live = [unit for unit in units if unit not in dead]
    directory = options.scratch / "sick"
    device = directory / "line.tty"
    points = REGISTERS // 2
    simulated = settings.write_line(directory, device, live, points, name="simulated.toml")
    config = settings.write_line(directory, device, units, points, every=f"{every_ms}ms")
    simulate = [options.meterd, "simulate", "--config", simulated, "--turnaround", TURNAROUND_MS]
    with Process(simulate, log=directory / "simulate.log"):
        machine.wait_until("the simulated line", device.exists)
        with Process([options.meterd, "run", "--config", config], log=directory / "meterd.log") as daemon:
            machine.wait_until("the daemon collects", lambda: b"collects" in (directory / "meterd.log").read_bytes())
            begin, cpu, everyone = time.time(), daemon.cpu_seconds(), machine.machine_cpu_seconds()
            disturbance = machine.Disturbance()
            time.sleep(seconds)
            length, used = time.time() - begin, daemon.cpu_seconds() - cpu
            others = machine.busy_others(length, used, everyone, machine.machine_cpu_seconds())
            disturbed = disturbance.reason(seconds, others + used / length)
            daemon.check()
            time.sleep(every_ms / 1000 + 2)  # The last slot is polled and committed.
    # Whole slots, from the first after the start on: what the dead ones cost until they are known to be dead counts.
    first = -(-int(1000 * begin) // every_ms) * every_ms
    slots = int((1000 * (begin + length) - first) // every_ms)
    if slots < 1:
        raise SystemExit("no whole slot in so short a time; use more --seconds")
    allowed = min(LIVE * slots, int(slots * every_ms / least_ms))
    polls = archive.polls(directory, first, first + slots * every_ms)
    kept = polls_kept(polls, live, every_ms)
    settled = first + slots * every_ms // 4
    kept_settled = polls_kept([p for p in polls if p.due >= settled], live, every_ms)
    slots_settled = sum(1 for n in range(slots) if first + n * every_ms >= settled)
    share = kept / allowed
    probes = sum(1 for p in polls if p.meter not in names(live) and p.kind == archive.POLL)
    rows = [
        Row("slots of live meters kept, share of possible", f"{share:.4f}", aim=f">= {AIM}", met=share >= AIM),
        Row("  of the last three quarters of the run", f"{kept_settled / (LIVE * slots_settled):.4f}"),
        Row("slots kept / possible", f"{kept} / {allowed}"),
        Row("load of the line by the live meters alone", f"{100 * LIVE * least_ms / every_ms:.1f}", "%"),
        Row("polls spent on dead meters", probes),
        Row("daemon's CPU; taken by others", f"{100 * used / length:.2f} %; {others}", "cores"),
    ]
    return [{
        "name": f"{LIVE} live and {DEAD} dead meters on a paced line at {wire.BAUD} 8N1, {REGISTERS} registers every "
                f"{every_ms} ms, turnaround {TURNAROUND_MS} ms, archive on ({seconds} s)",
        "disturbed": disturbed, "seconds": seconds, "every_ms": every_ms, "live": LIVE, "dead": DEAD, "kept": kept,
        "allowed": allowed, "share": round(share, 5), "polls_of_dead": probes, "others_cores": others,
        "load_after": machine.load(), "rows": rows}]


def interval(wanted_ms):
    """The divisor of the day that is nearest."""
    divisors = (ms for ms in range(1, 60_000) if MILLISECONDS_PER_DAY % ms == 0)
    return min(divisors, key=lambda ms: abs(ms - wanted_ms))


def names(units):
    return {f"meter-{unit}" for unit in units}


def polls_kept(polls, live, every_ms):
    """Slots that were polled, well, and before the next one came."""
    wanted = names(live)
    return sum(1 for p in polls
               if p.kind == archive.POLL and p.meter in wanted and p.outcome == 0 and p.received - p.due < every_ms)
