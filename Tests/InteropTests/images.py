"""Register images of real meter models, and what readings they must become.

Nothing here comes from meterd: the values are computed with `fractions` from the very bytes that are served. Only the
profiles are shared, since they are what is tried.
"""

import decimal
import fractions
import math
import pathlib
import struct
import tomllib

decimal.getcontext().prec = 60

PROFILES = pathlib.Path(__file__).resolve().parents[2] / "config" / "profiles"
WIDTH = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4, "f64": 4}
# Canonical units of the data model: what the device's own unit is worth in them.
UNITS = {
    "Wh": ("kWh", "0.001"), "varh": ("kvarh", "0.001"), "W": ("kW", "0.001"), "var": ("kvar", "0.001"),
    "VA": ("kVA", "0.001"),
}  # fmt: skip

# Bit patterns that have gone wrong somewhere: signs, limits, "not available", decimals that binary has not.
AWKWARD = {
    "f32": [
        0x3F11EB85,  # 0.57
        0x7FC00000, 0xFFC00000, 0x7FA00001,  # NaN: quiet, with a sign, signalling
        0x7F800000, 0xFF800000,  # infinite
        0x80000000, 0x00000000,  # -0, 0
        0xBFC00000, 0xBDCCCCCD,  # -1.5, -0.1
        0x4B800000, 0x4B7FFFFF,  # 16777216 and 16777215: where a float stops counting
        0x42F6E979, 0x3DCCCCCD, 0x3EAAAAAB,  # 123.456, 0.1, a third
        0x47F12065, 0x38D1B717, 0xC61C4000,  # 123456.79, 0.0001, -10000
        0x4CBEBC20, 0x3F7FFFFF,  # 1e8, the float before 1
        0x7F7FFFFF, 0x00000001,  # the largest float, the smallest
    ],
    "u16": [57, 0, 0xFFFF, 0xFFFE, 5001, 0x8000],
    "i16": [57, 0x8000, 0x7FFF, 0xFFFF, 0, 0xFFC7],
    "u32": [57, 0, 0xFFFFFFFF, 0xFFFFFFFE, 0x80000000, 2301],
    "i32": [57, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFFFFE, 0, 0xFFFFFFC7, 123456789, 0x00010000, 0x0000FFFF],
    "u64": [57, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0x8000000000000000, 0x0001000200030004],
    "i64": [0xFFFFFFFFFFFFFFC7, 0x8000000000000000, 0x8000000000000001, 0x7FFFFFFFFFFFFFFF, 57, 0x0001000200030004],
}  # fmt: skip


def shortest_float32(bits: int) -> fractions.Fraction | None:
    """The decimal number with the fewest digits that is nearest to this float and to no other; None for no number."""
    data = struct.pack(">I", bits)
    value = struct.unpack(">f", data)[0]
    if not math.isfinite(value):
        return None
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        try:
            same = struct.unpack(">f", struct.pack(">f", float(text)))[0] == value
        except OverflowError:  # Rounded up past the largest float.
            same = False
        if same:
            return fractions.Fraction(text)
    raise AssertionError(f"{bits:#x} has no decimal form")


def number(kind: str, bits: int) -> fractions.Fraction | None:
    width = 16 * WIDTH[kind]
    if kind == "f32":
        return shortest_float32(bits)
    if kind[0] == "i" and bits >> (width - 1):
        bits -= 1 << width
    return fractions.Fraction(bits)


def text(value: fractions.Fraction) -> str:
    """Plain notation with exactly the digits of the number; past 30 zeros an exponent (docs/STATUS-API.md)."""
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    if value.denominator == 1 and zeros > 30:
        return f"{str(value)[:-zeros]}e+{zeros}"
    for places in range(0, 61):
        if value * 10**places == int(value * 10**places):
            digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
            sign = "-" if value < 0 else ""
            return sign + (digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}")
    raise AssertionError(f"{value} is no decimal number")


def registers(kind: str, bits: int, order: str) -> list[int]:
    words = [(bits >> 16 * place) & 0xFFFF for place in reversed(range(WIDTH[kind]))]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    if order in ("BADC", "DCBA"):
        words = [(word & 0xFF) << 8 | word >> 8 for word in words]
    return words


class Image:
    """One meter: its registers by table and address, and its readings by quantity."""

    def __init__(self, profile: str, shift: int):
        self.tables: dict[str, dict[int, int]] = {"holding": {}, "input": {}}
        self.expected: dict[str, dict] = {}
        points = tomllib.loads((PROFILES / f"{profile}.toml").read_text())["point"]
        for place, point in enumerate(points):
            kind = point["type"]
            patterns = AWKWARD[kind]
            bits = patterns[(place + shift) % len(patterns)]
            words = registers(kind, bits, point.get("order", "ABCD"))
            for at, word in enumerate(words):
                self.tables[point["table"]][point["address"] + at] = word
            unit, factor = UNITS.get(point["unit"], (point["unit"], "1"))
            raw = number(kind, bits)
            if bits in [int(pattern, 16) for pattern in point.get("invalid", [])]:
                raw = None
            scale = fractions.Fraction(str(point.get("scale", 1))) * fractions.Fraction(factor)
            self.expected[point["quantity"]] = {
                "value": None if raw is None else text(raw * scale),
                "unit": unit,
                "quality": "bad" if raw is None else "good",
                "flags": ["invalid"] if raw is None else [],
                "raw": b"".join(struct.pack(">H", word) for word in words).hex(),
            }

    def blocks(self, table: str, fill: int | None) -> list[tuple[int, list[int]]]:
        """Runs of registers; with `fill` one run without holes."""
        found = dict(self.tables[table])
        if fill is not None and found:
            found = {at: found.get(at, fill) for at in range(min(found), max(found) + 1)}
        runs: list[tuple[int, list[int]]] = []
        for address in sorted(found):
            if runs and runs[-1][0] + len(runs[-1][1]) == address:
                runs[-1][1].append(found[address])
            else:
                runs.append((address, [found[address]]))
        return runs


# Unit id → model. Two of each, so that every point of a model gets different patterns.
PLANT = {
    1: ("eastron-sdm630", 0), 2: ("eastron-sdm630", 7),
    3: ("carlo-gavazzi-em340", 0), 4: ("carlo-gavazzi-em340", 3),
    5: ("abb-b23", 0), 6: ("abb-b23", 2),
    7: ("schneider-iem3000", 0), 8: ("schneider-iem3000", 9),
}  # fmt: skip


def plant() -> dict[int, Image]:
    return {unit: Image(profile, shift) for unit, (profile, shift) in PLANT.items()}
