"""Two operators: one that was stopped in the midst of a write, and wakes when the other has taken over, writes nothing."""

import json
import os
import signal
import time

import snapshot
from candidates import one_after_the_other
from cases import Case
from leases import TAKE_OVER
from waiting import wait_until
from workloads import WORKLOADS

WORKLOADS_OF_ALL_SORTS = ("create", "change-flags", "grow-volumes", "delete-delete", "edit-list", "list-deleted", "rotate-ca")
BY_NAME = {workload.name: workload for workload in WORKLOADS}


def stop_at(workload, verb, resource, subresource=""):
    return Case(workload, "leader stopped", (("verb", verb), ("resource", resource), ("subresource", subresource), ("action", "stop")))


def classes(cases):
    """The first write of each sort that any of these workloads makes, and a renewal of the Lease, which none records."""
    found = {("update", "leases", ""): stop_at("create", "update", "leases")}
    for name in WORKLOADS_OF_ALL_SORTS:
        for one in cases.undisturbed(BY_NAME[name]).requests:
            what = one["verb"], one["resource"], one.get("subresource", "")
            if one.get("write") and one["resource"] != "leases" and what not in found:
                found[what] = stop_at(name, *what)
    return list(found.values())


def stopped(first, second, hands, case):
    """The leader sleeps from a write on; the other one takes over and finishes; then the first one wakes."""
    workload = BY_NAME[case.workload]
    for step in workload.setup:
        step.act(hands)
        hands.settle(step)
    first.proxy.arm(case.rule)
    for step in workload.steps:
        step.act(hands)
        if not first.fired():
            wait_until("its write comes", first.fired, 60, 0.02)
            asleep = time.monotonic()
            wait_until("the other one leads", second.leads, TAKE_OVER + 10, 0.1)
            took = time.monotonic() - asleep
            assert took < TAKE_OVER, f"took over after {took:.1f} s"
        hands.settle(step)
    awake = time.time()
    os.kill(first.operator.process.pid, signal.SIGCONT)
    first.ends()
    written = first.writes_since(awake)
    assert not written, f"woken, it wrote: {json.dumps(written[:3])}"


def differences(cases, lane, case):
    return snapshot.differences(cases.undisturbed(BY_NAME[case.workload]).end, snapshot.take(lane.api.everything(lane.namespace)))


def finishes(lane, first, second, hands, case, cases):
    stopped(first, second, hands, case)
    return differences(cases, lane, case)


def test_a_leader_that_was_stopped_writes_nothing_when_it_wakes(cases, table, request):
    one_after_the_other(cases, table, request.config.getoption, classes(cases), finishes)
