"""What came of the cases: a file that a later run goes on from, and the table of the README."""

import collections
import hashlib
import json
import threading

OUTCOMES = ("passed", "failed", "known", "not reached")
FINISHED = ("passed", "known")


class Table:
    """Lines of the file: {"case", "class", "outcome", "problems", "seconds", "operator"}. A case that met its fault
    and passed with this very operator is not run again."""

    def __init__(self, path, program):
        self.path, self.lock, self.rows = path, threading.Lock(), []
        self.operator = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
        self.done = set()
        if path and path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                if row["operator"] == self.operator and row["outcome"] in FINISHED:
                    self.rows.append(row)
                    self.done.add(row["case"])

    def add(self, case, kind, outcome, problems, seconds):
        row = {"case": str(case), "class": kind, "outcome": outcome, "problems": problems, "seconds": round(seconds, 1),
               "operator": self.operator}
        with self.lock:
            self.rows.append(row)
            if self.path:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")

    def never_met(self, kinds, enough):
        """Classes of fault of which there are enough cases, none of which met its fault."""
        met = {row["class"] for row in self.rows if row["outcome"] != "not reached"}
        number = collections.Counter(row["class"] for row in self.rows)
        return [kind for kind in sorted(set(kinds) - met) if number[kind] >= enough]

    def text(self):
        """One line a class of fault, in Markdown."""
        counted = collections.defaultdict(collections.Counter)
        for row in self.rows:
            counted[row["class"]][row["outcome"]] += 1
        lines = [f"| fault | cases | {' | '.join(OUTCOMES)} |", f"|---|---|{'---|' * len(OUTCOMES)}"]
        for kind, found in sorted(counted.items()):
            lines.append(f"| {kind} | {found.total()} | {' | '.join(str(found[outcome]) for outcome in OUTCOMES)} |")
        return "\n".join(lines)
