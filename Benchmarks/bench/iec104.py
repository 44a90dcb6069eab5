"""IEC 60870-5-104: a station that sends as fast as it may, to meterd's client and lib60870's; the codec in memory."""

import json
import os
import statistics
import subprocess

from .machine import Process, load
from .report import Row

PORT = 25601
# Objects a frame, and objects in a round; what they are; aim of the codec, million objects a second.
LOADS = [
    (1, 400_000, "1 M_ME_TF_1 a frame", 50), (16, 4_800_000, "16 M_ME_TF_1 a frame", 80),
    (48, 9_600_000, "48 M_ME_NC_1 a frame, SQ = 1", 200)]
# k, w, and the least ratio to lib60870.
WINDOWS = [(12, 8, 1.0), (512, 256, 1.5)]


def run(options):
    everywhere = os.sched_getaffinity(0)
    results = measure_all(options, "CPUs as the kernel likes")
    # With both ends on one CPU no luck of placement is left, and less of what else runs.
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        results += measure_all(options, "both ends on one CPU")
    finally:
        os.sched_setaffinity(0, everywhere)
    return results + [measure_codec(options)]


def measure_all(options, placement):
    return [measure(options, placement, *window, *kind[:3]) for window in WINDOWS for kind in LOADS]


def measure(options, placement, k, w, aim, per_frame, objects, what):
    programs = {"meterd": options.iec104_loop}
    if options.lib60870:
        programs["lib60870"] = options.lib60870
    rounds = {name: [] for name in programs}
    station = [options.tools / "iec104-station", "--port", PORT, "--k", k, "--load", per_frame, "--objects", objects]
    with Process(station, ready="ready") as sender:
        for number in range(options.rounds):
            # A B, then B A: neither always goes first after a pause.
            for name in list(programs) if number % 2 == 0 else list(programs)[::-1]:
                rounds[name].append(loop(programs[name], k, w, objects))
        sent = json.loads(sender.end())
    check(sent, [r for rs in rounds.values() for r in rs])
    wall = {n: [r["wall_ns"] / r["objects"] for r in rs] for n, rs in rounds.items()}
    cpu = {n: [r["cpu_ns"] / r["objects"] for r in rs] for n, rs in rounds.items()}
    rate = {n: f"{1e3 / statistics.median(v):.3f}" for n, v in wall.items()}
    nanoseconds = {n: f"{statistics.median(v):.1f}" for n, v in cpu.items()}
    rows = [
        Row("million objects/s", rate["meterd"], peer=rate.get("lib60870")),
        Row("CPU per object in the client", nanoseconds["meterd"], "ns", peer=nanoseconds.get("lib60870")),
    ]
    ratios = {}
    if options.lib60870:
        # Of each round the two ran one after the other: their ratio, then the median of the ratios.
        ratios = {name: [peer / own for own, peer in zip(v["meterd"], v["lib60870"])]
                  for name, v in (("wall", wall), ("cpu", cpu))}
        ratio = statistics.median(ratios["wall"])
        rows = [
            Row("objects/s, ratio to lib60870 (wall)", f"{ratio:.2f}", "×", aim=f">= {aim}", met=ratio >= aim),
            Row("  spread over the rounds", f"{min(ratios['wall']):.2f}–{max(ratios['wall']):.2f}"), *rows,
            Row("objects per CPU second, ratio to lib60870", f"{statistics.median(ratios['cpu']):.2f}", "×"),
        ]
    return {
        "name": f"One station, {what}, k {k}, w {w}; {placement} ({options.rounds} rounds of {objects} objects each)",
        "placement": placement, "k": k, "w": w, "objects_per_frame": per_frame, "objects": objects,
        "ratios": {n: [round(r, 4) for r in rs] for n, rs in ratios.items()},
        "wall_ns_per_object": {n: [round(v, 2) for v in vs] for n, vs in wall.items()},
        "cpu_ns_per_object": {n: [round(v, 2) for v in vs] for n, vs in cpu.items()}, "sent": sent,
        "load_after": load(), "rows": rows}


def check(sent, received):
    """Everybody got everything, and the same."""
    if sent["faults"] or sent["frames"] != sent["acknowledged"]:
        raise SystemExit(f"the station found fault with a client: {sent}")
    if sent["objects"] != sum(r["objects"] for r in received) or sent["sum"] != sum(r["sum"] for r in received):
        raise SystemExit(f"sent and received differ: {sent}, {received}")
    if len({(r["objects"], r["sum"], r["addresses"], r["times"]) for r in received}) != 1:
        raise SystemExit(f"the clients read different things: {received}")


def measure_codec(options):
    done = subprocess.run([str(options.iec104_codec)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{options.iec104_codec}: {done.stderr.strip()}")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    rows = []
    for result, (per_frame, _, _, aim) in zip(results, LOADS, strict=True):
        if result["objects_per_asdu"] != per_frame:
            raise SystemExit(f"{options.iec104_codec} measures other loads: {result}")
        millions = result["objects_per_second"] / 1e6
        rows.append(Row(result["load"], f"{millions:.0f}", "M obj/s", aim=f">= {aim}", met=millions >= aim))
    return {"name": "Decoding of ASDUs in memory, million objects per CPU second", "results": results,
            "load_after": load(), "rows": rows}


def loop(program, k, w, objects):
    arguments = [program, "--port", PORT, "--k", k, "--w", w, "--objects", objects]
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program}: {done.stderr.strip()}")
    return json.loads(done.stdout)
