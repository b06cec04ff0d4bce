"""Pods that the API server refuses to their StatefulSet: said in its own words, and nothing is said once it lets them be."""

import pytest
from manifests import condition, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import wait_until

pytestmark = pytest.mark.usefixtures("operator")


def test_a_quota_of_pods_is_said_and_heals(kubectl, namespace):
    kubectl.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
                   "spec": {"hard": {"pods": "1"}}}, namespace=namespace)
    wait_until("the quota counts", lambda: "hard" in kubectl.get("resourcequota", "small", namespace).get("status", {}))
    kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1), yb_cluster("two"), namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "two", namespace, "NodesReady", "False", "QuotaExceeded")
    assert "exceeded quota: small" in told["message"] and "StatefulSet two-" in told["message"], told
    assert condition(kubectl.get("ybcluster", "two", namespace), "Ready")["status"] == "False"
    wait_for_event(kubectl, "QuotaExceeded", namespace, "two")
    kubectl("patch", "resourcequota", "small", "-n", namespace, "--type=merge", "-p", '{"spec": {"hard": {"pods": "9"}}}')
    for name in ("one", "two"):
        wait_for_ready(kubectl, name, namespace)


def test_pods_of_a_class_that_does_not_exist(kubectl, namespace):
    kubectl.apply(yb_cluster("one", pod={"priorityClassName": "nobody-made-it"}), namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NodesReady", "False", "PodsNotCreated")
    assert "nobody-made-it" in told["message"], told
    wait_for_event(kubectl, "PodsNotCreated", namespace)
    kubectl("patch", "ybcluster", "one", "-n", namespace, "--type=merge", "-p", '{"spec": {"pod": {"priorityClassName": null}}}')
    wait_for_ready(kubectl, "one", namespace)
