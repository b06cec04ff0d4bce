"""One run of one workload in a lane, undisturbed or with a fault, or with several; and what was seen in it."""

import dataclasses
import time

import oracles
import snapshot
from hands import Hands, PATIENCE, SETTLED
from token_keys import key_labels


LATE = 20  # seconds that the last status may take after the last step's own state is there


@dataclasses.dataclass
class Result:
    """Of an undisturbed run this is what the others are compared with."""
    problems: list
    fired: set  # ids of rules, and lines of orders
    end: dict
    counts: dict
    contents: dict
    openings: dict
    requests: list
    kills: int
    lost: list  # pods whose simulated node fell silent, which is no fault of anybody who is tested
    seconds: float


class Run(Hands):
    def __init__(self, lane, workload, quiet=2):
        lane.begin()
        super().__init__(lane.api, lane.namespace)
        self.react, self.reacts_to, self.reacted, self.cleanup, self.fired_elsewhere = None, set(), 0, [], lambda: []
        self.lane, self.workload, self.quiet = lane, workload, quiet
        self.proxy, self.supervised = lane.proxy, lane.supervised
        self.before = {"kills": self.supervised.kills, "log": self.supervised.operator.log_file.stat().st_size,
                       "version": self.version()}

    def quiet_since(self):
        return self.supervised.quiet_since()

    def look_after(self):
        self.supervised.look_after()
        fired = self.proxy.state()["fired"] if self.react else []
        for _ in [one for one in fired if one["rule"] in self.reacts_to][self.reacted:]:
            self.reacted += 1
            self.react(self)

    def execute(self, rules, also=None, begin=lambda run: None, react=None, end=None):
        """Sets up undisturbed, arms the rules (and another one), goes through the steps, and judges. begin(run) is called
        after arming, react(run) each time that one of the rules was applied; end is the snapshot to which things should
        come."""
        started = time.monotonic()
        for step in self.workload.setup:
            step.act(self)
            self.settle(step)
        mark, first = self.version(), self.proxy.state()["requests"]
        self.proxy.arm(*filter(None, (also, *rules)))
        self.reacts_to = {rule["id"] for rule in rules}
        self.react = react
        begin(self)
        problems = []
        try:
            for step in self.workload.steps:
                step.act(self)
                self.settle(step)
            self.arrive(end)
            problems += self.rest()
        except AssertionError as error:
            problems.append(str(error))
        return self.judge(problems, mark, first, started)

    def arrive(self, end):
        """A step tells what it is for, and not the last word of each status: time for that to be written as well. What
        differs for good is said by the comparison."""
        deadline = time.monotonic() + LATE + self.patience - PATIENCE
        while end is not None and time.monotonic() < deadline:
            self.look_after()
            if self.quiet_since() > SETTLED and snapshot.take(self.api.everything(self.namespace)) == end:
                return
            time.sleep(0.2)

    def version(self):
        """The resourceVersion of this moment."""
        return int(self.api.call("GET", self.api.path("ybclusters", self.namespace))["metadata"]["resourceVersion"])

    def rest(self):
        """Nothing is written any more but the Lease."""
        since, before = self.proxy.state()["requests"], self.conditions()
        time.sleep(self.quiet)
        self.supervised.look_after()
        wrote = [f"at rest: {one['verb']} {one['resource']}/{one.get('subresource', '')} {one.get('name', '')}"
                 for one in self.proxy.log(since, True) if one["resource"] not in ("leases", "events")][:3]
        return wrote and [*wrote, f"before: {before}", f"now: {self.conditions()}"]

    def judge(self, problems, mark, first, started):
        events = [event for event in self.lane.observer.of(self.namespace) if event.version > self.before["version"]]
        fired = {one["rule"] for one in self.proxy.state()["fired"]} | set(self.fired_elsewhere())
        requests = self.proxy.log(first)
        log = self.supervised.operator.log_file.read_bytes()[self.before["log"]:].decode(errors="replace")
        words = oracles.words_that_are_secret(events, self.lane.home)
        told = self.api.call("GET", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")["items"]
        problems += oracles.leaks(words, log, told) + oracles.walls(events)
        problems += oracles.keys(key_labels(self.lane.home), events)
        problems += oracles.trusts(events) + oracles.stale_reads(requests)
        if not self.workload.stops:
            problems += oracles.quorum(events)
        return Result(problems, fired, snapshot.take(self.api.everything(self.namespace)), oracles.counts(events, requests, mark),
                      oracles.secret_values(events), oracles.opened(events), requests,
                      self.supervised.kills - self.before["kills"], oracles.lost(events),
                      time.monotonic() - started)

    def close(self, well):
        """Takes everything away by the operator's own deletion; says what does not hold there."""
        for step in self.cleanup:
            step()
        try:
            if well:
                self.lane.end()
                return []
        except AssertionError as error:
            well = False
            return [f"afterwards: {error}"]
        finally:
            if not well:
                self.lane.abandon()
        return []


def compare(workload, undisturbed, found, _):
    """Everything that is wrong with a run, beside what it says itself."""
    if workload.races:
        return found.problems + snapshot.differences(undisturbed.end, found.end)
    return found.problems + snapshot.differences(undisturbed.end, found.end) \
        + oracles.compare_counts(undisturbed.counts, found.counts) \
        + oracles.compare_secrets({what: len(values) for what, values in undisturbed.contents.items()}, found.contents) \
        + oracles.compare_openings(undisturbed.openings, found.openings)
