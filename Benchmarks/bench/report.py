"""Results for people (a table) and for programs (JSON lines)."""

import json


class Row:
    """One figure: what, how much, beside what, and the aim."""

    def __init__(self, what, value, unit="", peer=None, aim=None, met=None):
        self.what, self.value, self.unit, self.peer, self.aim, self.met = what, value, unit, peer, aim, met


class Report:
    def __init__(self, out, facts):
        self.out, self.facts, self.rows = out, facts, []
        print(f"{facts['machine']}; {facts['commit']}; load {facts['load_before']}; archives on {facts['filesystem']}")

    def add(self, name, results):
        """results: dictionaries with `name`, `rows`, and whatever else is worth keeping."""
        for result in results:
            rows = result.pop("rows")
            void = result.get("disturbed")
            record = {**self.facts, "benchmark": name, **result}
            record["aims"] = [
                {"what": r.what, "value": r.value, "aim": r.aim, "met": None if void else r.met} for r in rows if r.aim]
            self.out.write(json.dumps(record, ensure_ascii=False) + "\n")
            self.out.flush()
            print(f"\n{result['name']}")
            if void:
                print(f"  VOID, the machine was disturbed: {void}. Run it again.")
            for row in rows:
                peer = f"  peer {row.peer}" if row.peer is not None else ""
                aim = f"  aim {row.aim}: {'not judged' if void else 'met' if row.met else 'MISSED'}" if row.aim else ""
                print(f"  {row.what:<44}{row.value:>12} {row.unit:<10}{peer}{aim}")
                if not void:
                    self.rows.append(row)

    def end(self):
        aims = [row for row in self.rows if row.aim]
        print(f"\n{sum(bool(r.met) for r in aims)} of {len(aims)} aims met (timings never fail the run)")
