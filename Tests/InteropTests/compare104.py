"""Compares what meterd says with what `c104_server.py` set, as its journal has it.

    compare104.py query STATION JOURNAL DOWNS FILE.ndjson…   answers of `meterd query --format ndjson --raw`
    compare104.py spool DIRECTORY FILE.ndjson…               the spool files against those answers
    compare104.py read STATION JOURNAL METER.txt…            what `meterd read METER` printed
    compare104.py scan STATION JOURNAL FILE.json             what `meterd scan STATION --json` printed
    compare104.py events STATION JOURNAL FILE.ndjson…        every event that was acknowledged is in the archive
    compare104.py intervals STATION JOURNAL FILE.ndjson…     what was frozen and reset is there once, duplicates left out
    compare104.py clock ZONE honour|ignore JOURNAL           what the station's clock was set to

DOWNS: how often the link was lost, a stop of the daemon included; -1: it runs, and nothing was lost yet.

Prints what differs and exits 1, or prints how much was compared. Lines that begin with `missing` may still come.
"""

import collections
import csv
import datetime
import pathlib
import sys

import objects104
import points104
import shown104
from journal104 import differences, instant, journal, rows, states
from objects104 import Point, Station, family

SLOT = datetime.timedelta(seconds=2)


class Query:
    """The rows of one station."""

    def __init__(self, station: Station, path: str, downs: int, found: list[dict]) -> None:
        self.station, self.downs = station, downs
        self.states = states(path)
        self.starts = sum("started" in line or "initialized" in line for line in journal(path))
        self.wrong: list[str] = []
        self.missing: list[str] = []
        by_point = collections.defaultdict(list)
        for row in found:
            by_point[row["meter_id"], row["quantity"]].append(row)
        for point in station.points:
            self.check(point, sorted(by_point.pop((point.meter, point.quantity), []), key=lambda row: int(row["seq"])))
        self.wrong += [f"{key}: no such point" for key in by_point]

    def say(self, point: Point, row: dict | None, what: str) -> None:
        self.wrong.append(f"{point.meter}/{point.quantity}: {what}" + (f" in {row}" if row else ""))

    def check(self, point: Point, found: list[dict]) -> None:
        history = self.states[point.meter, point.quantity]
        answer = "37" if family(point.type) == "M_IT" else "20"
        is_interrogated = point.type not in objects104.ONLY_SPONTANEOUS
        events = [place for place, state in enumerate(history) if state.is_event]
        latest, unslotted, downs = 0, 0, 0
        # Nothing is up before the first answer.
        is_down, cut_off = True, None
        slots: dict[str, list[str]] = collections.defaultdict(list)
        for row in found:
            if cut_off and (row["received"] != cut_off["received"] or row["raw"]):
                self.say(point, cut_off, "the link is said to be down and is not")
            cut_off = None
            if not row["raw"]:
                if row["value"] is not None or row["quality"] != "bad":
                    self.say(point, row, "neither a value nor bad")
                if row["flags"] == ["link-down", "not-topical"] and row["due"] is None:
                    downs, is_down = downs + 1, True
                    continue
                if row["due"] is None or row["time"] != row["due"]:
                    self.say(point, row, "a failure of no slot")
                    continue
                slots[row["due"]].append("failed")
                if row["flags"] == ["link-down"]:
                    # An interrogation that the loss cuts off is told just before the loss.
                    cut_off = None if is_down else row
                elif row["flags"] == ["not-reported"] and not is_interrogated:
                    is_down = False
                elif row["flags"] == ["skipped"] and not (is_down and is_interrogated):
                    is_down = False  # A busy machine: the slot before was still going on.
                else:
                    self.say(point, row, "a failure for no reason")
                continue
            is_down = False
            number, cause, octets = row["raw"].split(":")
            matching = [
                place for place, state in enumerate(history)
                if int(number) == objects104.NUMBER[state.object.type] and state.object.octets().hex() == octets
            ]  # fmt: skip
            if not matching:
                self.say(point, row, "never set")
                continue
            if cause == "3":
                place = next((place for place in matching if place in events), None)
                if place is None:
                    self.say(point, row, "an event that was not sent, or twice")
                    continue
                events.remove(place)
                if row["due"] is not None:
                    self.say(point, row, "an event with a slot")
            elif cause == answer and is_interrogated:
                place = next((place for place in matching if place >= latest), None)
                if place is None:
                    self.say(point, row, "an older state after a newer one")
                    continue
                latest = place
                if row["due"] is None:
                    unslotted += 1
                else:
                    slots[row["due"]].append("good")
            else:
                self.say(point, row, f"cause {cause}")
                continue
            received = instant(row["received"])
            if received < history[place].at:
                self.say(point, row, f"received before {history[place].at.isoformat()}, when it was set")
            for what in differences(row, objects104.reading(self.station, point, history[place].object, received)):
                self.say(point, row, what)
        self.check_slots(point, slots, is_interrogated)
        each = self.station.totals_a_slot if answer == "37" else 1
        if is_interrogated and unslotted > each * self.starts:
            self.say(point, None, f"{unslotted} readings of no slot for {self.starts} starts")
        if self.downs >= 0 and downs != self.downs:
            self.say(point, None, f"the link was lost {downs} times, not {self.downs}")
        if self.downs < 0 and downs:
            self.say(point, None, "the link was lost")
        for place in events:
            self.missing.append(f"{point.meter}/{point.quantity}: the event {history[place].object}")
        if sum("good" in outcomes for outcomes in slots.values()) < 2 and is_interrogated:
            self.missing.append(f"{point.meter}/{point.quantity}: answers of two slots")
        if is_interrogated and history[latest].object != history[-1].object:
            self.missing.append(f"{point.meter}/{point.quantity}: the newest state {history[-1].object}")

    def check_slots(self, point: Point, slots: dict[str, list[str]], is_interrogated: bool) -> None:
        dues = sorted(map(instant, slots))
        for due, next in zip(dues, dues[1:]):
            if next - due != SLOT:
                self.say(point, None, f"no row of the slots between {due.isoformat()} and {next.isoformat()}")
        each = self.station.totals_a_slot if family(point.type) == "M_IT" else 1
        for due, outcomes in slots.items():
            if outcomes not in (["failed"], ["good"] * each) and not (due == max(slots) and len(outcomes) <= each):
                self.say(point, None, f"the slot {due} has {outcomes}")


def query(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    found = rows(arguments[3:])
    checked = Query(points104.station(arguments[0]), arguments[1], int(arguments[2]), found)
    return len(found), checked.wrong, checked.missing


def spool(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    columns = "time,due,received,meter_id,quantity,value,unit,kind,quality,flags,seq,index".split(",")
    wrong, missing, count = [], [], 0

    def identity(row: dict) -> tuple:
        return row["meter_id"], row["quantity"], row["seq"], row["index"]

    files: dict[str, tuple[dict, pathlib.Path]] = {}
    for path in sorted(pathlib.Path(arguments[0]).glob("*.csv.sha256")):
        head = dict(line[2:].split(" ", 1) for line in path.read_text().splitlines() if line.startswith("# "))
        newest = files.get(head["period_start"])
        if newest is None or int(newest[0]["revision"]) < int(head["revision"]):
            files[head["period_start"]] = (head, path.with_suffix(""))
    answers = rows(arguments[1:])
    for head, path in files.values():
        start, end = instant(head["period_start"]), instant(head["period_end"])
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            spooled = {identity(row): row for row in reader}
        if reader.fieldnames != columns:
            wrong.append(f"{path.name}: columns {reader.fieldnames}")
        for row in answers:
            if start <= instant(row["time"]) < end and int(row["seq"]) <= int(head["cut_seq"]):
                count += 1
                same = spooled.pop(identity(row), None)
                want = {key: row[key] or "" for key in columns} | {"flags": "+".join(row["flags"])}
                if same is None:
                    missing.append(f"not in {path.name}: {row}")
                elif same != want:
                    wrong.append(f"{path.name} says {same}, the archive {want}")
        wrong += [f"only in {path.name}: {row}" for row in spooled.values()]
    return count, wrong, missing


def events(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    """N(R) covers what is on disk: of each connection of the station what was acknowledged is in the archive."""
    acknowledged: list[str] = []
    sent: dict[int, str] = {}
    for line in journal(arguments[1]):
        if "started" in line:
            sent = {}
        elif "frame" in line:
            sent[line["frame"]] = line["asdu"]
        elif "acknowledged" in line:
            for frame in sorted(sent):
                # Fewer than 32768 frames in a connection: no number comes twice.
                if frame < line["acknowledged"]:
                    acknowledged.append(sent.pop(frame))
    stored = {row["raw"] for row in rows(arguments[2:])}
    count, wrong = 0, []
    for asdu in map(bytes.fromhex, acknowledged):
        if asdu[0] == 35 and asdu[2] & 0x3F == 3:
            count += 1
            if asdu[1] & 0x7F != 1:
                wrong.append(f"more than one event: {asdu.hex()}")
            raw = f"{asdu[0]}:3:{asdu[9:].hex()}"
            if raw not in stored:
                wrong.append(f"acknowledged and not in the archive: {raw}")
    return count, wrong, []


def intervals(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    """The last of them may have been frozen and not be fetched."""
    frozen = collections.defaultdict(list)
    for line in journal(arguments[1]):
        if line.get("how") == "frozen":
            frozen[line["quantity"]].append(str(line["value"][0]))
    wrong = []
    for quantity, consumed in frozen.items():
        found = [
            row["value"] for row in rows(arguments[2:])
            if row["quantity"] == quantity and row["raw"] and "duplicate" not in row["flags"]
        ]  # fmt: skip
        # Before the first freeze there was nothing.
        found = [value for value in found if value != "0"]
        if found not in (consumed, consumed[:-1]):
            wrong.append(f"{quantity}: consumed {consumed}, archived {found}")
    return sum(map(len, frozen.values())), wrong, []


def main() -> None:
    modes = {
        "query": query, "spool": spool, "events": events, "intervals": intervals, "read": shown104.read,
        "scan": shown104.scan, "clock": shown104.clock,
    }  # fmt: skip
    count, wrong, missing = modes[sys.argv[1]](sys.argv[2:])
    for line in wrong[:20]:
        print("wrong", line)
    for line in missing[:20]:
        print("missing", line)
    print(f"{count} compared, {len(wrong)} wrong, {len(missing)} missing")
    sys.exit(1 if wrong or missing else 0)


main()
