"""One run of one workload in a lane, with at most one fault; and what was seen in it."""

import dataclasses
import time

import oracles
import snapshot
from manifests import condition

SETTLED = 1  # seconds without a write, before a state counts as reached


@dataclasses.dataclass
class Result:
    """Of an undisturbed run this is what the others are compared with."""
    problems: list
    fired: list
    end: dict
    counts: dict
    contents: dict
    openings: dict
    requests: list
    kills: int
    seconds: float


class Run:
    def __init__(self, lane, workload, patience=60, quiet=2):
        lane.begin()
        self.react, self.cleanup = None, []
        self.lane, self.workload, self.patience, self.quiet = lane, workload, patience, quiet
        self.api, self.proxy, self.namespace, self.supervised = lane.api, lane.proxy, lane.namespace, lane.supervised
        self.before = {"kills": self.supervised.kills, "log": self.supervised.operator.log_file.stat().st_size,
                       "version": self.version()}

    # What workloads use.

    def get(self, kind, name):
        return self.api.get(kind, name, self.namespace)

    def live(self, kind):
        """What is there and ours, all of it."""
        return [one for one in self.api.list(kind, self.namespace)
                if one["kind"] == "AllowList" or "yugabyte.com/cluster" in one["metadata"].get("labels", {})]

    def apply(self, *documents):
        for document in documents:
            self.api.apply(document, self.namespace)

    def patch(self, name, change):
        self.api.patch("ybclusters", name, self.namespace, change)

    def wait(self, what, check, seconds=None):
        """Until check() is true; meanwhile the operator is looked after."""
        deadline = time.monotonic() + (seconds or self.patience)
        while not (seen := check()):
            self.look_after()
            assert time.monotonic() < deadline, f"{what}: not within {seconds or self.patience} s; {self.conditions()}"
            time.sleep(0.1)
        return seen

    def look_after(self):
        self.supervised.look_after()
        if self.react and self.proxy.state()["fired"]:
            react, self.react = self.react, None
            react(self)

    def conditions(self):
        return "; ".join(
            f"{one['metadata']['name']}: generation {one['metadata']['generation']}/"
            f"{one.get('status', {}).get('observedGeneration')} " + " ".join(
                f"{found['type']}={found['status']} {found['reason']}" for found in one.get("status", {}).get("conditions", []))
            for one in self.api.list("ybclusters", self.namespace)) or "no cluster"

    def observed(self, wanted_ready):
        """Every object's status is of its present generation; and clusters are Ready, if they shall be."""
        for one in self.api.list("ybclusters", self.namespace) + self.api.list("allowlists", self.namespace):
            if one.get("status", {}).get("observedGeneration") != one["metadata"]["generation"]:
                return False
            if wanted_ready and one["kind"] == "YBCluster" and \
                    (condition(one, "Ready").get("status") != "True" or condition(one, "Reconciling")):
                return False
        return True

    def settle(self, step):
        def there():
            return self.observed(step.ready) and step.done(self) and self.proxy.state()["quiet"] > SETTLED \
                and self.observed(step.ready)
        self.wait(f"{self.workload.name}, {step.name}", there)

    # The run.

    def execute(self, rule, also=None, begin=lambda run: None, react=None):
        """Sets up undisturbed, arms the rule (and another one), goes through the steps, and judges. begin(run) is called
        after arming, react(run) when a rule was applied."""
        started = time.monotonic()
        for step in self.workload.setup:
            step.act(self)
            self.settle(step)
        mark, first = self.version(), self.proxy.state()["requests"]
        self.proxy.arm(*filter(None, (also, rule)))
        self.react = react
        begin(self)
        problems = []
        try:
            for step in self.workload.steps:
                step.act(self)
                self.settle(step)
            problems += self.rest()
        except AssertionError as error:
            problems.append(str(error))
        return self.judge(problems, mark, first, started)

    def version(self):
        """The resourceVersion of this moment."""
        return int(self.api.call("GET", self.api.path("ybclusters", self.namespace))["metadata"]["resourceVersion"])

    def rest(self):
        """Nothing is written any more but the Lease."""
        since = self.proxy.state()["requests"]
        time.sleep(self.quiet)
        self.supervised.look_after()
        return [f"at rest: {one['verb']} {one['resource']}/{one.get('subresource', '')} {one.get('name', '')}"
                for one in self.proxy.log(since, True) if one["resource"] not in ("leases", "events")][:3]

    def judge(self, problems, mark, first, started):
        events = [event for event in self.lane.observer.of(self.namespace) if event.version > self.before["version"]]
        fired, requests = self.proxy.state()["fired"], self.proxy.log(first)
        log = self.supervised.operator.log_file.read_bytes()[self.before["log"]:].decode(errors="replace")
        words = oracles.words_that_are_secret(events, self.lane.home)
        told = self.api.call("GET", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")["items"]
        problems += oracles.leaks(words, log, told) + oracles.walls(events)
        problems += oracles.trusts(events) + oracles.stale_reads(requests)
        if not self.workload.stops:
            problems += oracles.quorum(events)
        return Result(problems, fired, snapshot.take(self.api.everything(self.namespace)), oracles.counts(events, requests, mark),
                      oracles.secret_values(events), oracles.opened(events), requests,
                      self.supervised.kills - self.before["kills"],
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
