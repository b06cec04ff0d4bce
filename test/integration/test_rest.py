"""At rest the operator writes nothing but its Lease, by the API server's own audit log, and leaves nobody anything to write."""

import dataclasses
import time

import pytest
from manifests import allow_list, wait_for_ready, yb_cluster
from operator_process import Operator
from waiting import wait_until

REST, RESTART = 60, 20  # seconds
QUIET = 5
TRIES = 3


@pytest.fixture(scope="module")
def operator(home):
    """As it is deployed: with a Lease, which is all that it may write."""
    one = Operator(home, "--leader-elect").start()
    yield one
    one.stop()


@dataclasses.dataclass
class Rest:
    """What counts is what the operator writes anywhere, and anybody in the namespaces of its clusters: a controller that finds no rest
    there would be our doing. Elsewhere others write what is not: a namespace of the test before this one ends, say."""
    plane: object
    operator: Operator
    namespaces: tuple

    def counts(self, entry):
        user, _, kind, where = entry
        return kind != "leases" and (user == self.operator.home.user or where.partition("/")[0] in self.namespaces)

    def written(self, since):
        return [entry for entry in self.plane.audit_of_all(since) if self.counts(entry)]

    def begin(self):
        """Waits until nothing was written for some seconds. The place in the audit log."""
        since, begun = self.plane.audit_end(), time.monotonic()

        def quiet():
            nonlocal since, begun
            wrote = self.written(since)
            if wrote:
                since, begun = self.plane.audit_end(), time.monotonic()
            assert not wrote, wrote
            return time.monotonic() - begun > QUIET
        wait_until("quiet", quiet, 90, 0.5)
        return since

    def lost_a_node(self, since):
        """On a machine that is too busy to renew the Leases of its simulated nodes: pods are not ready then, and that is told."""
        return any(kind.partition("/")[0] == "nodes" for _, _, kind, _ in self.plane.audit_of_all(since))

    def while_all_nodes_are_there(self, act):
        """What was written while act() went on, and the place in the audit log where that began."""
        for _ in range(TRIES):
            since = self.begin()
            act()
            if not self.lost_a_node(since):
                return self.written(since), since
        return pytest.skip(f"this machine is too busy: nodes were lost in each of {TRIES} tries")

    def renewals(self, since):
        return sum(user == self.operator.home.user and kind == "leases" for user, _, kind, _ in self.plane.audit_of_all(since))


@pytest.fixture
def rest(plane, kubectl, operator, new_namespace):
    first, second = new_namespace("-1"), new_namespace("-2")
    one = Rest(plane, operator, (first, second))
    since = plane.audit_end()
    kubectl.apply(allow_list("offices", "198.51.100.0/24", "2001:db8:7::/48"),
                  yb_cluster("one", allowLists=["offices"]), yb_cluster("two", endpoints={"exposure": "Public"}),
                  namespace=first)
    kubectl.apply(yb_cluster("one"), namespace=second)
    for name, namespace in (("one", first), ("two", first), ("one", second)):
        wait_for_ready(kubectl, name, namespace)
    writers = [entry[0] for entry in one.written(since)]
    assert writers.count(operator.home.user) > 20 and len(set(writers)) > 2, "the audit log knows who wrote until now"
    return one


def test_nobody_writes_at_rest(rest):
    written, since = rest.while_all_nodes_are_there(lambda: time.sleep(REST))
    assert written == []
    assert rest.renewals(since), "the Lease is renewed"


def test_a_restart_writes_nothing(rest):
    def restart():
        rest.operator.stop()
        rest.operator.start()
        time.sleep(RESTART)
    assert rest.while_all_nodes_are_there(restart)[0] == []
