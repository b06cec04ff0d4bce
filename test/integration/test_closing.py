"""What must close is closed while a cluster is paused, and said while it is only planned."""

import pytest
from manifests import allow_list, condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

ANYBODY = [{"op": "add", "path": "/spec/ingress/-", "value": {}}]
POLICIES = {"one-deny": [{"op": "add", "path": "/spec/ingress", "value": [{}]}],
            "one-internal": ANYBODY, "one-clients": ANYBODY, "one-operator": ANYBODY}


def annotate(kubectl, namespace, what):
    kubectl("annotate", "ybcluster", "one", "-n", namespace, f"yugabyte.com/{what}")


@pytest.fixture
def cluster(kubectl, namespace):
    """Makes the cluster that all tests here have, with a list of two ranges."""
    def make(**spec):
        kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"], **spec),
                      namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        return namespace
    return make


def ranges(kubectl, namespace):
    rules = kubectl.get("networkpolicy", "one-clients", namespace)["spec"].get("ingress", [])
    return {source["ipBlock"]["cidr"] for rule in rules for source in rule["from"] if "ipBlock" in source}


def test_policies_loosened_while_paused_are_put_right(kubectl, cluster):
    namespace = cluster()
    before = {name: kubectl.get("networkpolicy", name, namespace)["spec"] for name in POLICIES}
    annotate(kubectl, namespace, "paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    for name, change in POLICIES.items():
        kubectl.patch("networkpolicy", name, namespace, change, how="json")
    wait_until("all four as they were", lambda: before == {
        name: kubectl.get("networkpolicy", name, namespace)["spec"] for name in POLICIES})
    kubectl.patch("networkpolicy", "one-clients", namespace, [
        {"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 9100}], how="json")
    wait_until("the port is ours", lambda: kubectl.get("networkpolicy", "one-clients", namespace)["spec"]
               == before["one-clients"])
    kubectl.delete("networkpolicy", "one-deny", namespace)
    wait_until("denied again", lambda: kubectl.get("networkpolicy", "one-deny", namespace))


def test_service_opened_while_paused_is_put_right(kubectl, cluster):
    namespace = cluster()
    annotate(kubectl, namespace, "paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    kubectl.patch("service", "one", namespace, {"spec": {"type": "LoadBalancer", "externalIPs": ["203.0.113.9"]}})

    def closed():
        spec = kubectl.get("service", "one", namespace)["spec"]
        return spec["type"] == "ClusterIP" and not spec.get("externalIPs")
    wait_until("reached from inside alone", closed)


def test_exposure_taken_back_while_paused_closes(kubectl, cluster):
    namespace = cluster(endpoints={"exposure": "Public"})
    annotate(kubectl, namespace, "paused=true")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"exposure": "Internal", "ysql": {"port": 6000}}}})
    wait_until("no load balancer", lambda: kubectl.get("service", "one", namespace)["spec"]["type"] == "ClusterIP")
    service = kubectl.get("service", "one", namespace)
    assert [port["port"] for port in service["spec"]["ports"]] == [5433], "pods listen where they did"
    kubectl.delete("networkpolicy", "one-clients", namespace)
    kubectl.patch("service", "one", namespace, {"spec": {"externalIPs": ["203.0.113.9"]}})
    wait_until("put right", lambda: not kubectl.get("service", "one", namespace)["spec"].get("externalIPs"))
    service = kubectl.get("service", "one", namespace)
    assert [port["port"] for port in service["spec"]["ports"]] == [5433], "nor does a policy that is gone move them"
    annotate(kubectl, namespace, "paused-")
    wait_until("an internal one", lambda: kubectl.get("service", "one", namespace)["spec"]["type"] == "LoadBalancer")
    wait_for_ready(kubectl, "one", namespace, ROLLOUT)


def test_a_closing_that_is_only_planned_is_said(kubectl, cluster):
    namespace = cluster()
    annotate(kubectl, namespace, "plan=true")
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    wait_until("a plan", lambda: kubectl.get("ybcluster", "one", namespace)["status"].get("plan"))
    assert condition(kubectl.get("ybcluster", "one", namespace), "AllowListsApplied")["status"] == "True", "no closing is due"
    kubectl.apply(allow_list("a", "198.51.100.0/24"), namespace=namespace)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "AllowListsApplied", "False", "PlanOnly")
    annotate(kubectl, namespace, "paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    assert condition(kubectl.get("ybcluster", "one", namespace), "AllowListsApplied")["reason"] == "PlanOnly"
    stays("nothing written", lambda: ranges(kubectl, namespace) == {"198.51.100.0/24", "192.0.2.0/24"}, 3)
    annotate(kubectl, namespace, "plan-")
    wait_until("closed", lambda: ranges(kubectl, namespace) == {"198.51.100.0/24"})
