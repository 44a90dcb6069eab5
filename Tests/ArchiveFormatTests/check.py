"""Holds docs/read_archive.py against what the Swift tests expect.

check.py rows DIR              each NAME.mseg of DIR has the rows of NAME.ndjson, one after the other
check.py golden DIR            the segments of DIR/archive together have the rows of DIR/rows.ndjson
check.py verify DIR [KEY ...]  a line for each archive below DIR: its name, and OK or what is wrong
check.py fuzz DIR SECONDS      each file of DIR is read as a segment: it ends soon, by its rows or a fault
check.py forge FILE SOURCE     hides the last row of a source in the index and directory of a segment, and makes its hashes right
"""

import glob
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs"))
import read_archive as reader  # noqa: E402


def rows_of(path):
    with reader.Segment(path) as segment:
        for source in segment.sources:
            yield from segment.rows(source)


def check_rows(directory):
    """Fields that an expected row does not have are not compared."""
    count = 0
    for path in sorted(glob.glob(f"{directory}/*.mseg")):
        with open(path.removesuffix("mseg") + "ndjson", encoding="utf-8") as expected:
            lines = expected.read().split("\n")[:-1]
        try:
            rows = list(rows_of(path))
        except reader.Fault as fault:
            sys.exit(f"{fault}")
        if len(rows) != len(lines):
            sys.exit(f"{path}: {len(rows)} rows, and {len(lines)} expected")
        for row, line in zip(rows, lines):
            wanted = json.loads(line)
            found = {key: row.get(key) for key in wanted}
            if found != wanted:
                sys.exit(f"{path}: read {found}, expected {wanted}")
        faults = reader.verify(path)[0]
        if faults:
            sys.exit(f"{faults[0]}")
        count += len(rows)
    print(f"{count} rows")


def check_golden(directory):
    lines = []
    for path in sorted(glob.glob(f"{directory}/archive/segments/*.mseg")):
        for row in rows_of(path):
            if row["kind"] == 0 and not row.pop("blocks"):
                sys.exit(f"{path}: row {row['seq']} has no blocks")
            lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    with open(f"{directory}/rows.ndjson", encoding="utf-8") as expected:
        wanted = expected.read().split("\n")[:-1]
    if sorted(lines) != sorted(wanted):
        different = set(lines) ^ set(wanted)
        sys.exit(f"{directory}: {len(lines)} rows, {len(wanted)} expected; for instance {min(different, default='')}")
    print(f"{len(lines)} rows")


def check_archives(directory, keys):
    for name in sorted(os.listdir(directory)):
        try:
            faults = reader.verify(os.path.join(directory, name), keys)[0]
        except reader.Fault as fault:
            faults = [fault]
        print(name, str(faults[0]).replace("\n", " ") if faults else "OK", flush=True)


def check_fuzz(directory, seconds):
    """First with the hashes of chunks, then without, so that what is wrong comes to the decoders."""
    rows = faults = 0
    for is_checked in (True, False):
        if not is_checked:
            reader.Segment.checked = lambda segment, chunk: segment.read(chunk.offset, chunk.length)
        for name in sorted(os.listdir(directory)):
            began = time.monotonic()
            try:
                for _ in rows_of(os.path.join(directory, name)):
                    rows += 1
            except reader.Fault:
                faults += 1
            if time.monotonic() - began > float(seconds):
                sys.exit(f"{name}: took {time.monotonic() - began:.1f} s")
    print(f"{rows} rows, {faults} faults, {fuzz_columns(directory)} columns")


def fuzz_columns(directory):
    """Octets of the files as if they were columns: values, or a fault and nothing else."""
    count = 0
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            octets = file.read()
        for at in range(0, len(octets), 37):
            for bits, is_float in ((8, False), (32, True), (64, True)):
                count += 1
                try:
                    reader.decode_column(octets[at : at + 60], bits, is_float, 50)
                except reader.ChunkFault:
                    pass
    return count


# Somebody without a key who knows the format


def varint(number):
    octets = bytearray()
    while number >= 128:
        octets.append(number & 127 | 128)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def extent(rows, first, last, begin, end):
    zigzag = 2 * begin if begin >= 0 else -2 * begin - 1
    return varint(rows) + varint(first) + varint(last - first) + varint(zigzag) + varint(end - begin)


def forge(path, name):
    with reader.Segment(path) as segment:
        chunks = segment.read(0, segment.indexes_at)
        indexes = []
        for source in segment.sources:
            packed = segment.read(source.index_at, source.index_octets)
            if source.name == name:
                segment.read_index(source)
                octets = reader.unpack(packed, 1 << 30)
                for day in source.days:
                    rows, first, last, begin, end = day.extent
                    before, after = extent(*day.extent), extent(rows, first, last - 1, begin, end)
                    if octets.count(before) != 1:
                        sys.exit("the extent is not found in the index")
                    octets = octets.replace(before, after)
                rows, first, last, begin, end = source.extent
                source.extent = rows, first, last - 1, begin, end
                packed = b"\0" + octets
            source.index_octets, source.check = len(packed), reader.sha256(packed)[:4]
            indexes.append(packed)
        directory = varint(len(segment.site)) + segment.site.encode() + varint(len(segment.segments))
        for day, leaves, rows, root in segment.segments:
            directory += varint(len(day)) + day.encode() + varint(leaves) + varint(rows) + root
        directory += varint(len(segment.sources))
        for source in segment.sources:
            directory += varint(len(source.name)) + source.name.encode() + varint(source.octets)
            directory += varint(source.index_octets) + source.check + extent(*source.extent)
        directory = b"\0" + directory
    tail = b"".join(indexes)
    directory_at = len(chunks) + len(tail)
    places = (len(chunks), directory_at, directory_at + len(directory))
    tail += directory + reader.MAGIC + b"".join(place.to_bytes(8, "little") for place in places)
    tail += reader.sha256(directory)[:8]
    with open(path, "wb") as file:
        file.write(chunks + tail + reader.sha256(tail))


def main(command, *arguments):
    if command == "rows":
        check_rows(*arguments)
    elif command == "golden":
        check_golden(*arguments)
    elif command == "verify":
        check_archives(arguments[0], arguments[1:])
    elif command == "fuzz":
        check_fuzz(*arguments)
    elif command == "forge":
        forge(*arguments)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
