"""For `compare104.py`: what the commands show, and how a station's clock is set."""

import datetime
import json
import pathlib
import struct
import zoneinfo

import images
import objects104
import points104
from journal104 import differences, instant, journal, moment, states
from objects104 import Object, family


def read(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    station, history = points104.station(arguments[0]), states(arguments[1])
    points = {(point.meter, point.quantity): point for point in station.points}
    wrong, seen = [], 0
    for path in map(pathlib.Path, arguments[2:]):
        for line in path.read_text().splitlines():
            words = line.split()
            if len(words) < 11 or words[0] == "QUANTITY":
                continue
            seen += 1
            point = points.pop((path.stem, words[0]), None)
            if point is None:
                wrong.append(f"no such point, or twice: {line}")
                continue
            head, octets, (value, unit, quality, flags, time) = words[1:5], "".join(words[5:-5]), words[-5:]
            if head[:2] != [str(point.common_address), str(point.object_address)]:
                wrong.append(f"the address is wrong: {line}")
            if point.type in objects104.ONLY_SPONTANEOUS:
                if [*head[2:], octets, value, unit, quality, flags, time] != [
                    point.expects, "-", "-", "-", "-", "bad", "not-reported", "-"]:  # fmt: skip
                    wrong.append(f"nothing was sent of this: {line}")
                continue
            object = history[point.meter, point.quantity][-1].object
            if head[2:] != [object.type, "37" if family(point.type) == "M_IT" else "20"]:
                wrong.append(f"type or cause is wrong: {line}")
            if octets != object.octets().hex():
                wrong.append(f"not {object}: {line}")
            row = {"time": time, "value": None if value == "-" else value, "unit": unit, "kind": point.kind,
                   "quality": quality, "flags": [] if flags == "-" else flags.split("+")}  # fmt: skip
            came = moment(int(path.stat().st_mtime * 1000))  # The file was written just after.
            want = objects104.reading(station, point, object, came)
            if want["time"] == came and datetime.timedelta() <= came - instant(time) <= datetime.timedelta(minutes=1):
                want["time"] = instant(time)
            wrong += [f"{what}: {line}" for what in differences(row, want)]
    wrong += [f"{key} is not shown" for key in points]
    return seen, wrong, []


def scan(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    station, history = points104.station(arguments[0]), states(arguments[1])
    report = json.loads(pathlib.Path(arguments[2]).read_text())
    wrong = []
    if report["station"] != station.name or not report["has_started"] or report["malformed_asdus"] or report["problems"]:
        wrong.append(f"{ {key: value for key, value in report.items() if key != 'objects'} }")
    objects = {(o["common_address"], o["object_address"]): o for o in report["objects"]}
    if len(objects) != len(report["objects"]):
        wrong.append("an object is listed twice")
    for point in station.points + station.unnamed:
        found = objects.pop((point.common_address, point.object_address), None)
        if point.type in objects104.ONLY_SPONTANEOUS:
            continue
        if found is None:
            wrong.append(f"not found: {point}")
            continue
        # Those that no point takes share a name.
        known = [s.object for s in history[point.meter, point.quantity]]
        object = point.states[0] if point.meter == "-" else known[-1]
        want = {
            "type": object.type, "cause": 37 if family(object.type) == "M_IT" else 20, "count": 1,
            "raw": object.octets().hex(" "), "value": shown(object), "quality": quality(object),
            "time_tag": object.tag and object.tag.isoformat(" ", "milliseconds")[2:],
            "series": None if point.meter == "-" else f"{point.meter}/{point.quantity}",
        }  # fmt: skip
        wrong += [
            f"{key} is {found.get(key)!r}, not {value!r}: {found}" for key, value in want.items() if found.get(key) != value
        ]
    wrong += [f"nobody serves {found}" for found in objects.values()]
    return len(report["objects"]), wrong, []


def shown(object: Object) -> str:
    """As `meterd scan` puts it for people."""
    match family(object.type), object.value:
        case "M_SP", value:
            return "on" if value else "off"
        case "M_DP", value:
            return ["indeterminate 0", "off", "on", "indeterminate 3"][value]
        case "M_ST", (position, transient):
            return f"{position}" + " moving" * transient
        case "M_BO", value:
            return f"0x{value:X}"
        case "M_IT", (count, _):
            return f"{count}" + " CY" * bool(object.quality & 0x20) + " CA" * bool(object.quality & 0x40)
    number = object.number()
    if number is None:
        value = struct.unpack("<f", struct.pack("<I", object.value))[0]
        return str(value) if value == value else "-" * (object.value >> 31) + "nan"
    return images.text(number)


def quality(object: Object) -> str:
    bits = [(0x80, "IV"), (0x40, "NT"), (0x20, "SB"), (0x10, "BL"), (0x01, "OV")]
    if family(object.type) == "M_IT":
        bits = bits[:1]
    elif family(object.type) in ("M_SP", "M_DP"):
        bits = bits[:4]
    return " ".join(name for bit, name in bits if object.quality & bit) or "-"


def clock(arguments: list[str]) -> tuple[int, list[str], list[str]]:
    zone, honours = zoneinfo.ZoneInfo(arguments[0]), arguments[1] == "honour"
    wrong: list[str] = []
    lines = journal(arguments[2])
    commands = [line for line in lines if "clock" in line]
    shown = [line["shown"] for line in lines if "shown" in line]
    for line in commands:
        low, minute, hour, day, month, year = struct.unpack("<HBBBBB", bytes.fromhex(line["clock"]))
        came = moment(line["at"])
        wall = datetime.datetime(2000 + year, month, day & 31, hour & 31, minute & 63) + low * objects104.MS
        summer = bool(hour & 0x80)
        local = came.astimezone(zone)
        if abs(wall - local.replace(tzinfo=None)) > datetime.timedelta(seconds=10):
            wrong.append(f"{line['clock']} is {wall}, but in {zone} it was {local}")
        if summer != (honours and bool(local.dst())):
            wrong.append(f"{line['clock']}: SU is {summer}; in {zone} summer time is {local.dst()}")
        if day >> 5 != wall.isoweekday() or minute & 0xC0 or hour & 0x60 or month & 0xF0 or year & 0x80:
            wrong.append(f"{line['clock']}: day of the week, IV or a reserved bit")
        # c104 reads the same, as if it were UTC.
        if wall.isoformat() not in shown:
            wrong.append(f"c104 understood {shown}, not {wall.isoformat()}")
    return len(commands), wrong, ["a clock synchronization"] if not commands or not shown else []
