"""Accounts for the slots of a station's points, with nothing of meterd but the layout of a row.

    stations.py ARCHIVE STATION EVERY_MS ADDRESS:KIND:METER …       KIND: general or counter

Each ADDRESS is a common address of which METER has points of that kind. Prints one JSON object: how often each kind of row is
there, how interrogations ended, and in `wrong`, in words, each sequence number that is missing or double and each slot
between the first and the last of a kind of interrogation that is not accounted for: by the end of one interrogation, or by one
record that it was missed. `both`: slots with an end of which a restart says, with the rest of the meter, that it was missed.
"""

import json
import pathlib
import sqlite3
import struct
import sys

MISSED, ASDU, INTERROGATION, LINK = 1, 4, 5, 6
KINDS = {0: "general", 1: "counter"}
OUTCOMES = {0: "complete", 1: "timeout", 2: "link-down", 3: "late", 4: "freeze-unconfirmed", 5: "not-sent"}
REASONS = {1: "late", 2: "archive", 3: "clock-step", 4: "gateway-down", 5: "probing"}


def main(archive: str, station: str, every: int, *wanted: str) -> None:
    wrong: list[str] = []
    rows = []
    for path in sorted(pathlib.Path(archive, "hot").glob("*.sqlite")):
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            wrong.append(f"{path.name} is damaged")
        rows += database.execute(
            "SELECT o.seq, o.kind, m.meter_id, o.due, o.payload FROM observation o JOIN meter m ON m.id = o.meter"
        ).fetchall()
        database.close()
    rows.sort()
    for at, row in enumerate(rows, 1):
        if row[0] != at:
            wrong.append(f"sequence number {at} is missing, or {row[0]} is double")
            break
    slots = {name: {} for name in wanted}
    outcomes: dict[str, int] = {}
    missed: dict[str, int] = {}
    ups = downs = asdus = both = 0
    for seq, kind, meter, due, payload in rows:
        if kind == MISSED:
            first, last, count, reason = struct.unpack("<QQIB", payload[1:])
            covered = list(range(first, last + 1, every))
            if len(covered) != count:
                wrong.append(f"seq {seq}: says {count} slots, spans {len(covered)}")
            missed[REASONS[reason]] = missed.get(REASONS[reason], 0) + count
            for name in wanted:
                if name.split(":")[2] == meter:
                    for slot in covered:
                        slots[name].setdefault(slot, []).append(f"{seq} {REASONS[reason]}")
        elif meter != station:
            continue
        elif kind == ASDU:
            asdus += 1
        elif kind == LINK:
            ups, downs = (ups + 1, downs) if payload[1] else (ups, downs + 1)
        elif kind == INTERROGATION and due is not None:
            code, address, _, outcome, _ = struct.unpack("<BHBHB", payload[1:8])
            words = OUTCOMES.get(outcome, f"refused-{outcome - 256}")
            outcomes[words] = outcomes.get(words, 0) + 1
            for name in wanted:
                if name.split(":")[:2] == [str(address), KINDS[code]]:
                    slots[name].setdefault(due, []).append(f"{seq} {words}")
    for name, found in slots.items():
        if not found:
            wrong.append(f"{name}: no slots")
            continue
        for slot in range(min(found), max(found) + every, every):
            ends = [end for end in found.get(slot, []) if "gateway-down" not in end]
            # A restart says of the whole meter that it was not asked, where one of two interrogations of a slot had ended.
            if len(ends) > 1 or len(found.get(slot, [])) - len(ends) > 1 or not found.get(slot):
                wrong.append(f"{name}: slot {slot} is there {len(found.get(slot, []))} times: {found.get(slot)}")
            both += 1 if len(found.get(slot, [])) > 1 else 0
        for slot in found:
            if slot % every:
                wrong.append(f"{name}: {slot} is no slot")
    print(
        json.dumps(
            {
                "wrong": wrong,
                "asdus": asdus,
                "ups": ups,
                "downs": downs,
                "outcomes": outcomes,
                "missed": missed,
                "both": both,
                "slots": sum(len(found) for found in slots.values()),
            }
        )
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
