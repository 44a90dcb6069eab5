"""The sealed archive: how small, how long a seal takes, how fast it is read, started and verified. See docs/BENCHMARKS.md.

Everything is written by the product: observations by Archive.offer, segments by Maintenance.run. The years are a month of those, moved to
other dates.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

from .report import Row

HERE = pathlib.Path(__file__).resolve().parent
POINTS = 20


def size(options):
    """Octets a sample of sealed files, beside other formats of the same samples."""
    for name, arguments, aim, days in (
            ("synthetic 60 s, 10 meters × 20 float32, decimals as meters send them",
             ["synthetic", "--meters", 10, "--days", 10], 1.30, None),
            ("the same with noise in every bit of the mantissa",
             ["synthetic", "--meters", 10, "--days", 10, "--full-mantissa"], None, None),
            ("UCI household, 7 points, integers", ["household", "--type", "u16", *limit(options)], 0.60, 144),
            ("UCI household, 7 points, float32", ["household", "--type", "f32", *limit(options)], 0.60, 144)):
        series = make(options, "size.series", *arguments)
        archive = fresh(options, "size")
        loaded = tool(options, "load", archive, series)
        sealed = tool(options, "seal", archive)
        sizes = tool(options, "sizes", archive)
        peers = run(options.python, HERE / "peers.py", series, *([days] if days else []))
        samples = loaded["samples"]
        without_quarters = (sizes["octets"] - sizes.get("quarters", 0)) / samples
        yield {
            "name": f"size: {name}", "sizes": sizes, "sealed": sealed, "peers": peers, "samples": samples,
            "rows": [
                Row("day files", f"{sealed['octets_of_days'] / samples:.3f}", "B/sample"),
                Row("month files", f"{sizes['octets'] / samples:.3f}", "B/sample"),
                Row("  without aggregates", f"{without_quarters:.3f}", "B/sample",
                    **({"aim": f"≤ {aim:.2f}", "met": without_quarters <= aim} if aim else {})),
                Row("  values", f"{sizes['values'] / samples:.3f}", "B/sample"),
                Row("  due, time, received, seq", f"{times(sizes) / samples:.3f}", "B/sample"),
                Row("  aggregates", f"{sizes.get('quarters', 0) / samples:.3f}", "B/sample"),
                Row("  shapes, journal, indexes", f"{rest(sizes) / samples:.3f}", "B/sample"),
                Row("SQLite, a row a sample", f"{peers['sqlite']:.2f}", "B/sample"),
                Row("CSV, zstd-19, a file a day", f"{peers['csv_zstd']:.3f}", "B/sample"),
                Row("Parquet, zstd-19, best encoding a column, day groups", f"{peers['parquet']:.3f}", "B/sample"),
                Row("  groups of up to 30 days", f"{peers['parquet_long']:.3f}", "B/sample"),
                *([Row("  day groups, decimals known, as integers", f"{peers['parquet_decimals']:.3f}", "B/sample")]
                  if "parquet_decimals" in peers else []),
            ]}
        series.unlink()


def limit(options):
    return ["--days", options.days] if options.days else []


def times(sizes):
    return sum(sizes.get(name, 0) for name in ("due", "time", "received", "seq"))


def rest(sizes):
    return sizes["octets"] - sizes["values"] - times(sizes) - sizes.get("quarters", 0)


def seal(options):
    """One day of 10,000 points a minute."""
    series = make(options, "seal.series", "synthetic", "--meters", 500, "--days", 1, "--start", "2026-10-31")
    loaded = fresh(options, "seal-loaded")
    tool(options, "load", loaded, series)
    series.unlink()
    best = None
    for _ in range(options.repeat):
        archive = fresh(options, "seal")
        shutil.copytree(loaded, archive)
        result = tool(options, "seal", archive)
        if best is None or cpu(result) < cpu(best):
            best = result
    shutil.rmtree(loaded)
    return [{
        "name": "seal: a day of 500 meters × 20 points every minute", **best,
        "rows": [
            Row("CPU, comparing included", f"{cpu(best):.1f}", "s", aim="< 15", met=cpu(best) < 15),
            Row("of that system", f"{best['system_seconds']:.1f}", "s"),
            Row("wall", f"{best['wall_seconds']:.1f}", "s"),
            Row("peak memory", f"{best['peak_mib']:.0f}", "MiB", aim="< 191", met=best["peak_mib"] < 200e6 / 2**20),
            Row("samples a CPU second", f"{POINTS * 720_000 / cpu(best) / 1e6:.2f}", "million"),
        ]}]


def years(options):
    """Reading, verifying and starting five years of 20 meters × 20 points every minute."""
    archive = fresh(options, "years")
    series = make(options, "years.series", "synthetic", "--meters", 20, "--days", 31, "--start", "2021-10-01")
    tool(options, "load", archive, series)
    tool(options, "seal", archive)
    extended = tool(options, "extend", archive, 59)
    rebuilt = tool(options, "start", archive)
    yield start(options, archive, series, extended["next"], rebuilt)
    samples = rebuilt["head_seq"] * POINTS
    yield read(options, archive, samples, octets(archive))
    yield from verify(options, archive)
    shutil.rmtree(archive)
    series.unlink()


def start(options, archive, series, day, rebuilt):
    """A day half over in the hot store, then power goes."""
    make(options, series.name, "synthetic", "--meters", 20, "--days", 1, "--start", day)
    tool(options, "abandon", archive, series)
    wal = sum(f.stat().st_size for f in archive.rglob("*-wal"))
    best = None
    for _ in range(options.repeat):
        copy = fresh(options, "started")
        shutil.copytree(archive, copy, copy_function=copy_or_link)
        result = tool(options, "start", copy)
        best = result if best is None or result["wall_seconds"] < best["wall_seconds"] else best
        shutil.rmtree(copy)
    return {
        "name": "start: five years, after a power cut", **best, "wal_octets": wal,
        "rows": [
            Row("write-ahead logs left behind", f"{wal / 1e6:.1f}", "MB"),
            Row("Archive.init", f"{best['wall_seconds']:.2f}", "s", aim="≤ 2", met=best["wall_seconds"] <= 2),
            Row("of that CPU", f"{cpu(best):.2f}", "s"),
            Row("the same without a catalog: it is rebuilt", f"{rebuilt['wall_seconds']:.2f}", "s"),
            Row("of that CPU", f"{cpu(rebuilt):.2f}", "s"),
        ]}


def copy_or_link(source, target):
    """What is mutable is copied."""
    if ".sqlite" in source:
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def octets(archive):
    """Of the segments."""
    return sum(file.stat().st_size for file in (archive / "segments").iterdir())


def read(options, archive, samples, size):
    aims = {"day": 2, "year": 20, "five years": 100}
    lines = tools(options, "read", archive, options.repeat * 3)
    rows = [Row("samples", f"{samples / 1e9:.3f}", "billion"), Row("segments", f"{size / 1e9:.2f}", "GB")]
    for line in lines:
        aim = {"columns": aims.get(line["span"]), "hourly totals": 20 if line["span"] == "year" else None}.get(line["what"])
        rows.append(Row(
            f"{line['what']}, {line['span']} ({line['count']})", f"{line['least_ms']:.1f}",
            f"ms, median {line['median_ms']:.1f}, CPU {line['least_cpu_ms']:.1f}",
            **({"aim": f"≤ {aim}", "met": line["least_ms"] <= aim} if aim else {})))
    return {"name": "read: one point, cold page cache, least of the rounds", "lines": lines, "rows": rows}


def verify(options, archive):
    peer = sha256_rate()
    for threads in (1, os.cpu_count()):
        best = None
        for _ in range(options.repeat):
            result = {**tool(options, "verify", archive, threads), "octets": octets(archive)}
            best = result if best is None or cpu(result) < cpu(best) else best
        rate = best["octets"] / cpu(best)
        yield {
            "name": f"verify: five years, {threads} thread{'s' if threads > 1 else ''}", **best, "openssl": peer,
            "rows": [
                Row("hashed", f"{best['octets'] / 1e9:.2f}", "GB"),
                Row("a CPU second", f"{rate / 1e6:.0f}", "MB", peer=f"{peer / 1e6:.0f}", aim="≥ 0.8 of openssl's",
                    met=rate >= .8 * peer),
                Row("of openssl's", f"{rate / peer:.2f}"),
                Row("wall", f"{best['wall_seconds']:.1f}", "s"),
            ]}


def sha256_rate():
    """Octets a CPU second: openssl speed counts user time."""
    out = subprocess.run(
        ["openssl", "speed", "-evp", "sha256", "-bytes", "16384", "-seconds", "3"], capture_output=True, text=True, check=True)
    found = re.search(r"^sha256\s+([\d.]+)k", out.stdout, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise SystemExit(f"openssl speed says {out.stdout!r}")
    return 1000 * float(found.group(1))


def cpu(result):
    return result["user_seconds"] + result["system_seconds"]


def fresh(options, name):
    path = options.scratch / f"archive-{name}"
    shutil.rmtree(path, ignore_errors=True)
    return path


def make(options, name, what, *arguments):
    path = options.scratch / name
    run(options.python, HERE / "series.py", what, path, *arguments, parse=False)
    return path


def tool(options, command, directory, *arguments):
    return run(options.archive_bench, command, directory, *arguments)


def tools(options, command, directory, *arguments):
    return [json.loads(line) for line in
            run(options.archive_bench, command, directory, *arguments, parse=False).splitlines()]


def run(*command, parse=True):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout) if parse else done.stdout
