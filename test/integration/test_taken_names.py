"""Names that somebody else has: nothing of theirs is touched, nothing is opened, and the condition says which object it is."""

import json

import children
import pytest
from control_plane import Refused
from manifests import allow_list, condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

LISTED = ("198.51.100.0/24", "192.0.2.0/24")
TO_ALL_OF_ONE = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "one-clients"},
                 "spec": {"podSelector": {"matchLabels": {"yugabyte.com/cluster": "one"}}, "policyTypes": ["Ingress"],
                          "ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}}
FOREIGN = {
    "NetworkPolicy one-clients": TO_ALL_OF_ONE,
    "Secret one-admin": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one-admin"}, "stringData": {"password": "x"}},
    "Service one": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}, "spec": {"ports": [{"port": 80}]}},
}


def told(kubectl, namespace, what):
    found = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "NameTaken")
    assert found["message"].startswith(f"{what} "), found
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Ready", "False", "NameTaken")


@pytest.mark.parametrize("what", FOREIGN)
def test_before_the_cluster(kubectl, new_namespace, what):
    namespace, name = new_namespace(), FOREIGN[what]["metadata"]["name"]
    kubectl.apply(FOREIGN[what], namespace=namespace)
    before = kubectl.get(FOREIGN[what]["kind"], name, namespace)
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    told(kubectl, namespace, what)
    wait_until("nothing of the cluster is there", lambda: not children.of(kubectl, "one", namespace))
    assert kubectl.get(FOREIGN[what]["kind"], name, namespace) == before
    kubectl.delete(FOREIGN[what]["kind"], name, namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "example.com/look=again")
    wait_for_ready(kubectl, "one", namespace)


def put_theirs(kubectl, namespace):
    """In place of ours: while the cluster is paused nothing that opens is made anew."""
    kubectl.delete("networkpolicy", "one-clients", namespace)
    try:
        kubectl("create", "-n", namespace, "-f", "-", text=json.dumps(TO_ALL_OF_ONE))
    except Refused as refusal:
        raise AssertionError("ours was made anew") from refusal


def test_in_place_of_the_policy_for_clients(kubectl, namespace):
    """Of a cluster that runs. C-clients is the record of what is open: theirs is no record, however much it allows."""
    def ranges():
        return {one for one in kubectl.get("service", "one", namespace)["spec"]["loadBalancerSourceRanges"]
                if one not in ("192.0.2.0/32", "100::/128")}
    kubectl.apply(allow_list("a", *LISTED), yb_cluster("one", allowLists=["a"], endpoints={"exposure": "Public"}),
                  namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    assert ranges() == set(LISTED)
    pods = children.pods(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    put_theirs(kubectl, namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused-")
    told(kubectl, namespace, "NetworkPolicy one-clients")
    isolated = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", "False", "ForeignPolicy")
    assert "NetworkPolicy one-clients " in isolated["message"], isolated
    wait_until("nobody is let in by theirs", lambda: ranges() == set())
    kubectl.apply(allow_list("a", LISTED[0], "203.0.113.0/24"), namespace=namespace)
    stays("nothing opens", lambda: ranges() == set(), 2)
    live = kubectl.get("ybcluster", "one", namespace)
    assert condition(live, "AllowListsApplied")["status"] != "True", condition(live, "AllowListsApplied")
    assert kubectl.get("networkpolicy", "one-clients", namespace)["spec"] == TO_ALL_OF_ONE["spec"]
    assert children.pods(kubectl, "one", namespace) == pods
    kubectl.delete("networkpolicy", "one-clients", namespace)
    wait_for_ready(kubectl, "one", namespace)
    assert ranges() == {LISTED[0], "203.0.113.0/24"}
