"""Restarts that nobody asked for: in the maintenance window, one cluster at a time. What was asked for waits for neither."""

import datetime

import children
import pytest
from history import History
from manifests import condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def window(hours):
    """One that begins in so many hours."""
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return {"start": start.strftime("%H:%M"), "duration": "4h"}


def new_leaf(kubectl, namespace, secret):
    """A leaf that is made anew restarts pods, and nobody asked for that."""
    before = kubectl.get("secret", secret, namespace)["metadata"]["uid"]
    kubectl.delete("secret", secret, namespace)
    wait_until(f"{secret} anew", lambda: (kubectl.get("secret", secret, namespace) or {"metadata": {"uid": before}})
               ["metadata"]["uid"] != before)


def tservers(kubectl, name, namespace):
    return {pod: uid for pod, uid in children.pods(kubectl, name, namespace).items() if "tserver" in pod}


def tservers_of_all(kubectl, namespace):
    """{cluster: uids}, of one moment."""
    found = {}
    for pod in kubectl.list("pods", namespace, "app.kubernetes.io/component=tserver"):
        if "deletionTimestamp" not in pod["metadata"]:
            found.setdefault(pod["metadata"]["labels"]["yugabyte.com/cluster"], set()).add(pod["metadata"]["uid"])
    return found


def test_one_cluster_at_a_time(kubectl, namespace):
    names = ("one", "two")
    kubectl.apply(*(yb_cluster(name, maintenanceWindow=window(-1)) for name in names), namespace=namespace)
    for name in names:
        wait_for_ready(kubectl, name, namespace, ROLLOUT)
    before = tservers_of_all(kubectl, namespace)
    for name in names:
        kubectl.delete("secret", f"{name}-tserver-tls", namespace)

    def done():
        now = tservers_of_all(kubectl, namespace)
        left = {name: len(now[name] & before[name]) for name in names}
        begun = [name for name in names if 0 < left[name] < 3]
        if len(begun) > 1:
            pytest.fail(f"both at once: {left}")
        return all(len(now[name] - before[name]) == 3 for name in names)
    wait_until("every tserver new", done, ROLLOUT, 0.1)
    for name in names:
        wait_for_ready(kubectl, name, namespace)


def test_outside_of_the_window_only_what_was_asked_for(kubectl, namespace):
    kubectl.apply(yb_cluster("one", maintenanceWindow=window(8)), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    new_leaf(kubectl, namespace, "one-master-tls")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "CertificatesReady", "False", "NotServedByAll")
    stays("no pod restarts", lambda: children.pods(kubectl, "one", namespace) == before, 5)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"ysql": {"port": 6543}}}})
    wait_until("tservers listen on the port that the Service has", lambda: not set(before.values()) & set(
        tservers(kubectl, "one", namespace).values()) and len(tservers(kubectl, "one", namespace)) == 3, ROLLOUT)
    now = children.pods(kubectl, "one", namespace)
    assert all(now[pod] == uid for pod, uid in before.items() if "master" in pod), "masters wait for the window"


def test_the_first_status_says_that_nothing_is_known(kubectl, namespace):
    with History(kubectl, f"/apis/yugabyte.com/v1beta1/namespaces/{namespace}/ybclusters") as history:
        kubectl.apply(yb_cluster("one"), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        told = [live for _, _, kind, live in history.so_far() if kind in ("ADDED", "MODIFIED") and live.get("status")]
    assert condition(told[0], "Ready")["status"] == "Unknown" and condition(told[0], "Reconciling")["status"] == "True"
    assert told[0]["status"]["observedGeneration"] == 1
