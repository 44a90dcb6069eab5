"""What an archive says of when things were read."""

import sqlite3


def lateness(directory, since_ms, until_ms):
    """Milliseconds from due to received of every poll whose slot lies in [since, until), and how many went wrong.

    Returns (latenesses in ascending order, polls that were not ok, slots recorded as missed).
    """
    late, failed, missed = [], 0, 0
    for file in sorted((directory / "archive").rglob("*.sqlite")):
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        if "observation" not in tables:
            continue
        for kind, due, received, outcome in database.execute(
                "SELECT kind, due, received, outcome FROM observation WHERE due >= ? AND due < ?",
                (since_ms, until_ms)):
            if kind == 1:
                missed += 1
            elif kind == 0 and outcome == 0:
                late.append(received - due)
            elif kind == 0:
                failed += 1
        database.close()
    late.sort()
    return late, failed, missed


def percentile(ordered, share):
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
