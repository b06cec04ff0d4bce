"""NetworkIsolated: what a probe from the operator's side meets, on real sockets.

No network that enforces policies can be had here, and KWOK's pods have addresses that nobody answers. So the pods are given
addresses of loopback, and this test is their network: what it lets through, refuses and drops are real TCP connections."""

import contextlib
import json
import socket

import pytest
from manifests import condition, wait_for_condition, wait_for_ready, yb_cluster
from operator_process import Operator
from waiting import stays, wait_until

GRANTED, UNGRANTED = 9000, 9100
ADDRESSES = [f"127.77.{ordinal}.1" for ordinal in range(3)]


@contextlib.contextmanager
def listening(port, *, drops=False):
    """Somebody listens at every tserver. A queue that is full answers no SYN, as a policy that is enforced would not."""
    with contextlib.ExitStack() as sockets:
        for address in ADDRESSES:
            one = sockets.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address, port))
            one.listen(0 if drops else 64)
            for _ in range(4 if drops else 0):
                filler = sockets.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((address, port))
        yield


@pytest.fixture
def tservers(kubectl, operator, namespace):
    """A cluster that is ready, whose tservers are at addresses of loopback. Its operator has ended."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    told = condition(kubectl.get("ybcluster", "one", namespace), "NetworkIsolated")
    assert (told["status"], told["reason"]) == ("Unknown", "EnforcementNotProbed") and "outside" in told["message"]
    operator.stop()
    try:
        for ordinal, address in enumerate(ADDRESSES):
            kubectl("patch", "pod", f"one-tserver-{ordinal}", "-n", namespace, "--subresource=status", "--type=json", "-p",
                    json.dumps([{"op": "replace", "path": "/status/podIP", "value": address},
                                {"op": "replace", "path": "/status/podIPs", "value": [{"ip": address}]}]))
        yield namespace
    finally:
        operator.start()


@pytest.fixture
def inside(home):
    """An operator that takes itself for a pod, as it does by its service account in one."""
    @contextlib.contextmanager
    def run():
        one = Operator(home, "--in-cluster").start()
        try:
            yield one
        finally:
            one.stop()
    return run


MEASURED_AGAIN = 150  # seconds: what was not measured at the first try comes a minute later


def measured(kubectl, namespace, status, reason):
    return wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", status, reason, MEASURED_AGAIN)


def test_what_is_measured_is_what_is_said(kubectl, plane, tservers, inside):
    namespace = tservers
    with listening(GRANTED), listening(UNGRANTED, drops=True), inside():
        measured(kubectl, namespace, "True", "Enforced")
        wait_for_ready(kubectl, "one", namespace)
        plane.wait_for_quiet(8)
    with listening(GRANTED), listening(UNGRANTED), inside():
        # What was true stands until the next measurement, and no longer.
        measured(kubectl, namespace, "False", "NotEnforced")
        assert condition(kubectl.get("ybcluster", "one", namespace), "Ready")["reason"] == "NotEnforced"
    with listening(UNGRANTED, drops=True), inside():
        told = measured(kubectl, namespace, "Unknown", "EnforcementNotProbed")
        assert "9000" in told["message"], "nothing answers where something must: the silence proves nothing"
    with listening(GRANTED), inside():
        told = wait_until("refused", lambda: "refused" in condition(
            kubectl.get("ybcluster", "one", namespace), "NetworkIsolated")["message"], MEASURED_AGAIN)


def test_a_foreign_policy_counts_before_any_probe(kubectl, tservers, inside):
    namespace = tservers
    foreign = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "let-all-in"},
               "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}
    with listening(GRANTED), listening(UNGRANTED, drops=True), inside():
        measured(kubectl, namespace, "True", "Enforced")
        kubectl.apply(foreign, namespace=namespace)
        told = measured(kubectl, namespace, "False", "ForeignPolicy")
        assert "let-all-in" in told["message"]
        assert condition(kubectl.get("ybcluster", "one", namespace), "Ready")["reason"] == "ForeignPolicy"
        stays("it is named and left alone", lambda: kubectl.get("networkpolicy", "let-all-in", namespace), 3)
        kubectl.delete("networkpolicy", "let-all-in", namespace)
        measured(kubectl, namespace, "True", "Enforced")
        wait_for_ready(kubectl, "one", namespace)
