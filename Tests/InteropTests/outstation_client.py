"""c104 (lib60870) as the client of the station that `meterd simulate` serves.

    outstation_client.py HOST:PORT COMMON_ADDRESS

Asks for everything that a controlling station can ask for, in the way of c104, and prints as JSON what came: seen by
c104 (values, refusals) and by its log of raw frames (types and causes in their order).
"""

import datetime
import json
import sys
import threading
import time

import c104

LIMIT = 60


class Log:
    """What came, in order: type, cause, P/N, number of objects, first address."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.frames: list[dict] = []

    def add(self, apdu: bytes) -> None:
        frame = c104.explain_bytes_dict(apdu=apdu)
        if frame["format"] == "I":
            with self.lock:
                self.frames.append(frame)

    def take(self) -> list[dict]:
        with self.lock:
            frames, self.frames = self.frames, []
        return frames

    def wait(self, what: str, condition) -> list[dict]:
        """All frames up to now, once one of them fulfils the condition."""
        seen: list[dict] = []

        def came() -> bool:
            seen.extend(self.take())
            return any(condition(frame) for frame in seen)

        until(what, came)
        return seen


def until(what: str, condition) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"never: {what}")
        time.sleep(0.02)


LOG = Log()
INITIALIZED: list[int] = []


def on_raw(connection: c104.Connection, data: bytes) -> None:
    LOG.add(data)


def on_station(client: c104.Client, connection: c104.Connection, common_address: int) -> None:
    connection.add_station(common_address=common_address)


def on_point(client: c104.Client, station: c104.Station, io_address: int, point_type: c104.Type) -> None:
    station.add_point(io_address=io_address, type=point_type)


def on_initialized(client: c104.Client, station: c104.Station, cause: c104.Coi) -> None:
    INITIALIZED.append(station.common_address)


def number(value) -> float:
    """Of any of c104's types of numbers and states."""
    value = getattr(value, "value", value)
    if isinstance(value, c104.Byte32):
        return float(int.from_bytes(bytes(value), "little"))
    return float(value) if hasattr(value, "__float__") else float(int(value))


def short(frames: list[dict]) -> list[str]:
    """`100/7` a frame, those that nobody asked for left out; with `-` the P/N bit."""
    return [
        f"{frame['type'].value}/{frame['cot'].value}{'-' if frame['negative'] else ''}"
        for frame in frames
        if frame["cot"] not in (c104.Cot.SPONTANEOUS, c104.Cot.INITIALIZED)
    ]


def confirmed(kind: c104.Type):
    return lambda frame: frame["type"] == kind and frame["cot"] == c104.Cot.ACTIVATION_CON


def refused(frame: dict) -> bool:
    return 44 <= frame["cot"].value <= 47


def main() -> None:
    host, port = sys.argv[1].rsplit(":", 1)
    address = int(sys.argv[2])
    client = c104.Client(tick_rate_ms=50, command_timeout_ms=2000)
    client.on_new_station(callable=on_station)
    client.on_new_point(callable=on_point)
    client.on_station_initialized(callable=on_initialized)
    connection = client.add_connection(ip=host, port=int(port), init=c104.Init.NONE)
    connection.on_receive_raw(callable=on_raw)
    client.start()

    def started() -> bool:
        """`is_connected` is said before STARTDT, and now and then c104 forgets to send that: then it stays muted."""
        if connection.state == c104.ConnectionState.OPEN_MUTED:
            connection.unmute()
        return connection.state == c104.ConnectionState.OPEN

    until("STARTDT con", started)
    until("end of initialization", lambda: INITIALIZED)
    station = connection.get_station(address)
    result: dict = {"initialized": INITIALIZED}

    def ended(kind: c104.Type):
        return lambda frame: frame["type"] == kind and frame["cot"] == c104.Cot.ACTIVATION_TERMINATION

    # The log says when an answer has ended, not c104, which sometimes misses one that comes at once (and waits on).
    def interrogate(common_address: int = address, qualifier: c104.Qoi = c104.Qoi.STATION) -> list[str]:
        LOG.take()
        connection.interrogation(common_address=common_address, qualifier=qualifier, wait_for_response=False)
        return short(LOG.wait("the end of an interrogation", ended(c104.Type.C_IC_NA_1)))

    def succeeds(command) -> bool:
        return any(command() for _ in range(5))

    def totals() -> dict[str, list[int]]:
        """Counter, sequence number and flags (octet 5 of BCR) by address, after a counter interrogation."""
        LOG.take()
        connection.counter_interrogation(common_address=address, wait_for_response=False)
        LOG.wait("the end of the totals", ended(c104.Type.C_CI_NA_1))
        return {
            str(point.io_address): [
                int(point.info.counter),
                int(point.info.sequence),
                # The bits as they came: c104 2.2.1 has the names of CY (0x20) and CA (0x40) the wrong way round.
                int(point.info.quality.value),
            ]
            for point in station.points
            if point.type == c104.Type.M_IT_NA_1
        }

    def freeze(how: c104.Frz) -> None:
        LOG.take()
        # c104 would wait for a termination, which the standard does not have here.
        connection.counter_interrogation(common_address=address, freeze=how, wait_for_response=False)
        LOG.wait("the confirmation of a freeze", confirmed(c104.Type.C_CI_NA_1))

    result["general"] = interrogate()
    result["points"] = {
        str(point.io_address): {
            "type": point.type.name,
            "value": number(point.value),
            "good": point.quality == c104.Quality(),
        }
        for point in station.points
    }
    result["group2"] = interrogate(qualifier=c104.Qoi.GROUP_2)
    result["broadcast"] = interrogate(0xFFFF)

    first = totals()
    growing: list[dict] = [first]

    def grows() -> bool:
        growing.append(totals())
        return all(growing[-1][key][0] > first[key][0] for key in first)

    until("totals that grow", grows)
    freeze(c104.Frz.FREEZE_WITHOUT_RESET)
    copies = [totals() for _ in range(3)]
    freeze(c104.Frz.FREEZE_WITH_RESET)
    whole = totals()
    differences: list[dict] = []

    def differs() -> bool:
        freeze(c104.Frz.FREEZE_WITH_RESET)
        differences.append(totals())
        return all(sum(each[key][0] for each in differences) > 0 for key in first)

    until("differences", differs)
    freeze(c104.Frz.COUNTER_RESET)
    reset = [totals(), totals()]
    result["totals"] = {
        "first": first,
        "last": growing[-1],
        "copies": copies,
        "whole": whole,
        "differences": differences,
        "reset": reset,
    }

    result["read"] = {str(point.io_address): succeeds(point.read) for point in station.points}
    result["clock"] = succeeds(lambda: connection.clock_sync(common_address=address))
    LOG.take()
    result["test"] = succeeds(lambda: connection.test(common_address=address))
    # c104 does not recognise the confirmation of a test without time.
    connection.test(common_address=address, with_time=False, wait_for_response=False)
    said_back = LOG.wait("a test said back", confirmed(c104.Type.C_TS_NA_1))
    # The log may be behind what c104 has answered: of the commands before there may be some in it.
    tests = (c104.Type.C_TS_NA_1, c104.Type.C_TS_TA_1)
    result["tests"] = sorted(set(short([frame for frame in said_back if frame["type"] in tests])))

    def spontaneous(frame: dict) -> bool:
        return frame["type"] == c104.Type.M_ME_TF_1 and frame["cot"] == c104.Cot.SPONTANEOUS

    LOG.wait("a spontaneous value with a time tag", spontaneous)
    tagged = [point for point in station.points if point.type == c104.Type.M_ME_TF_1]
    until("its time", lambda: any(point.recorded_at for point in tagged))
    # c104 takes the station's time for UTC.
    latest = max(point.recorded_at.replace(tzinfo=None) for point in tagged if point.recorded_at)
    ahead = latest - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    result["hours_ahead"] = ahead.total_seconds() / 3600

    refusals = result["refusals"] = {}

    def refuse(name: str, ask_it) -> None:
        LOG.take()
        ok = ask_it()
        refusals[name] = {"ok": ok, "frames": [f for f in short(LOG.wait(name, refused)) if 44 <= cause(f) <= 47]}

    def cause(text: str) -> int:
        return int(text.split("/")[1].rstrip("-"))

    refuse("common address", lambda: connection.interrogation(common_address=address + 1))
    refuse("cause", lambda: connection.interrogation(common_address=address, cause=c104.Cot.SPONTANEOUS))
    unknown = station.add_point(io_address=9999, type=c104.Type.M_ME_NC_1)
    refuse("object address", unknown.read)
    for kind in (c104.Type.C_SC_NA_1, c104.Type.C_SE_NC_1, c104.Type.C_DC_TA_1):
        point = station.add_point(io_address=10_000 + kind.value, type=kind)
        if kind == c104.Type.C_DC_TA_1:
            point.value = c104.Double.ON
        refuse(kind.name, lambda: point.transmit(cause=c104.Cot.ACTIVATION))

    connection.disconnect()
    until("the end of the connection", lambda: connection.state != c104.ConnectionState.OPEN)
    connection.connect()
    until("STARTDT con again", started)
    result["again"] = interrogate()
    client.stop()
    print(json.dumps(result))


main()
