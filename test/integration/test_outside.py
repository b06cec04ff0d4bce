"""What only the operator can see: a condition that names it, nothing opened, and it heals by itself."""

import contextlib
import json

import children
import pytest
from control_plane import Refused
from manifests import condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

CRD = "ybclusters.yugabyte.com"


def test_quota_is_said_and_heals(kubectl, namespace):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
             "spec": {"hard": {"count/statefulsets.apps": "1"}}}
    kubectl.apply(quota, namespace=namespace)
    wait_until("the quota counts", lambda: "hard" in kubectl.get("resourcequota", "small", namespace).get("status", {}))
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "QuotaExceeded")
    assert "small" in told["message"] and "statefulsets" in told["message"], "the server's own words"
    assert condition(kubectl.get("ybcluster", "one", namespace), "Ready")["reason"] == "QuotaExceeded"
    assert kubectl.get("networkpolicy", "one-deny", namespace), "what closes stands before anything else"
    wait_until("an event", lambda: [one for one in kubectl.list("events.events.k8s.io", namespace)
                                    if one["reason"] == "QuotaExceeded"], 15)
    kubectl.delete("resourcequota", "small", namespace)
    wait_for_ready(kubectl, "one", namespace)


def policy(name, **spec):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_a_foreign_policy_that_opens_us_is_named_and_left_alone(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), yb_cluster("two"), namespace=namespace)
    for cluster in ("one", "two"):
        wait_for_ready(kubectl, cluster, namespace)
    ours = {"yugabyte.com/cluster": "one"}
    harmless = [policy("of-others", podSelector={"matchLabels": {"app": "shop"}}, ingress=[{}]),
                policy("closes", podSelector={}, policyTypes=["Ingress", "Egress"])]
    opens = policy("opens", podSelector={"matchLabels": ours}, policyTypes=["Egress"], egress=[{}])
    kubectl.apply(*harmless, namespace=namespace)
    stays("harmless ones change nothing", lambda: condition(kubectl.get("ybcluster", "one", namespace), "Ready")["status"]
          == "True", 4)
    # Neither our labels nor an ownerReference make it ours.
    uid = kubectl.get("ybcluster", "one", namespace)["metadata"]["uid"]
    opens["metadata"] |= {"labels": {**ours, "app.kubernetes.io/managed-by": "ybcluster-operator"}, "ownerReferences": [
        {"apiVersion": "yugabyte.com/v1beta1", "kind": "YBCluster", "name": "one", "uid": uid, "controller": True}]}
    kubectl.apply(opens, namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", "False", "ForeignPolicy")
    assert "NetworkPolicy opens " in told["message"]
    live = kubectl.get("ybcluster", "one", namespace)
    assert (condition(live, "Ready")["status"], condition(live, "Ready")["reason"]) == ("False", "ForeignPolicy")
    assert condition(kubectl.get("ybcluster", "two", namespace), "NetworkIsolated")["status"] != "False"
    stays("it is left alone", lambda: kubectl.get("networkpolicy", "opens", namespace)["spec"]["egress"] == [{}], 3)
    kubectl.delete("networkpolicy", "opens", namespace)
    wait_for_ready(kubectl, "one", namespace)


@contextlib.contextmanager
def loose_schema(kubectl):
    """The API server takes any spec, as one with an older CRD might have."""
    right = json.loads(kubectl("get", "crd", CRD, "-o", "json"))
    loose = json.loads(json.dumps(right))
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {
        "spec": anything, "status": anything}}
    loose["spec"]["versions"][0]["subresources"].pop("scale")
    for document in (right, loose):
        document["metadata"] = {"name": CRD, "labels": document["metadata"].get("labels", {})}
    kubectl("replace", "-f", "-", text=json.dumps(loose))
    try:
        yield
    finally:
        kubectl("replace", "-f", "-", text=json.dumps(right))


def store_what_is_wrong(kubectl, namespace, spec):
    def stored():
        with contextlib.suppress(Refused):
            kubectl.patch("ybcluster", "one", namespace, {"spec": spec})
        live = kubectl.get("ybcluster", "one", namespace)
        return all(live["spec"].get(key) == value for key, value in spec.items())
    with loose_schema(kubectl):
        wait_until("the wrong spec is stored", stored)


WRONG = {"out of bounds": {"nodes": 2}, "of another type": {"desiredState": 7}, "unknown word": {"desiredState": "Asleep"}}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_stored_wrong(kubectl, namespace, spec):
    """It stalls and changes nothing; put right it goes on; and it can be deleted as it is."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    right = wait_for_ready(kubectl, "one", namespace)["spec"]
    before = children.versions(children.of(kubectl, "one", namespace))
    volumes = children.volumes(kubectl, "one", namespace)
    field = next(iter(spec))
    store_what_is_wrong(kubectl, namespace, spec)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "InvalidSpec")
    assert field in told["message"]
    assert children.versions(children.of(kubectl, "one", namespace)) == before
    kubectl.patch("ybcluster", "one", namespace, [{"op": "replace", "path": f"/spec/{field}", "value": right[field]}]
                  if field in right else [{"op": "remove", "path": f"/spec/{field}"}], how="json")
    wait_for_ready(kubectl, "one", namespace)
    store_what_is_wrong(kubectl, namespace, spec)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "InvalidSpec")
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    assert not children.of(kubectl, "one", namespace)
    assert children.volumes(kubectl, "one", namespace) == volumes, "by default they stay"
