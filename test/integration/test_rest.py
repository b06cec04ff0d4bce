"""At rest the operator writes nothing but its Lease, by the API server's own count."""

import time

import pytest
from control_plane import changed
from manifests import allow_list, wait_for_ready, yb_cluster
from operator_process import Operator

REST = 60


@pytest.fixture(scope="module")
def operator(home):
    """As it is deployed: with a Lease, which is all that it may write."""
    one = Operator(home, "--leader-elect").start()
    yield one
    one.stop()


@pytest.fixture
def converged(kubectl, operator, new_namespace):
    first, second = new_namespace("-1"), new_namespace("-2")
    kubectl.apply(allow_list("offices", "198.51.100.0/24", "2001:db8:7::/48"),
                  yb_cluster("one", allowLists=["offices"]), yb_cluster("two", endpoints={"exposure": "Public"}),
                  namespace=first)
    kubectl.apply(yb_cluster("one"), namespace=second)
    for name, namespace in (("one", first), ("two", first), ("one", second)):
        wait_for_ready(kubectl, name, namespace)
    return operator


def operators_writes(plane, operator):
    """By the audit log; of its Lease there may be as many as there like."""
    return [entry for entry in plane.audit(operator.home.user) if entry[1] != "leases"]


def renewals(plane, operator):
    return sum(entry[1] == "leases" for entry in plane.audit(operator.home.user))


def test_nobody_writes_at_rest(plane, converged):
    plane.wait_for_quiet()
    before, ours = plane.writes(), len(operators_writes(plane, converged))
    assert ours > 20, "the audit log knows what was written until now"
    leases = renewals(plane, converged)
    time.sleep(REST)
    assert operators_writes(plane, converged)[ours:] == []
    assert renewals(plane, converged) > leases, "the Lease is renewed"
    assert changed(before, plane.writes()) == {}


def test_a_restart_writes_nothing(plane, kubectl, converged):
    plane.wait_for_quiet()
    before, ours = plane.writes(), len(operators_writes(plane, converged))
    converged.stop()
    converged.start()
    time.sleep(20)
    assert operators_writes(plane, converged)[ours:] == []
    assert changed(before, plane.writes()) == {}
