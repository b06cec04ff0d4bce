"""Two operators: one that was stopped in the midst of a write, and wakes when the other has taken over, writes nothing."""

import json
import os
import signal
import time

import snapshot
from cases import Case, chosen, named
from fault_proxy import FaultProxy
from hands import Hands
from lane import lead_through
from operator_process import Operator
from waiting import wait_until
from workloads import WORKLOADS

TAKE_OVER = 20  # seconds
WORKLOADS_OF_ALL_SORTS = ("create", "change-flags", "grow-volumes", "delete-delete", "edit-list", "list-deleted", "rotate-ca")
BY_NAME = {workload.name: workload for workload in WORKLOADS}


class Candidate:
    """An operator with its own way to the API server, and the token of the lane."""

    def __init__(self, lane, name):
        self.home = lane.home.copy(lane.home.folder.parent / name)
        (self.home.folder / "softhsm2.conf").write_text((lane.home.folder / "softhsm2.conf").read_text())
        self.proxy = FaultProxy(lane.plane, lane.api, self.home.folder)
        lead_through(self.home, self.proxy)
        self.prepare()
        self.operator = Operator(self.home, "--leader-elect", f"--namespaces={lane.namespace}", "--metrics-port=0")
        self.operator.start(ready=False)
        self.proxy.operator(self.operator.process.pid)

    def prepare(self):
        """Whatever else its home needs."""

    def leads(self):
        return '"reconciling"' in self.operator.log_file.read_text()

    def fired(self):
        return self.proxy.state()["fired"]

    def writes_since(self, moment):
        """What it wrote after a moment; and of its Lease what the API server took."""
        return [one for one in self.proxy.log(0, True) if one["at"] > moment
                and (one["resource"] != "leases" or one.get("status", 0) < 300)]

    def close(self):
        if self.operator.running:
            os.kill(self.operator.process.pid, signal.SIGCONT)
            self.operator.kill()
        self.proxy.close()


def classes(cases):
    """The first write of each sort that any of these workloads makes."""
    found = {}
    for name in WORKLOADS_OF_ALL_SORTS:
        for one in cases.undisturbed(BY_NAME[name]).requests:
            what = one["verb"], one["resource"], one.get("subresource", "")
            if one.get("write") and one["resource"] != "leases" and what not in found:
                found[what] = Case(name, "leader stopped", (
                    ("verb", what[0]), ("resource", what[1]), ("subresource", what[2]), ("action", "stop")))
    return list(found.values())


def stopped(first, second, hands, case):
    """The leader sleeps from a write on; the other one takes over and finishes; then the first one wakes."""
    workload = BY_NAME[case.workload]
    wait_until("the first one leads", first.leads, 30)
    for step in workload.setup:
        step.act(hands)
        hands.settle(step)
    first.proxy.arm(case.rule)
    for step in workload.steps:
        step.act(hands)
        if not first.fired():
            wait_until("its write comes", first.fired, 30, 0.02)
            asleep = time.monotonic()
            wait_until("the other one leads", second.leads, TAKE_OVER + 10, 0.1)
            took = time.monotonic() - asleep
            assert took < TAKE_OVER, f"took over after {took:.1f} s"
        hands.settle(step)
    awake = time.time()
    os.kill(first.operator.process.pid, signal.SIGCONT)
    code = first.operator.process.wait(15)
    assert code == 0, f"woken, it ended with {code}"
    first.operator.check_log()
    written = first.writes_since(awake)
    assert not written, f"woken, it wrote: {json.dumps(written[:3])}"


def differences(cases, lane, case):
    return snapshot.differences(cases.undisturbed(BY_NAME[case.workload]).end, snapshot.take(lane.api.everything(lane.namespace)))


def test_a_leader_that_was_stopped_writes_nothing_when_it_wakes(cases, table, request):
    """One case after the other, for there is one Lease."""
    option = request.config.getoption
    wrong = []
    for number, case in enumerate(chosen(named(classes(cases), option("--case")), option("--sample"), option("--seed"), option("--shard"))):
        if str(case) in table.done:
            continue
        started, problems, candidates = time.monotonic(), [], []
        lane = cases.free.get()
        lane.begin()
        lane.supervised.operator.stop()
        try:
            for name in ("first", "second"):
                candidates.append(Candidate(lane, f"{name}-{number}"))
                wait_until("the first one leads", candidates[0].leads, 30)
            stopped(*candidates, Hands(lane.api, lane.namespace), case)
            problems = differences(cases, lane, case)
            candidates[1].operator.stop()
        except AssertionError as error:
            problems = [str(error)]
        finally:
            for one in candidates:
                one.close()
            lane.abandon()
            cases.free.put(lane)
        table.add(case, case.fault, "failed" if problems else "passed", problems, time.monotonic() - started)
        wrong += [f"{case}: {problem}" for problem in problems]
    assert not wrong, "\n".join(wrong)
