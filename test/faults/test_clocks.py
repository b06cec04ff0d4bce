"""The wall clock of the leader jumps by an hour, to either side: it stays the leader and writes nothing for it, what it is told
to do it does, and what expires by its clock is closed. Another one takes over in time when it is gone."""

import time

import pytest
from candidates import Candidate
from cases import Case
from clock import Clock
from hands import Hands
from leases import TAKE_OVER
from manifests import allow_list
from waiting import wait_until
from workloads import HOME, OFFICE, SMALL, create, in_seconds, open_to, patch, ready_pods

LEASE = 15  # seconds that it lasts without a renewal
HOUR = 3600


class Jumping(Candidate):
    """An operator whose wall clock can be set."""

    def prepare(self):
        self.clock = Clock(self.home)


def contents(hands):
    """What would differ if anything had been issued, restarted or opened."""
    secrets = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in hands.live("secrets")}
    return secrets, {one["metadata"]["uid"] for one in hands.live("pods")}


def takes_no_notice(first, second, hands):
    """Longer than the Lease lasts: nobody writes, and it stays where it is."""
    before, since = contents(hands), time.time()
    time.sleep(LEASE + 5)
    assert not [one for one in first.writes_since(since) if one["resource"] not in ("leases", "events")]
    assert not second.leads() and first.operator.running
    assert contents(hands) == before


def obeys(first, second, hands):
    nodes = len([pod for pod in hands.live("pods") if "tserver" in pod["metadata"]["name"]]) + 1
    step = patch("one node more", {"spec": {"nodes": nodes}}, ready_pods(nodes + 1))
    step.act(hands)
    hands.settle(step)
    assert not second.leads() and first.operator.running


def closes(hands):
    """What ends in half an hour has ended by a clock that is an hour ahead."""
    hands.apply(allow_list("office", OFFICE, {"cidr": HOME, "expiresAt": in_seconds(HOUR // 2)}))
    hands.wait("what has not expired is open, and nothing else", lambda: open_to(OFFICE)(hands))


def jump(lane, seconds, candidates):
    for name in ("first", "second"):
        candidates.append(Jumping(lane, f"clock-{name}-{seconds}"))
        wait_until("the first one leads", candidates[0].leads)
    first, second = candidates
    hands = Hands(lane.api, lane.namespace)
    made = create("one", lists=[allow_list("office", OFFICE)], allowLists=["office"], **SMALL)
    made.act(hands)
    hands.settle(made)
    first.clock.set(seconds)
    takes_no_notice(first, second, hands)
    obeys(first, second, hands)
    if seconds > 0:
        closes(hands)
    first.operator.kill()
    wait_until("the other one leads", second.leads, TAKE_OVER, 0.1)
    second.operator.stop()


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_leader_whose_clock_jumps(cases, seconds):
    candidates = []
    with cases.scene(Case("small cluster", f"clock jumps by {seconds} s"), "the leader's clock jumps") as lane:
        lane.supervised.operator.stop()
        try:
            jump(lane, seconds, candidates)
        finally:
            for one in candidates:
                one.close()
