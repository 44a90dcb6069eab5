"""Compares what meterd says with the images that pymodbus served.

    compare.py query FILE.ndjson…         answers of `meterd query --format ndjson --raw`
    compare.py spool DIRECTORY QUERY…     the spool files, row by row, and against those answers
    compare.py read METER.txt…            what `meterd read METER` printed

Every reading must be there and equal, character by character, also where the server refused the holes of a merged request:
its parts were read then. Prints what differs and exits 1, or prints how many readings were compared.
"""

import collections
import csv
import json
import pathlib
import sys

import images

ZERO_ROWS = "no reading at all"


def meter(unit: int) -> str:
    return f"unit-{unit}"


def check(rows: list[dict], wrong: list[str]) -> int:
    """Rows as text, flags as a list; `raw` may be missing."""
    seen: collections.Counter = collections.Counter()
    expected = {meter(unit): image.expected for unit, image in images.plant().items()}
    for row in rows:
        want = expected[row["meter_id"]][row["quantity"]]
        seen[row["meter_id"], row["quantity"]] += 1
        for key, value in want.items():
            if key in row and row[key] != value:
                wrong.append(f"{row['meter_id']}/{row['quantity']}: {key} is {row[key]!r}, not {value!r}")
    for name, quantities in expected.items():
        for quantity in quantities:
            if not seen[name, quantity]:
                wrong.append(f"{name}/{quantity}: {ZERO_ROWS}")
    return seen.total()


def from_query(paths: list[str]) -> list[dict]:
    lines = [line for path in paths for line in pathlib.Path(path).read_text().splitlines()]
    return [json.loads(line, parse_float=str, parse_int=str) for line in lines]


def from_spool(directory: str) -> list[dict]:
    rows = []
    for path in sorted(pathlib.Path(directory).glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                row["value"] = row["value"] or None
                row["flags"] = row["flags"].split("+") if row["flags"] else []
                rows.append(row)
    return rows


def from_read(paths: list[str]) -> list[dict]:
    """The table of values: it begins with its head and ends with an empty line."""
    rows = []
    for path in map(pathlib.Path, paths):
        lines = path.read_text().splitlines()
        start = next(at for at, line in enumerate(lines) if line.startswith("QUANTITY "))
        for line in lines[start + 1 : lines.index("", start)]:
            quantity, value, unit, quality, flags, raw = line.split()
            row = {"meter_id": path.stem, "quantity": quantity, "unit": unit, "quality": quality, "raw": raw}
            rows.append(row | {"value": None if value == "-" else value, "flags": [] if flags == "-" else flags.split("+")})
    return rows


def main() -> None:
    wrong: list[str] = []
    if sys.argv[1] == "read":
        count = check(from_read(sys.argv[2:]), wrong)
    elif sys.argv[1] == "query":
        count = check(from_query(sys.argv[2:]), wrong)
    else:
        spooled = from_spool(sys.argv[2])
        count = check(spooled, wrong)
        key = ("meter_id", "quantity", "seq", "index")
        queried = {tuple(row[k] for k in key): row for row in from_query(sys.argv[3:])}
        for row in spooled:
            same = queried.get(tuple(row[k] for k in key))
            if same is None:
                wrong.append(f"in a spool file, not in the archive: {row}")
                continue
            same = {k: v for k, v in same.items() if k != "raw"}
            if same != row:
                wrong.append(f"the spool file says {row}, the archive {same}")
    for line in wrong[:40]:
        print(line)
    print(f"{count} readings compared, {len(wrong)} differences")
    sys.exit(1 if wrong else 0)


main()
