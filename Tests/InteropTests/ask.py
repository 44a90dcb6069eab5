"""A simulated meter of the profile `eastron-sdm630`, asked by the clients of pymodbus.

    ask.py tcp HOST:PORT | rtu-over-tcp HOST:PORT | rtu DEVICE    UNIT [TIMES]

Prints as JSON what the counters say (read TIMES times, the last one counts), the objects of function 43 by category, and
the exceptions to what cannot be asked.
"""

import json
import struct
import sys
import tomllib

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

import images


def client(kind: str, where: str) -> ModbusTcpClient | ModbusSerialClient:
    if kind == "rtu":
        return ModbusSerialClient(where, baudrate=19200, timeout=10, retries=0)
    host, port = where.rsplit(":", 1)
    framer = FramerType.RTU if kind == "rtu-over-tcp" else FramerType.SOCKET
    return ModbusTcpClient(host, port=int(port), framer=framer, timeout=10, retries=0)


def counters(bus, unit: int) -> dict[str, float]:
    found = {}
    for point in tomllib.loads((images.PROFILES / "eastron-sdm630.toml").read_text())["point"]:
        if not point["quantity"].startswith("energy_"):
            continue
        reply = bus.read_input_registers(point["address"], count=2, device_id=unit)
        assert not reply.isError(), f"{point['quantity']}: {reply}"
        found[point["quantity"]] = struct.unpack(">f", struct.pack(">HH", *reply.registers))[0]
    return found


def identification(bus, unit: int, category: int, first: int = 0) -> dict[int, str]:
    found: dict[int, str] = {}
    while True:
        reply = bus.read_device_information(read_code=category, object_id=first, device_id=unit)
        assert not reply.isError(), f"category {category}, object {first}: {reply}"
        found |= {number: text.decode() for number, text in reply.information.items()}
        if reply.more_follows == 0:
            return found
        first = reply.next_object_id


def exception(bus, unit: int, category: int, number: int) -> int:
    return bus.read_device_information(read_code=category, object_id=number, device_id=unit).exception_code


def main() -> None:
    kind, where, unit = sys.argv[1], sys.argv[2], int(sys.argv[3])
    times = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    with client(kind, where) as bus:
        for _ in range(times):
            values = counters(bus, unit)
        answers = {
            "counters": values,
            "basic": identification(bus, unit, 1),
            "regular": identification(bus, unit, 2),
            "model": identification(bus, unit, 4, 5),
            "no_such_object": exception(bus, unit, 4, 3),
            "no_such_category": exception(bus, unit, 5, 0),
            "past_the_end": bus.read_input_registers(65000, count=2, device_id=unit).exception_code,
        }
    print(json.dumps(answers))


main()
