"""Counts what lies in an archive, hot or sealed, with nothing of meterd but the layout of a row and docs/read_archive.py.

    archive.py DIRECTORY EVERY_MS     (0: look at sequence numbers only)

Prints one JSON object: sequence numbers, and per meter how often each slot is accounted for. `wrong` lists, in words,
each sequence number that is missing or double and each slot between a meter's first and last that is not there exactly
once.
"""

import json
import pathlib
import sqlite3
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs"))
import read_archive

POLL, MISSED, JOURNAL = 0, 1, 100
REASONS = {1: "late", 2: "archive", 3: "clock-step", 4: "gateway-down", 5: "probing"}


def main(directory: str, every: int) -> None:
    wrong: list[str] = []
    seqs: list[int] = []
    meters: dict[str, dict] = {}

    def take(seq: int, kind: int, meter_id: str, due: int, is_good: bool, payload: bytes) -> None:
        seqs.append(seq)
        if kind not in (POLL, MISSED) or every == 0:
            return
        meter = meters.setdefault(meter_id, {"good": 0, "failed": 0, "missed": {}, "slots": {}})
        if kind == POLL:
            meter["good" if is_good else "failed"] += 1
            covered = [due]
        else:
            first, last, count, reason = struct.unpack("<QQIB", payload[1:])
            covered = list(range(first, last + 1, every))
            if len(covered) != count:
                wrong.append(f"seq {seq}: says {count} slots, spans {len(covered)}")
            name = REASONS[reason]
            meter["missed"][name] = meter["missed"].get(name, 0) + len(covered)
        for slot in covered:
            meter["slots"].setdefault(slot, []).append(seq)

    sealed: set[str] = set()
    for path in sorted(pathlib.Path(directory, "segments").glob("*.mseg")):
        with read_archive.Segment(str(path)) as segment:
            for source in list(segment.sources):
                for row in segment.rows(source):
                    if row["kind"] < JOURNAL:
                        payload = bytes.fromhex(row["payload"])
                        is_good = all(block["outcome"] in (0, "ok") for block in row.get("blocks", []))
                        take(row["seq"], row["kind"], source.name.partition(":")[2], row["due"], is_good, payload)
                sealed.update(day.segment for day in source.days)
    for path in sorted(pathlib.Path(directory, "hot").glob("*.sqlite")):
        if path.name.removesuffix(".sqlite") in sealed:
            continue  # About to be removed.
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'observation'").fetchone():
            continue
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            wrong.append(f"{path.name} is damaged")
        rows = database.execute(
            "SELECT o.seq, o.kind, m.meter_id, o.due, o.outcome, o.payload FROM observation o"
            " JOIN meter m ON m.id = o.meter ORDER BY o.seq"
        )
        for seq, kind, meter_id, due, outcome, payload in rows:
            take(seq, kind, meter_id, due, outcome == 0, payload)
        database.close()
    for at, seq in enumerate(sorted(seqs), 1):
        if seq != at:
            wrong.append(f"sequence number {at} is missing, or {seq} is double")
            break
    for name, meter in sorted(meters.items()):
        slots = meter.pop("slots")
        first, last = min(slots), max(slots)
        meter["first"], meter["last"] = first, last
        meter["slots"] = (last - first) // every + 1
        for slot in slots:
            if slot % every:
                wrong.append(f"{name}: {slot} is no slot")
        holes = [slot for slot in range(first, last + 1, every) if slot not in slots]
        doubles = {slot: found for slot, found in slots.items() if len(found) > 1}
        if holes:
            wrong.append(f"{name}: nothing is said of {len(holes)} slots: {holes[:20]}")
        if doubles:
            wrong.append(f"{name}: {len(doubles)} slots are there twice (slot: seqs): {dict(list(doubles.items())[:10])}")
    print(json.dumps({"head": max(seqs, default=0), "wrong": wrong, "meters": meters}))


main(sys.argv[1], int(sys.argv[2]))
