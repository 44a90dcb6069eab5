"""The meters of `images.py`, served by pymodbus.

    serve.py tcp HOST:PORT | rtu-over-tcp HOST:PORT | rtu DEVICE
                              with holes between the points that hold a number of no point
    serve.py … --refuse-holes every request that touches a register of no point gets exception 2
    serve.py … --identity VENDOR PRODUCT REVISION
                              what function 43 says; without it pymodbus has empty texts

pymodbus answers for registers that were passed to it and for no other: every run is passed explicitly.
"""

import asyncio
import sys

from pymodbus import FramerType, ModbusDeviceIdentification
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

import images

HOLE = 0xDEAD


def device(unit: int, image: images.Image, refuse_holes: bool) -> SimDevice:
    def table(name: str) -> list[SimData]:
        runs = image.blocks(name, None if refuse_holes else HOLE)
        # pymodbus wants each of the four tables to hold something.
        data = [SimData(at, values=words, datatype=DataType.REGISTERS) for at, words in runs]
        return data or [SimData(65535, values=[HOLE], datatype=DataType.REGISTERS)]

    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return SimDevice(unit, simdata=(bits, list(bits), table("holding"), table("input")))


async def main() -> None:
    kind, where = sys.argv[1], sys.argv[2]
    refuse = "--refuse-holes" in sys.argv
    devices = [device(unit, image, refuse) for unit, image in images.plant().items()]
    identity = None
    if "--identity" in sys.argv:
        texts = sys.argv[sys.argv.index("--identity") + 1 :][:3]
        identity = ModbusDeviceIdentification(info=dict(enumerate(texts)))
    if kind == "rtu":
        server = ModbusSerialServer(devices, port=where, baudrate=19200, identity=identity)
    else:
        host, port = where.rsplit(":", 1)
        framer = FramerType.RTU if kind == "rtu-over-tcp" else FramerType.SOCKET
        server = ModbusTcpServer(devices, framer=framer, address=(host, int(port)), identity=identity)
    await server.serve_forever(background=True)
    print("serving", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
