"""Certificates that fall due by time alone, for an operator that comes back later."""

import children
import pytest
from clock import Clock
from manifests import wait_for_condition, wait_for_ready, yb_cluster
from operator_process import Operator
from test_rotation import all_replaced, certificates, rotated, serials
from test_window import window
from waiting import stays, wait_until

MINUTE = 60
TLS = {"duration": "20m", "renewBefore": "10m", "caDuration": "4h", "caOverlap": "2s"}


@pytest.fixture
def away(home, tmp_path_factory):
    """away(seconds): the operator ends, and starts anew when its clock is so far ahead."""
    one = home.copy(tmp_path_factory.mktemp("renewal") / "home")
    clock, running = Clock(one), []

    def come_back(seconds):
        if running:
            running.pop().stop()
        clock.set(seconds)
        running.append(Operator(one).start())

    yield come_back
    running.pop().stop()


def test_what_falls_due_is_renewed(kubectl, namespace, away):
    away(0)
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", tls=TLS), namespace=namespace)
    assert wait_for_ready(kubectl, "one", namespace)["status"]["certificates"]["generation"] == 1
    root, = certificates(kubectl, namespace, "root.crt")
    before, pods = serials(kubectl, namespace), children.pods(kubectl, "one", namespace)

    away(5 * MINUTE)
    stays("nothing is due", lambda: serials(kubectl, namespace) == before, 3, 1)
    assert children.pods(kubectl, "one", namespace) == pods

    away(11 * MINUTE)
    wait_until("leaves are new", lambda: not set(serials(kubectl, namespace).values()) & set(before.values()))
    all_replaced(kubectl, namespace, pods)
    assert certificates(kubectl, namespace, "root.crt") == [root], "the CA has hours yet"

    away(3 * 60 * MINUTE + 45 * MINUTE)
    new_root = rotated(kubectl, namespace, root)
    fingerprint = new_root.fingerprint(new_root.signature_hash_algorithm).hex()

    def told():
        status = wait_for_ready(kubectl, "one", namespace)["status"]
        return status["certificates"]["generation"] == 2 \
            and status["rootCA"]["fingerprint"].lower().replace(":", "").endswith(fingerprint)
    wait_until("status tells of the second CA", told)

    # So long that the CA itself has ended: nothing can be issued under it, and a new one is not waited for.
    away(24 * 60 * MINUTE)
    third = rotated(kubectl, namespace, new_root)
    assert third.not_valid_after_utc > new_root.not_valid_after_utc
    wait_for_ready(kubectl, "one", namespace)
    kubectl.delete("ybclusters", "--all", namespace, "--timeout=60s")


def test_no_window_is_waited_for_when_the_old_leaf_ends_soon(kubectl, namespace, away):
    away(0)
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", tls=TLS, maintenanceWindow=window(8)), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before, pods = serials(kubectl, namespace), children.pods(kubectl, "one", namespace)

    away(11 * MINUTE)
    wait_until("leaves are new", lambda: not set(serials(kubectl, namespace).values()) & set(before.values()))
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "CertificatesReady", "False", "NotServedByAll")
    stays("the restart waits for the window", lambda: children.pods(kubectl, "one", namespace) == pods, 3, 1)

    away(16 * MINUTE)
    all_replaced(kubectl, namespace, pods)
    wait_for_ready(kubectl, "one", namespace)
    kubectl.delete("ybclusters", "--all", namespace, "--timeout=60s")


def test_a_leaf_that_a_clock_which_was_ahead_has_made_is_made_anew(kubectl, namespace, away):
    away(0)
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = serials(kubectl, namespace)

    away(120 * MINUTE)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "ahead"}}})
    wait_until("leaves of the future", lambda: not set(serials(kubectl, namespace).values()) & set(before.values()))
    ahead = serials(kubectl, namespace)
    wait_for_ready(kubectl, "one", namespace)

    away(0)
    wait_until("leaves of today", lambda: not set(serials(kubectl, namespace).values()) & set(ahead.values()))
    wait_for_ready(kubectl, "one", namespace)
    after = serials(kubectl, namespace)
    stays("once is enough", lambda: serials(kubectl, namespace) == after, 4, 1)
    kubectl.delete("ybclusters", "--all", namespace, "--timeout=60s")
