"""What came of the cases: a file that a later run goes on from, and the table of the README."""

import collections
import hashlib
import json
import threading

OUTCOMES = ("passed", "failed", "known", "not reached")
FINISHED = ("passed", "known")


class Table:
    """Lines of the file: {"case", "class", "outcome", "problems", "seconds", "together", "operator"}, together: how many cases
    the run made. A case that met its fault
    and passed with this very operator is not run again."""

    def __init__(self, path, program):
        self.path, self.lock, self.rows, self.planned, self.runs = path, threading.Lock(), [], collections.Counter(), 0
        self.operator = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
        self.done = set()
        if path and path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                if row["operator"] == self.operator and row["outcome"] in FINISHED:
                    self.rows.append(row)
                    self.done.add(row["case"])

    def add(self, case, kind, outcome, problems, seconds, together=1):
        row = {"case": str(case), "class": kind, "outcome": outcome, "problems": problems, "seconds": round(seconds, 1),
               "together": together, "operator": self.operator}
        with self.lock:
            self.rows.append(row)
            if self.path:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")

    def plan(self, cases, runs):
        """What would be run."""
        self.planned.update(case.sort for case in cases)
        self.runs += runs

    def never_met(self, kinds, enough):
        """Classes of fault of which there are enough cases, none of which met its fault."""
        met = {row["class"] for row in self.rows if row["outcome"] != "not reached"}
        number = collections.Counter(row["class"] for row in self.rows)
        return [kind for kind in sorted(set(kinds) - met) if number[kind] >= enough]

    def text(self):
        """One line a class of fault, in Markdown."""
        if self.planned:
            return "\n".join([*(f"| {kind} | {number} |" for kind, number in sorted(self.planned.items())),
                              f"{self.planned.total()} cases in {self.runs} runs"])
        counted = collections.defaultdict(collections.Counter)
        for row in self.rows:
            counted[row["class"]][row["outcome"]] += 1
        lines = [f"| fault | cases | {' | '.join(OUTCOMES)} |", f"|---|---|{'---|' * len(OUTCOMES)}"]
        for kind, found in sorted(counted.items()):
            lines.append(f"| {kind} | {found.total()} | {' | '.join(str(found[outcome]) for outcome in OUTCOMES)} |")
        return "\n".join(lines)
