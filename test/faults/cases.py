"""Which faults are tried: derived from the requests that an undisturbed run made."""

import collections
import dataclasses
import hashlib
import random

KILLS = ("kill-before", "kill-after-commit", "kill-after-reply")
LONG_REST = 50  # one case of so many is watched for longer when all is done


@dataclasses.dataclass(frozen=True)
class Case:
    workload: str
    fault: str
    target: tuple = ()  # of pairs that make a rule of the proxy
    options: tuple = ()  # of pairs: what else Run.execute() is told
    slow: bool = False  # minutes, and in no sample
    kind: str = ""  # the class of fault in the table, where that is not the fault itself

    @property
    def number(self):
        """The same in every run, and as good as random."""
        return int(hashlib.sha256(str(self).encode()).hexdigest(), 16)

    @property
    def rests_long(self):
        return self.number % LONG_REST == 0

    @property
    def sort(self):
        """The class of fault."""
        return self.kind or self.fault

    def more(self):
        return dict(self.options)

    @property
    def rule(self):
        return {"id": self.fault, **dict(self.target)} if self.target else None

    @property
    def rules(self):
        """Those of the proxy: its own, and another one if its options say so."""
        return [rule for rule in (self.more().get("also"), self.rule) if rule]

    @property
    def orders(self):
        """What the token is told; None: nothing."""
        begin = self.more().get("begin")
        return begin if hasattr(begin, "alike") else None

    @property
    def lines(self):
        return self.orders.lines if self.orders else ()

    @property
    def alike(self):
        """Cases that have this in common may share a run: they need no more than a rule, or an order, of their own."""
        if self.orders and self.orders.alike:
            return self.workload, self.orders.alike
        if self.target and all(name == "react" for name, _ in self.options):
            return self.workload, self.fault, self.options
        return str(self)

    @property
    def place(self):
        """The how-manyth request, or call, it is of its sort."""
        return int(self.lines[0].split()[1]) if self.orders else dict(self.target).get("nth", 1)

    def __str__(self):
        rule = self.rule or {}
        if "resource" not in rule:
            return f"{self.workload}: {self.fault}"
        what = "/".join(filter(None, (rule.get("resource"), rule.get("subresource"), rule.get("name"))))
        return f"{self.workload}: {self.fault} at {rule.get('verb', '')} {what} #{rule.get('nth', 1)}"


def targets(requests, writes_only):
    """Each request by what it is and the how-manyth of these it is: their order differs from run to run."""
    seen = collections.Counter()
    for one in requests:
        if one["verb"] == "watch" or writes_only and not one.get("write") or one["resource"] == "leases":
            continue
        name = "" if one["resource"] == "events" else one.get("name", "")
        what = (("verb", one["verb"]), ("resource", one["resource"]), ("subresource", one.get("subresource", "")), ("name", name))
        seen[what] += 1
        yield (*what, ("nth", seen[what]))


def kills(workload, requests):
    return [Case(workload, kill, (*target, ("action", kill)))
            for target in targets(requests, True) for kill in KILLS]


def bundles(cases, size):
    """Cases that one run can make, up to so many: the same fault at different requests or calls. Where a rule or an order is followed,
    those behind it do not count, so that those of one sort come in the order of their numbers."""
    alike = collections.defaultdict(list)
    for case in sorted(cases, key=lambda case: case.number):
        alike[case.alike].append(case)
    for group in alike.values():
        for first in range(0, len(group), size):
            yield sorted(group[first:first + size], key=lambda case: case.place)


def named(cases, text):
    """Those whose names hold one of the texts between "|"."""
    return [case for case in cases if any(part in str(case) for part in text.split("|"))]


def chosen(cases, most, seed, shard):
    """The cases of this shard (number, of how many), or a sample of them that the seed determines."""
    number, of = shard
    mine = [case for case in cases if case.number % of == number - 1]
    if most is None:
        return mine
    mine = [case for case in mine if not case.slow]
    if len(mine) <= most:
        return mine
    return random.Random(f"{seed} {mine[0].workload}").sample(sorted(mine, key=str), most)  # requests race: their order is no order
