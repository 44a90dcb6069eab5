"""What an archive says of when things were read."""

import collections
import sqlite3

POLL, MISSED = 0, 1

Row = collections.namedtuple("Row", "meter kind due received outcome")


def polls(directory, since_ms, until_ms):
    """Polls, and slots recorded as missed, whose slot lies in [since, until)."""
    rows = []
    for file in sorted((directory / "archive").rglob("*.sqlite")):
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        if "observation" in tables:
            rows += map(Row._make, database.execute(
                "SELECT meter_id, kind, due, received, outcome FROM observation JOIN meter ON meter.id = meter "
                "WHERE due >= ? AND due < ? AND kind IN (0, 1)", (since_ms, until_ms)))
        database.close()
    return rows


def lateness(directory, since_ms, until_ms):
    """Milliseconds from due to received of every poll whose slot lies in [since, until), and how many went wrong.

    Returns (latenesses in ascending order, polls that were not ok, slots recorded as missed).
    """
    return summary(polls(directory, since_ms, until_ms))


def summary(rows):
    late = sorted(row.received - row.due for row in rows if row.kind == POLL and row.outcome == 0)
    failed = sum(1 for row in rows if row.kind == POLL and row.outcome != 0)
    missed = sum(1 for row in rows if row.kind == MISSED)
    return late, failed, missed


def percentile(ordered, share):
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
