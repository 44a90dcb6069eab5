"""Information objects of a station, and what readings they must become.

Nothing here comes from meterd or from c104: octets are packed by hand from IEC 60870-5-101 clauses 7.2.6 and 7.3.1, values
computed with `fractions`, time zones taken from `zoneinfo`.
"""

import dataclasses
import datetime
import fractions
import struct
import typing
import zoneinfo

import images

NUMBER = {
    "M_SP_NA_1": 1, "M_DP_NA_1": 3, "M_ST_NA_1": 5, "M_BO_NA_1": 7, "M_ME_NA_1": 9, "M_ME_NB_1": 11, "M_ME_NC_1": 13,
    "M_IT_NA_1": 15, "M_PS_NA_1": 20, "M_ME_ND_1": 21, "M_SP_TB_1": 30, "M_DP_TB_1": 31, "M_ST_TB_1": 32,
    "M_BO_TB_1": 33, "M_ME_TD_1": 34, "M_ME_TE_1": 35, "M_ME_TF_1": 36, "M_IT_TB_1": 37, "M_EP_TD_1": 38,
    "M_EP_TE_1": 39, "M_EP_TF_1": 40,
}  # fmt: skip
# What c104 does not send in answer to any interrogation.
ONLY_SPONTANEOUS = {"M_PS_NA_1", "M_ME_ND_1", "M_EP_TD_1", "M_EP_TE_1", "M_EP_TF_1"}
OV, EI, BL, SB, NT, IV = 0x01, 0x08, 0x10, 0x20, 0x40, 0x80
CY, CA = 0x20, 0x40
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MS = datetime.timedelta(milliseconds=1)


def family(type: str) -> str:
    return type[:4]


def has_tag(type: str) -> bool:
    return type[5] == "T"


@dataclasses.dataclass
class Object:
    """One information object. `tag` is what its clock shows, without a zone."""

    type: str
    value: typing.Any
    quality: int = 0
    tag: datetime.datetime | None = None

    def element(self) -> bytes:
        quality = bytes([self.quality])
        match family(self.type), self.value:
            case "M_SP", value:
                return bytes([self.quality | value])
            case "M_DP", value:
                return bytes([self.quality | value])
            case "M_ST", (position, transient):
                return bytes([position & 0x7F | 0x80 * transient]) + quality
            case "M_BO", value:
                return struct.pack("<I", value) + quality
            case "M_ME", value if self.type == "M_ME_ND_1":
                return struct.pack("<h", value)
            case "M_ME", value if self.type in ("M_ME_NC_1", "M_ME_TF_1"):
                return struct.pack("<I", value) + quality
            case "M_ME", value:
                return struct.pack("<h", value) + quality
            case "M_IT", (count, sequence):
                return struct.pack("<iB", count, sequence | self.quality)
            case "M_EP", (state, milliseconds) if self.type == "M_EP_TD_1":
                return struct.pack("<BH", state | self.quality, milliseconds)
            case "M_EP", (bits, milliseconds):
                return struct.pack("<BBH", bits, self.quality, milliseconds)
            case "M_PS", (status, change):
                return struct.pack("<HHB", status, change, self.quality)
        raise AssertionError(self)

    def octets(self) -> bytes:
        """All that follows the object address."""
        return self.element() + (b"" if self.tag is None else cp56(self.tag))

    def number(self) -> fractions.Fraction | None:
        match family(self.type), self.value:
            case "M_DP", value:
                return fractions.Fraction(value) if value in (1, 2) else None
            case ("M_SP" | "M_BO"), value:
                return fractions.Fraction(value)
            case "M_ME", value if self.type in ("M_ME_NC_1", "M_ME_TF_1"):
                return images.shortest_float32(value)
            case "M_ME", value if self.type in ("M_ME_NB_1", "M_ME_TE_1"):
                return fractions.Fraction(value)
            case "M_ME", value:
                return fractions.Fraction(value, 32768)
            case "M_EP", (state, _) if self.type == "M_EP_TD_1":
                return fractions.Fraction(state) if state in (1, 2) else None
            case _, (first, _):
                return fractions.Fraction(first)
        raise AssertionError(self)

    def flags(self) -> tuple[str, list[str]]:
        """Quality and flags (data-model.md), without what the time tag adds."""
        names = []
        if self.quality & IV or self.number() is None:
            names.append("invalid")
        if family(self.type) == "M_IT":
            names += ["carry"] * bool(self.quality & CY) + ["adjusted"] * bool(self.quality & CA)
            return ("bad" if "invalid" in names else "good"), names
        # Bit 1 is no quality where the value stands in the same octet.
        has_overflow = family(self.type) in ("M_ST", "M_BO", "M_ME", "M_PS")
        names += ["overflow"] * bool(has_overflow and self.quality & OV)
        names += ["elapsed"] * bool(family(self.type) == "M_EP" and self.quality & EI)
        worse = [n for bit, n in ((NT, "not-topical"), (BL, "blocked"), (SB, "substituted")) if self.quality & bit]
        names += worse
        if family(self.type) == "M_ST" and self.value[1]:
            names.append("transient")
            worse.append("transient")
        bad = {"invalid", "overflow", "elapsed"} & set(names)
        return ("bad" if bad else "uncertain" if worse else "good"), names


def cp56(tag: datetime.datetime) -> bytes:
    """IEC 60870-5-101 clause 7.2.6.18. c104 sets neither SU nor the day of the week."""
    milliseconds = tag.second * 1000 + tag.microsecond // 1000
    return struct.pack("<HBBBBB", milliseconds, tag.minute, tag.hour, tag.day, tag.month, tag.year % 100)


@dataclasses.dataclass
class Point:
    meter: str
    quantity: str
    common_address: int
    object_address: int
    # The first is there from the start; the second, where there is one, is sent spontaneously. Its tag is a difference from
    # the moment of sending.
    states: list[Object]
    expects: str
    unit: str = "1"
    kind: str = "gauge"
    scale: str = "1"
    offset: str = "0"
    side: str = ""
    # What the reading has: number × factor + shift, in this unit.
    factor: fractions.Fraction = fractions.Fraction(1)
    shift: fractions.Fraction = fractions.Fraction(0)
    canonical: str = "1"
    more: str = ""

    @property
    def type(self) -> str:
        return self.states[0].type

    def toml(self) -> str:
        lines = [
            "[[station.point]]", f'meter = "{self.meter}"', f'quantity = "{self.quantity}"', f'unit = "{self.unit}"',
            f'kind = "{self.kind}"', f"common_address = {self.common_address}",
            f"object_address = {self.object_address}", f'type = "{self.expects}"', f"scale = {self.scale}",
        ]  # fmt: skip
        lines += [f"offset = {self.offset}"] * (self.offset != "0") + [f'side = "{self.side}"'] * bool(self.side)
        return "\n".join(lines + [self.more] * bool(self.more))


@dataclasses.dataclass
class Station:
    name: str
    zone: zoneinfo.ZoneInfo
    points: list[Point]
    keys: dict[str, str]
    # At the meters, by their ids.
    ratios: dict[str, str] = dataclasses.field(default_factory=dict)
    # Served, and no point takes them.
    unnamed: list[Point] = dataclasses.field(default_factory=list)
    honours_su: bool = True
    # c104 answers a freeze with the totals, and the request that follows again.
    totals_a_slot: int = 1
    # Its totals are set to zero by a freeze with reset.
    resets: bool = False

    def standard(self, year: int) -> datetime.timedelta:
        return min(datetime.datetime(year, month, 1, tzinfo=self.zone).utcoffset() for month in (1, 7))

    def wall(self, instant: datetime.datetime) -> datetime.datetime:
        """What its clock shows. c104 leaves SU out: where it counts, the zone's standard time is meant."""
        if self.honours_su:
            return instant.astimezone(datetime.timezone.utc).replace(tzinfo=None) + self.standard(instant.year)
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def instants(self, tag: datetime.datetime) -> list[datetime.datetime]:
        """When its clock can have shown that."""
        if self.honours_su:
            return [tag.replace(tzinfo=datetime.timezone.utc) - self.standard(tag.year)]
        found = []
        for fold in (0, 1):
            instant = tag.replace(tzinfo=self.zone, fold=fold).astimezone(datetime.timezone.utc)
            # What summer time skips does not come back the same.
            if instant.astimezone(self.zone).replace(tzinfo=None) == tag and instant not in found:
                found.append(instant)
        return found

    def toml(self, addresses: list[str], overrides: dict[str, str]) -> str:
        keys = {"id": f'"{self.name}"', "addresses": "[" + ", ".join(f'"{a}"' for a in addresses) + "]"}
        keys |= self.keys | overrides
        return "\n".join([f"{key} = {value}" for key, value in keys.items()] + [p.toml() for p in self.points])

    def meters(self) -> list[str]:
        return sorted({point.meter for point in self.points})


def reading(station: Station, point: Point, object: Object, received: datetime.datetime) -> dict:
    """What stands in the row of an object that came at that time. `time` may be one of several."""
    quality, flags = object.flags()
    number = object.number()
    times, doubtful = [received], False
    if object.tag is not None:
        instants = station.instants(object.tag)
        if not instants:
            doubtful = True
        else:
            instant = min(instants, key=lambda at: abs(at - received))
            ahead = instant - received
            hours = round(ahead / datetime.timedelta(hours=1))
            off = abs(ahead - datetime.timedelta(hours=hours))
            doubtful = ahead > datetime.timedelta(minutes=5)
            # Another zone than was configured; totals are frozen at full hours, and may be fetched hours later.
            doubtful |= family(object.type) != "M_IT" and hours != 0 and abs(hours) <= 14 and off <= 30_000 * MS
            times = [received if ahead > datetime.timedelta(minutes=5) else instant]
    if doubtful:
        flags.append("clock")
        quality = "uncertain" if quality == "good" else quality
    value = None if "invalid" in flags else images.text(number * point.factor + point.shift)
    return {
        "time": times[0], "value": value, "unit": point.canonical, "kind": point.kind, "quality": quality,
        "flags": flags,
    }  # fmt: skip
