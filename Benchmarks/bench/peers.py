"""What the samples of a file of series.py take elsewhere: in SQLite, CSV with zstd, Parquet. Prints one JSON line.

Each peer keeps the time of the answer, the quality and the values, and nothing of slots, receipts and sequence numbers.
"""

import csv
import io
import itertools
import json
import os
import sqlite3
import sys
import tempfile

import numpy
import pyarrow
import pyarrow.parquet
import zstandard

LEVEL = 19
DAY_MS = 86_400_000
SQLITE_ROWS = 3_000_000


def read(path):
    """(names, records): records of one meter and day together, ascending in time."""
    with open(path, "rb") as file:
        _, _, _, kind, *points = file.readline().decode().split()
        value = {"f32": ">f4", "u16": ">u2"}[kind]
        record = numpy.dtype([("meter", "<i8"), ("due", "<i8"), ("time", "<i8"), ("received", "<i8"),
                              ("values", value, (len(points),))])
        records = numpy.fromfile(file, record)
    order = numpy.lexsort((records["time"], records["meter"], records["received"] // DAY_MS))
    return [point.split(":")[0] for point in points], records[order]


def days(records):
    """Runs of one meter and day."""
    key = records["received"] // DAY_MS * 1_000_000 + records["meter"]
    begins = numpy.flatnonzero(numpy.diff(key, prepend=-1))
    return [records[a:b] for a, b in itertools.pairwise([*begins, len(records)])]


def sqlite_row_per_sample(records, count):
    records = records[:max(1, SQLITE_ROWS // count)]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "samples.sqlite")
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("CREATE TABLE sample(series INTEGER, time INTEGER, value REAL, quality INTEGER)")
        database.execute("BEGIN")
        for record in records:
            series, time = int(record["meter"]) * count, int(record["time"])
            database.executemany(
                "INSERT INTO sample VALUES (?, ?, ?, 0)",
                [(series + place, time, value) for place, value in enumerate(record["values"].tolist())])
        database.execute("COMMIT")
        database.execute("VACUUM")
        database.close()
        return os.path.getsize(path) / (len(records) * count)


def csv_zstd(parts, names):
    """A file a day of all meters, a line a poll, the shortest digits that give the same value back."""
    total = 0
    for _, day in itertools.groupby(parts, key=lambda part: int(part["received"][0]) // DAY_MS):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["meter", "time", "quality", *names])
        for part in day:
            times = numpy.datetime_as_string(part["time"].astype("datetime64[ms]"))
            native = part["values"].astype(part["values"].dtype.newbyteorder("="))
            for meter, time, values in zip(part["meter"].tolist(), times, native):
                writer.writerow([f"meter-{meter}", f"{time}Z", "good", *map(str, values)])
        total += len(zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(text.getvalue().encode()))
    return total


def written(table, encodings):
    """Octets of a Parquet file; encodings: by column, `dictionary` or an encoding."""
    out = io.BytesIO()
    plain = {name: encoding for name, encoding in encodings.items() if encoding != "dictionary"}
    with pyarrow.parquet.ParquetWriter(
            out, table[0].schema, version="2.6", data_page_version="2.0", compression="zstd", compression_level=LEVEL,
            use_dictionary=[name for name, encoding in encodings.items() if encoding == "dictionary"],
            column_encoding=plain, write_statistics=False, store_schema=False) as writer:
        for part in table:
            writer.write_table(part, row_group_size=len(part))
    return len(out.getvalue())


def best_encoding(column):
    """What makes one column smallest, its footer left out by comparing."""
    options = ["dictionary", "PLAIN"]
    if pyarrow.types.is_floating(column.type):
        options.append("BYTE_STREAM_SPLIT")
    elif column.type != pyarrow.string():
        options += ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    table = [pyarrow.table({"x": column})]
    return min(options, key=lambda encoding: written(table, {"x": encoding}))


def scaled(columns, decimals):
    return [numpy.rint(column.astype("f8") * 10.0**places).astype("i4") for column, places in zip(columns, decimals)]


def known_decimals(records):
    """By point: the fewest decimals that give every value back; None where there are none."""
    result = []
    for place in range(records["values"].shape[1]):
        values = records["values"][:, place].astype("f8")
        def keeps(d):
            return numpy.array_equal((numpy.rint(values * 10.0**d) / 10.0**d).astype(">f4"), records["values"][:, place])
        result.append(next(filter(keeps, range(5)), None))
    return result


def parquet(parts, names, decimals):
    """A wide table: a file of all, a row group a meter and day; values as decimals (integers) where these are known."""
    tables = []
    for part in parts:
        columns = {"time": pyarrow.array(part["time"].astype("i8"), pyarrow.timestamp("ms")),
                   "quality": pyarrow.array(numpy.zeros(len(part), "u1"))}
        for place, name in enumerate(names):
            values = part["values"][:, place]
            if decimals and decimals[place] is not None:
                values = scaled([values], [decimals[place]])[0]
            columns[name] = pyarrow.array(values.astype(values.dtype.newbyteorder("=")))
        tables.append(pyarrow.table(columns))
    encodings = {name: best_encoding(tables[0][name].combine_chunks()) for name in tables[0].column_names}
    return written(tables, encodings), encodings


def together(parts):
    """All days of a meter, at most 30, in one."""
    runs = {}
    for part in parts:
        runs.setdefault(int(part["meter"][0]), []).append(part)
    return [numpy.concatenate(days[begin:begin + 30]) for days in runs.values() for begin in range(0, len(days), 30)]


def main():
    names, records = read(sys.argv[1])
    parts = days(records)
    samples = len(records) * len(names)
    result = {"samples": samples, "sqlite": sqlite_row_per_sample(records, len(names))}
    # Compressing takes long: so many days of a meter, spread over all, stand for the rest.
    chosen = parts[::max(1, len(parts) // int(sys.argv[2]))] if len(sys.argv) > 2 else parts
    count = sum(map(len, chosen)) * len(names)
    result["csv_zstd"] = csv_zstd(chosen, names) / count
    size, encodings = parquet(chosen, names, None)
    result |= {"parquet": size / count, "parquet_encodings": encodings}
    result["parquet_long"] = parquet(together(chosen), names, None)[0] / count
    if records["values"].dtype.kind == "f":
        decimals = known_decimals(records)
        if any(d is not None for d in decimals):
            size, encodings = parquet(chosen, names, decimals)
            result |= {"parquet_decimals": size / count, "parquet_decimals_encodings": encodings}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
