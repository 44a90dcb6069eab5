"""The stations that `c104_server.py` serves.

    points104.py STATION HOST:PORT[,HOST:PORT] [KEY=TOML…]   the tables [[station]] and [[meter]], with lines of dashes between
"""

import datetime
import fractions
import sys
import typing
import zoneinfo

import images
from objects104 import BL, CA, CY, EI, IV, NT, NUMBER, OV, SB, Object, Point, Station, family, has_tag

# Each bit alone, some together, and all.
QUALITIES = [0, BL, SB, NT, IV, BL | SB, NT | IV, BL | SB | NT | IV]
UTC = zoneinfo.ZoneInfo("UTC")


def after(**difference: int) -> datetime.timedelta:
    return datetime.timedelta(**difference)


# Leap days, both ends of a day and of a year.
STILL = [
    datetime.datetime(2024, 2, 29, 12, 34, 56, 789000), datetime.datetime(2024, 12, 31, 23, 59, 59, 999000),
    datetime.datetime(2025, 12, 31, 23, 59, 59, 999000), datetime.datetime(2026, 1, 1, 0, 0, 0, 0),
    datetime.datetime(2026, 7, 1, 12, 0, 0, 1000), datetime.datetime(2025, 3, 30, 1, 59, 59, 999000),
    datetime.datetime(2025, 3, 30, 2, 30, 0, 500000), datetime.datetime(2025, 10, 26, 2, 30, 0, 500000),
    datetime.datetime(2025, 10, 26, 3, 0, 0, 0),
]  # fmt: skip
# Of the clock at the moment of sending: true, late, an hour off, half a day off, ahead, far ahead.
MOVING = [
    after(), after(seconds=-2), after(minutes=-70), after(hours=-1, seconds=-1), after(hours=-13), after(minutes=4),
    after(minutes=7), after(hours=1), after(hours=-26),
]  # fmt: skip

# c104 makes a signalling NaN a quiet one.
FLOATS = [bits for bits in images.AWKWARD["f32"] if bits != 0x7FA00001]
# c104 has no quality for bitstrings, and none is defined for M_ME_ND.
VALUES: dict[str, list[tuple[typing.Any, int]]] = {
    "M_SP": [(bool(i % 2), q) for i, q in enumerate(QUALITIES)],
    "M_DP": [(i % 4, q) for i, q in enumerate(QUALITIES)] + [(0, 0), (1, 0), (2, 0), (3, 0)],
    "M_ST": [((p, t), q) for p, t, q in
             [(-64, 0, 0), (63, 0, 0), (-1, 1, 0), (0, 1, BL), (1, 0, OV), (7, 0, IV), (-7, 0, OV | BL | SB | NT | IV)]],
    "M_BO": [(v, 0) for v in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xDEADBEEF)],
    "M_ME_N": list(zip([-32768, -32767, -1, 0, 1, 3277, 16384, 32767, -5, 12345],
                       [0, 0, 0, 0, OV, BL, SB, NT, IV, OV | BL | SB | NT | IV])),
    "M_ME_F": [(bits, 0) for bits in FLOATS] + [(0x42F6E979, q | o) for q in QUALITIES[1:] for o in (0, OV)],
    "M_IT": list(zip([(-(2**31), 0), (2**31 - 1, 31), (-1, 1), (0, 2), (57, 3), (123456789, 30), (-57, 17)],
                     [0, 0, CY, CA, IV, CY | CA | IV, CY | CA])),
    "M_EP_D": [((s, ms), q) for s, ms, q in
               [(1, 0, 0), (2, 65535, 0), (0, 1, BL), (3, 59999, EI), (2, 258, EI | BL | SB | NT | IV)]],
    "M_EP": [((b, ms), q) for b, ms, q in [(1, 0, 0), (15, 65535, 0), (2, 256, EI), (12, 1, NT), (9, 3, IV | EI)]],
    "M_PS": [((s, c), q) for s, c, q in [(0, 0, 0), (0xFFFF, 0, 0), (0x8001, 0x1234, OV), (1, 0xFFFF, BL | SB | NT)]],
    "M_ME_D": [(v, 0) for v in (-32768, -1, 0, 1, 16384, 32767)],
}  # fmt: skip


def values(type: str) -> list[tuple[typing.Any, int]]:
    if type == "M_ME_ND_1":
        return VALUES["M_ME_D"]
    if type in ("M_ME_NC_1", "M_ME_TF_1"):
        return VALUES["M_ME_F"]
    if type == "M_EP_TD_1":
        return VALUES["M_EP_D"]
    return VALUES["M_ME_N"] if family(type) == "M_ME" else VALUES[family(type)]


SCALES = ["1", "0.01", "1200", "0.001", "2.5"]


def every_type(meter: str, address: int, spread: int, tags: list[datetime.datetime]) -> list[Point]:
    """Points of each type with each value, and the next value of that type as its spontaneous change.

    - spread: distance of the object addresses. c104 sends those that follow each other with SQ = 1, also tagged ones.
    """
    points = []
    for type, number in NUMBER.items():
        found = values(type)
        for place, (value, quality) in enumerate(found):
            other, its = found[(place + 1) % len(found)]
            if (other, its) == (value, quality):
                raise AssertionError(type)
            total = family(type) == "M_IT"
            scale = SCALES[place % len(SCALES)]
            first = Object(type, value, quality, tags[place % len(tags)] if has_tag(type) else None)
            moving = MOVING[place % len(MOVING)] if has_tag(type) else None
            # The smallest floats with an offset would have more digits than a number keeps (38).
            offset = "-40.5" if place % 3 == 2 and not total and 1 not in (value, other) else "0"
            points.append(
                Point(
                    meter, f"x_{type.lower()}_{place}", address, number * 65536 + 1 + place * spread,
                    [first, Object(type, other, its, moving)], type if place % 2 else family(type), "1",
                    "counter" if total else "gauge", scale, factor=fractions.Fraction(scale), offset=offset,
                    shift=fractions.Fraction(offset),
                ))  # fmt: skip
    return points


def feeder(meter: str, address: int) -> list[Point]:
    """Quantities of the vocabulary: units, ratios of transformers, offsets, the highest object address."""

    def point(quantity: str, at: int, objects: list[Object], unit: str, canonical: str, scale: str, factor: str,
              kind: str = "gauge", **rest: typing.Any) -> Point:  # fmt: skip
        return Point(
            meter, quantity, address, at, objects, family(objects[0].type), unit, kind, scale,
            factor=fractions.Fraction(factor), canonical=canonical, **rest)

    def floats(*bits: int) -> list[Object]:
        return [Object("M_ME_NC_1", b) for b in bits]

    return [
        # Hundredths of a kWh on the secondary side: ct 120 × vt 100.
        point("energy_active_import", 16777215, [Object("M_IT_NA_1", (57, 1)), Object("M_IT_NA_1", (58, 2))], "kWh",
              "kWh", "0.01", "120", "counter", side="secondary"),
        point("energy_active_export", 1, [Object("M_IT_TB_1", (-57, 1), 0, STILL[0]),
                                          Object("M_IT_TB_1", (-56, 2), 0, after())], "MWh", "kWh", "0.1", "100",
              "counter"),
        point("volume", 65535, [Object("M_IT_NA_1", (7, 3)), Object("M_IT_NA_1", (8, 4))], "pulse", "m3", "1",
              "0.0025", "counter", more='per_pulse = 2.5\npulse_unit = "L"'),
        point("power_active", 65536, floats(0xC61C4000, 0x42F6E979), "W", "kW", "1", "0.001"),
        point("current_l1", 255, floats(0x3F11EB85, 0x3DCCCCCD), "A", "A", "1", "120", side="secondary"),
        point("voltage_l1", 256, [Object("M_ME_NA_1", 27307), Object("M_ME_NA_1", -27307)], "V", "V", "120", "12000",
              side="secondary"),
        point("temperature_flow", 257, floats(0x43960000, 0x43889333), "degC", "degC", "1", "1", offset="-273.15",
              shift=fractions.Fraction("-273.15")),
    ]  # fmt: skip


EVERY = {"interrogate_every": '"2s"', "counters_every": '"2s"'}


def station(name: str) -> Station:
    """Of any other name a small one."""
    if name == "reset":
        # The first one's consumption is always the same, and its sequence number stands still; the other's moves.
        points = [
            Point(name, f"x_interval_{place}", 1, 1 + place, [Object("M_IT_NA_1", (0, 0))], "M_IT", kind="interval")
            for place in range(2)
        ]
        keys = EVERY | {"common_address": "1", "time_zone": '"UTC"', "counters_mode": '"freeze-reset"'}
        return Station(name, UTC, points, keys, resets=True)
    if name == "alpha":
        points = every_type("alpha-dense", 47, 1, STILL) + feeder("alpha-feeder", 48)
        unnamed = [Point("-", "-", 48, 9000 + i, [Object("M_ME_NC_1", bits)], "-") for i, bits in enumerate([0, 1, 2])]
        keys = EVERY | {"common_address": "47", "time_zone": '"UTC"'}
        return Station(name, UTC, points, keys, {"alpha-feeder": "ct_ratio = 120\nvt_ratio = 100"}, unnamed)
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    if name == "beta":
        points = every_type("beta-sparse", 65534, 3, STILL[3:] + STILL[:3])
        keys = EVERY | {"common_address": "65534", "time_zone": '"Europe/Berlin"', "summer_time": '"ignore"',
                        "counters_mode": '"freeze"', "originator": "7"}  # fmt: skip
        return Station(name, berlin, points, keys, honours_su=False, totals_a_slot=2)
    points = [
        Point(name, f"x_tagged_{place}", 1, 100 + place,
              [Object("M_ME_TF_1", 0x3F800000 + place, 0, tag), Object("M_ME_TF_1", 0xBF800000 + place, 0, moving)],
              "M_ME")
        for place, (tag, moving) in enumerate(zip(STILL, MOVING))
    ]  # fmt: skip
    # What `burst` counts up.
    points.append(Point(name, "x_event", 1, 1, [Object("M_ME_TE_1", 0, 0, STILL[0])], "M_ME_TE_1"))
    points.append(Point(name, "x_total", 1, 2, [Object("M_IT_NA_1", (5, 0))], "M_IT_NA_1", kind="counter"))
    keys = EVERY | {"common_address": "1", "time_zone": '"Europe/Berlin"'}
    return Station(name, berlin, points, keys)


def main() -> None:
    name, addresses, *rest = sys.argv[1:]
    found = station(name)
    print(found.toml(addresses.split(","), dict(word.split("=", 1) for word in rest)))
    for meter in found.meters():
        print("-----")
        print(f'id = "{meter}"\nstation = "{name}"\n{found.ratios.get(meter, "")}')


if __name__ == "__main__":
    main()
