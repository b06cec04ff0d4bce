"""What is on its way out, and is held there by somebody's finalizer: it is waited for, and nothing goes on by half."""

import contextlib

import children
import pytest
from manifests import RESTRICTED, condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


@contextlib.contextmanager
def held(kubectl, kind, name, namespace):
    kubectl.patch(kind, name, namespace, {"metadata": {"finalizers": ["example.com/held"]}})
    try:
        yield
    finally:
        kubectl.patch(kind, name, namespace, {"metadata": {"finalizers": None}})


def waits_for(kubectl, namespace, what):
    def told():
        cluster = kubectl.get("ybcluster", "one", namespace)
        return f"waiting until {what}, which is being deleted, is gone" in condition(cluster, "Reconciling").get("message", "")
    wait_until(f"{what} is waited for", told)


def versions(kubectl, namespace):
    """Of what would be written by half."""
    secrets = {name: kubectl.get("secret", name, namespace)["metadata"]["resourceVersion"]
               for name in ("one-master-tls", "one-tserver-tls", "one-admin-tls")}
    return secrets, {one["metadata"]["name"]: one["metadata"]["generation"] for one in kubectl.list("statefulsets", namespace)}


def test_no_pod_starts_from_a_secret_that_goes(kubectl, namespace):
    """Its leaf is due: none is signed that could not be stored, and no template is written that is ahead of it."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    pods = children.pods(kubectl, "one", namespace)
    templates = versions(kubectl, namespace)[1]
    with held(kubectl, "secret", "one-tserver-tls", namespace):
        kubectl("delete", "secret", "one-tserver-tls", "-n", namespace, "--wait=false")
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "again"}}})
        waits_for(kubectl, namespace, "Secret one-tserver-tls")
        before = versions(kubectl, namespace)
        stays("all that is there", lambda: versions(kubectl, namespace) == before, 4)
        assert before[1] == templates and children.pods(kubectl, "one", namespace) == pods
    wait_for_ready(kubectl, "one", namespace)
    assert not set(children.pods(kubectl, "one", namespace).items()) & set(pods.items())


def test_a_policy_of_an_earlier_cluster_is_waited_for(kubectl, namespace):
    """Before it is gone nothing runs: the cluster would be open to whom it names."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    with held(kubectl, "networkpolicy", "one-deny", namespace):
        kubectl.patch("ybcluster", "one", namespace, {"metadata": {"finalizers": None}})
        kubectl.delete("ybcluster", "one", namespace)
        wait_until("all else is collected", lambda: list(children.of(kubectl, "one", namespace)) == [("networkpolicy", "one-deny")])
        kubectl("delete", "persistentvolumeclaims", "--all", "-n", namespace)
        kubectl.apply(yb_cluster("one"), namespace=namespace)
        waits_for(kubectl, namespace, "NetworkPolicy one-deny")
        live = kubectl.get("ybcluster", "one", namespace)
        assert not condition(live, "Stalled") and condition(live, "CertificatesReady").get("status") != "True"
        stays("nothing is made", lambda: list(children.of(kubectl, "one", namespace)) == [("networkpolicy", "one-deny")], 2)
    wait_for_ready(kubectl, "one", namespace)


def test_pods_of_somebody_elses_replica_set_hold_nobody_up(kubectl, namespace):
    """They have our labels, and come back whenever they are deleted."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    labels = {**kubectl.get("pod", "one-tserver-0", namespace)["metadata"]["labels"], "app": "theirs"}
    container = {"name": "theirs", "image": "theirs", "securityContext": RESTRICTED}
    kubectl.apply({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "theirs"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "theirs"}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}, namespace=namespace)

    def theirs():
        return [one for one in kubectl.list("pods", namespace) if one["metadata"]["labels"].get("app") == "theirs"]
    wait_until("their pod is there", theirs)
    kubectl.delete("ybcluster", "one", namespace)
    wait_until("the cluster is gone", lambda: not kubectl.get("ybcluster", "one", namespace))
    assert theirs() and len(kubectl.list("pods", namespace)) == 1
    kubectl.delete("replicaset", "theirs", namespace)
