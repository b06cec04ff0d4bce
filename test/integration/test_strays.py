"""Pods and volume claims that lost the labels by which they are watched, selected and firewalled; and pods that never had them."""

import children
import pytest
from manifests import RESTRICTED, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

CLUSTER, UID, COMPONENT = "yugabyte.com/cluster", "yugabyte.com/cluster-uid", "app.kubernetes.io/component"
VOLUMES = "VolumesOfEarlierCluster"


def relabel(kubectl, kind, name, namespace, **labels):
    kubectl.patch(kind, name, namespace, {"metadata": {"labels": labels}})


def labels_of(kubectl, kind, name, namespace):
    return (kubectl.get(kind, name, namespace) or {"metadata": {}})["metadata"].get("labels", {})


def test_a_pod_that_lost_a_label_is_replaced(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    for pod, label in (("one-tserver-1", CLUSTER), ("one-tserver-2", UID), ("one-master-0", COMPONENT)):
        pods, labels = children.pods(kubectl, "one", namespace), labels_of(kubectl, "pod", pod, namespace)
        relabel(kubectl, "pod", pod, namespace, **{label: None})
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "NodesReady", "False")
        wait_until("it is there with its labels", lambda pod=pod, labels=labels: labels_of(kubectl, "pod", pod, namespace) == labels,
                   ROLLOUT)
        wait_for_ready(kubectl, "one", namespace)
        assert f"{pod}: it lost the labels" in wait_for_event(kubectl, "PodReplaced", namespace)
        now = children.pods(kubectl, "one", namespace)
        assert now.pop(pod) != pods.pop(pod) and now == pods


def test_a_strange_pod_under_the_name_of_ours_is_told_of_and_left_alone(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one-tserver-3"},
                   "spec": {"containers": [{"name": "theirs", "image": "example.com/theirs", "securityContext": RESTRICTED}]}},
                  namespace=namespace)
    theirs = kubectl.get("pod", "one-tserver-3", namespace)["metadata"]["uid"]
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"nodes": 4}})
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NodesReady", "False", "PodNameTaken")
    assert "pod one-tserver-3 exists and belongs to somebody else: delete it" in told["message"], told
    wait_for_event(kubectl, "PodNameTaken", namespace)
    stays("their pod", lambda: kubectl.get("pod", "one-tserver-3", namespace)["metadata"]["uid"] == theirs, 3)
    kubectl.delete("pod", "one-tserver-3", namespace)
    wait_for_ready(kubectl, "one", namespace)
    assert "one-tserver-3" in children.pods(kubectl, "one", namespace)


def test_a_claim_that_lost_its_labels_gets_them_back(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    claim, pods = "data0-one-tserver-1", children.pods(kubectl, "one", namespace)
    labels = labels_of(kubectl, "pvc", claim, namespace)
    relabel(kubectl, "pvc", claim, namespace, **{CLUSTER: None})
    wait_until("the label is back", lambda: labels_of(kubectl, "pvc", claim, namespace).get(CLUSTER) == "one")

    relabel(kubectl, "pvc", claim, namespace, **{CLUSTER: None, UID: None})
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", VOLUMES)
    assert claim in told["message"] and f"set that label to {labels[UID]}" in told["message"], told
    relabel(kubectl, "pvc", claim, namespace, **{UID: labels[UID]})
    wait_for_ready(kubectl, "one", namespace)
    assert labels_of(kubectl, "pvc", claim, namespace)[CLUSTER] == "one"
    assert children.pods(kubectl, "one", namespace) == pods
