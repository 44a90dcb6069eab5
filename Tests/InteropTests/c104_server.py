"""A station of `points104.py`, served by c104.

    c104_server.py STATION HOST:PORT JOURNAL [--tls CERTIFICATE KEY AUTHORITY] [--known CERTIFICATE] [--refuse-clock]

JOURNAL gets a line of JSON for every state that an object was given, before c104 knows of it, for every clock
synchronization, and for every I frame with how far it was acknowledged. What to do stands in JOURNAL.commands, a line each:

    change          every object's next state, sent spontaneously
    burst COUNT     so many events of the object x_event, counted up
    initialized     end of initialization

Standard output says `serving`, and `done LINE` for each line that was carried out.
"""

import datetime
import json
import pathlib
import queue
import struct
import sys
import threading
import time

import c104

import objects104
import points104
from objects104 import Object, Point, family

QUALITY = c104.Quality


def flags(kind: type, bits: int):
    """c104's sets have no constructor that takes 0."""
    return kind(bits) if bits else kind()


def counter_quality(bits: int) -> c104.BinaryCounterQuality:
    # The numbers that c104 gives these names are its own.
    found = c104.BinaryCounterQuality()
    for bit, name in ((objects104.CY, "Carry"), (objects104.CA, "Adjusted"), (objects104.IV, "Invalid")):
        if bits & bit:
            found |= getattr(c104.BinaryCounterQuality, name)
    return found


def information(object: Object) -> c104.Information:
    quality = None if family(object.type) == "M_IT" else flags(QUALITY, object.quality)
    # c104 writes UTC into its tags: what the clock shows is handed over as if it were.
    tag = object.tag and object.tag.replace(tzinfo=datetime.timezone.utc)
    match family(object.type), object.value:
        case "M_SP", value:
            return c104.SingleInfo(value, quality, tag)
        case "M_DP", value:
            return c104.DoubleInfo(member(c104.Double, value), quality, tag)
        case "M_ST", (position, transient):
            return c104.StepInfo(c104.Int7(position), bool(transient), quality, tag)
        case "M_BO", value:
            return c104.BinaryInfo(c104.Byte32(struct.pack("<I", value)), quality, tag)
        case "M_ME", value if object.type in ("M_ME_NC_1", "M_ME_TF_1"):
            return c104.ShortInfo(struct.unpack("<f", struct.pack("<I", value))[0], quality, tag)
        case "M_ME", value if object.type in ("M_ME_NB_1", "M_ME_TE_1"):
            return c104.ScaledInfo(c104.Int16(value), quality, tag)
        case "M_ME", value:
            return c104.NormalizedInfo(c104.NormalizedFloat(value / 32768), quality, tag)
        case "M_IT", (count, sequence):
            return c104.BinaryCounterInfo(count, c104.UInt5(sequence), counter_quality(object.quality), tag)
        case "M_EP", (state, milliseconds) if object.type == "M_EP_TD_1":
            return c104.ProtectionEventInfo(member(c104.EventState, state), c104.UInt16(milliseconds), quality, tag)
        case "M_EP", (bits, milliseconds) if object.type == "M_EP_TE_1":
            return c104.ProtectionStartInfo(flags(c104.StartEvents, bits), c104.UInt16(milliseconds), quality, tag)
        case "M_EP", (bits, milliseconds):
            return c104.ProtectionCircuitInfo(flags(c104.OutputCircuits, bits), c104.UInt16(milliseconds), quality, tag)
        case "M_PS", (status, change):
            return c104.StatusAndChanged(flags(c104.PackedSingle, status), flags(c104.PackedSingle, change), quality)
    raise AssertionError(object)


def member(kind: type, value: int):
    return next(found for found in kind.__members__.values() if found.value == value)



class Outstation:
    def __init__(self, name: str, address: str, journal: str, options: list[str]) -> None:
        self.model = points104.station(name)
        self.journal = open(journal, "a", buffering=1)
        self.lock = threading.Lock()
        self.events = 0
        self.freezes = 0
        self.counter_requests: queue.Queue[int] = queue.Queue()
        self.points: dict[str, c104.Point] = {}
        self.now: dict[str, int] = {}
        host, port = address.rsplit(":", 1)
        security = None
        if "--tls" in options:
            certificate, key, authority = options[options.index("--tls") + 1 :][:3]
            known = options[options.index("--known") + 1] if "--known" in options else None
            security = c104.TransportSecurity(validate=True, only_known=known is not None)
            security.set_certificate(cert=certificate, key=key)
            security.set_ca_certificate(cert=authority)
            if known:
                security.add_allowed_remote_certificate(cert=known)
        self.server = c104.Server(ip=host, port=int(port), tick_rate_ms=50, transport_security=security)
        for point in self.model.points + self.model.unnamed:
            station = self.server.get_station(common_address=point.common_address) or self.server.add_station(
                common_address=point.common_address)
            served = station.add_point(io_address=point.object_address, type=getattr(c104.Type, point.type))
            self.points[self.key(point)] = served
            self.give(point, point.states[0], "state")
        self.answer = c104.ResponseState.FAILURE if "--refuse-clock" in options else c104.ResponseState.SUCCESS
        self.listen()
        self.server.start()

    @staticmethod
    def key(point: Point) -> str:
        return f"{point.common_address}/{point.object_address}"

    def write(self, **entry) -> None:
        with self.lock:
            self.journal.write(json.dumps(entry | {"at": time.time_ns() // 1_000_000}) + "\n")

    def give(self, point: Point, object: Object, how: str) -> None:
        """The object has this state from now on."""
        tag = object.tag
        if isinstance(tag, datetime.timedelta):
            # Of whole milliseconds, as the tag is.
            now = objects104.EPOCH + (time.time_ns() // 1_000_000) * objects104.MS
            tag = self.model.wall(now + tag)
        object = Object(object.type, object.value, object.quality, tag)
        self.write(
            how=how, meter=point.meter, quantity=point.quantity, common_address=point.common_address,
            object_address=point.object_address, type=object.type, value=object.value, quality=object.quality,
            tag=tag and tag.isoformat())
        self.points[self.key(point)].info = information(object)

    # MARK: what happens on the wire

    def listen(self) -> None:
        def received(server: c104.Server, data: bytes) -> None:
            control = data[2]
            if control & 1 == 0 or control & 3 == 1:
                self.write(acknowledged=struct.unpack("<H", data[4:6])[0] >> 1)
            if control & 1 == 0 and data[6] == 103:
                self.write(clock=data[15:22].hex(), common_address=struct.unpack("<H", data[10:12])[0])
            elif control & 1 == 0:
                self.write(command=data[6:].hex())
                if data[6] == 101:
                    self.counter_requests.put(data[15])
            elif control == 0x07:
                self.write(started=True)

        def sent(server: c104.Server, data: bytes) -> None:
            if data[2] & 1 == 0:
                self.write(frame=struct.unpack("<H", data[2:4])[0] >> 1, asdu=data[6:].hex())

        def clock(server: c104.Server, ip: str, date_time: datetime.datetime) -> c104.ResponseState:
            self.write(shown=date_time.isoformat())
            return self.answer

        if self.model.resets:
            first = min(self.model.points, key=lambda point: point.object_address)

            def asked(point: c104.Point) -> None:
                self.freeze_and_reset()

            self.points[self.key(first)].on_before_read(callable=asked)
        self.server.on_receive_raw(callable=received)
        self.server.on_send_raw(callable=sent)
        self.server.on_clock_sync(callable=clock)

    def freeze_and_reset(self) -> None:
        """c104 knows no freeze, but asks before it answers. What was consumed since the last one: of the first object
        always 5."""
        if self.counter_requests.get(timeout=30) & 0xC0 != 0x80:
            return
        self.freezes += 1
        for place, point in enumerate(self.model.points):
            value = (1000 + self.freezes, self.freezes % 32) if place else (5, 0)
            self.give(point, Object(point.type, value), "frozen")

    # MARK: commands

    def change(self) -> None:
        """By batches where c104 makes one ASDU of several objects, else one by one; at most 100 ASDUs fit into its queue."""
        batches: dict[tuple[int, str], c104.Batch] = {}
        for point in self.model.points:
            if len(point.states) == 1:
                continue
            self.give(point, point.states[1], "event")
            served = self.points[self.key(point)]
            key = (point.common_address, point.type)
            # The same object twice in an ASDU is not for c104; and a batch sends the values of the moment of sending.
            batch = batches.setdefault(key, c104.Batch(cause=c104.Cot.SPONTANEOUS))
            batch.add_point(served)
        for batch in batches.values():
            assert self.server.transmit_batch(batch)

    def burst(self, count: int) -> None:
        point = next(point for point in self.model.points if point.quantity == "x_event")
        for _ in range(count):
            self.events += 1
            self.give(point, Object("M_ME_TE_1", self.events % 32768, 0, datetime.timedelta()), "event")
            assert self.points[self.key(point)].transmit(cause=c104.Cot.SPONTANEOUS)

    def initialized(self) -> None:
        self.write(initialized=True)
        for address in sorted({point.common_address for point in self.model.points}):
            self.server.get_station(common_address=address).signal_initialized(cause=c104.Coi.REMOTE_RESET)

    def run(self, commands: pathlib.Path) -> None:
        done = 0
        while True:
            lines = commands.read_text().splitlines() if commands.exists() else []
            for line in lines[done:]:
                name, *arguments = line.split()
                getattr(self, name)(*map(int, arguments))
                print("done", line, flush=True)
                done += 1
            time.sleep(0.02)


def main() -> None:
    name, address, journal, *options = sys.argv[1:]
    outstation = Outstation(name, address, journal, options)
    print("serving", flush=True)
    # A server that was started again has nothing to do with what its predecessor was told.
    outstation.run(pathlib.Path(journal + ".commands"))


main()
