"""For `compare104.py`: the journal of `c104_server.py`, and rows of readings."""

import collections
import dataclasses
import datetime
import json
import pathlib

import objects104
from objects104 import Object


@dataclasses.dataclass
class State:
    """What an object was from a moment on."""

    at: datetime.datetime
    is_event: bool
    object: Object


def journal(path: str) -> list[dict]:
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def moment(milliseconds: int) -> datetime.datetime:
    return objects104.EPOCH + milliseconds * objects104.MS


def states(path: str) -> dict[tuple, list[State]]:
    """By meter and quantity, in order."""
    found: dict[tuple, list[State]] = collections.defaultdict(list)
    for line in journal(path):
        if "how" in line:
            value = tuple(line["value"]) if isinstance(line["value"], list) else line["value"]
            tag = line["tag"] and datetime.datetime.fromisoformat(line["tag"])
            object = Object(line["type"], value, line["quality"], tag)
            found[line["meter"], line["quantity"]].append(State(moment(line["at"]), line["how"] == "event", object))
    return found


def rows(paths: list[str]) -> list[dict]:
    lines = [line for path in paths for line in pathlib.Path(path).read_text().splitlines()]
    return [as_sent(json.loads(line, parse_float=str, parse_int=str)) for line in lines]


JUDGED = {"implausible", "restarted"}
UNCERTAIN = {"not-topical", "blocked", "substituted", "clock"}


def as_sent(row: dict) -> dict:
    """Without what the counters' judge thinks: here they are set to anything, and what came is compared."""
    if JUDGED & set(row["flags"]):
        row["flags"] = [flag for flag in row["flags"] if flag not in JUDGED]
        if row["value"] is not None and not {"overflow", "elapsed", "invalid"} & set(row["flags"]):
            row["quality"] = "uncertain" if UNCERTAIN & set(row["flags"]) else "good"
    return row


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def differences(row: dict, want: dict) -> list[str]:
    """`time` as an instant, all else as text."""
    wrong = [f"{key} is {row[key]!r}, not {value!r}" for key, value in want.items() if key != "time" and row[key] != value]
    if instant(row["time"]) != want["time"]:
        wrong.append(f"time is {row['time']}, not {want['time'].isoformat()}")
    return wrong
