"""Who may connect: what stands in policies and Services, by an evaluation that is not the operator's."""

import contextlib
import datetime
import ipaddress

import pytest
from control_plane import Refused
from manifests import allow_list, condition, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

YSQL = 5433


def opened(kubectl, namespace, cluster="one"):
    """The address ranges from which any policy lets anybody reach the cluster's tservers, less what it leaves out."""
    ranges = set()
    for policy in kubectl.list("networkpolicies", namespace):
        if policy["metadata"]["labels"]["yugabyte.com/cluster"] != cluster:
            continue
        for rule in policy["spec"].get("ingress", []):
            assert rule.get("from"), f"{policy['metadata']['name']}: a rule without sources is open to everybody"
            ranges |= {source["ipBlock"]["cidr"] for source in rule["from"] if "ipBlock" in source}
    return ranges


def source_ranges(kubectl, namespace):
    return set(kubectl.get("service", "one", namespace)["spec"].get("loadBalancerSourceRanges", []))


def applied(kubectl, namespace, *wanted):
    def check():
        assert opened(kubectl, namespace) == set(wanted)
        return True
    wait_until(f"open to {wanted}", check)


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_closed_without_lists(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    assert opened(kubectl, namespace) == set()
    deny = kubectl.get("networkpolicy", "one-deny", namespace)["spec"]
    assert sorted(deny["policyTypes"]) == ["Egress", "Ingress"] and not deny.get("ingress") and not deny.get("egress")


def test_union_of_lists_edited_in_place(kubectl, namespace):
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.7"), allow_list("b", "198.51.100.0/24", "203.0.113.64/26"),
                  yb_cluster("one", allowLists=["a", "b"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24", "192.0.2.7/32", "203.0.113.64/26")
    kubectl.apply(allow_list("b", "203.0.113.128/25"), namespace=namespace)
    applied(kubectl, namespace, "198.51.100.0/24", "192.0.2.7/32", "203.0.113.128/25")
    policy = kubectl.get("networkpolicy", "one-clients", namespace)["spec"]
    ports = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert ports == {YSQL}

    def told(name):
        return kubectl.get("allowlist", name, namespace).get("status", {})
    wait_until("the list says who uses it", lambda: told("a").get("clusters") == ["one"])
    wait_until("each says its rules", lambda: [told(name).get("rules") for name in ("a", "b")] == [2, 1])


def test_entry_expires_by_itself(kubectl, namespace):
    brief = {"cidr": "192.0.2.0/24"}
    kubectl.apply(allow_list("a", "198.51.100.0/24", brief), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24", "192.0.2.0/24")
    end = in_seconds(8)
    kubectl.apply(allow_list("a", "198.51.100.0/24", {**brief, "expiresAt": end}), namespace=namespace)
    wait_until("expired and closed", lambda: opened(kubectl, namespace) == {"198.51.100.0/24"})
    assert in_seconds(0) >= end, "not before its time"


def test_entry_of_a_list_that_nobody_names_expires_by_itself(kubectl, namespace):
    def rules():
        return kubectl.get("allowlist", "a", namespace).get("status", {}).get("rules")
    kubectl.apply(allow_list("a", "192.0.2.0/24"), namespace=namespace)
    wait_until("one rule", lambda: rules() == 1)
    end = in_seconds(5)
    kubectl.apply(allow_list("a", {"cidr": "192.0.2.0/24", "expiresAt": end}), namespace=namespace)
    wait_until("no rule", lambda: rules() == 0)
    assert in_seconds(0) >= end, "not before its time"


def test_last_entry_expired_is_closed_not_open(kubectl, namespace):
    kubectl.apply(allow_list("a", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"], endpoints={"exposure": "Public"}),
                  namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "192.0.2.0/24")
    kubectl.apply(allow_list("a", {"cidr": "192.0.2.0/24", "expiresAt": in_seconds(5)}), namespace=namespace)
    wait_until("closed", lambda: opened(kubectl, namespace) == set())
    # A load balancer without ranges would be open to all.
    wait_until("nobody's ranges, but ranges", lambda: {"192.0.2.0/32", "100::/128"} >= source_ranges(kubectl, namespace) != set())


def test_load_balancer_filters_as_the_policy_does(kubectl, namespace):
    kubectl.apply(allow_list("a", "198.51.100.0/24"), yb_cluster("one", allowLists=["a"], endpoints={"exposure": "Public"}),
                  namespace=namespace)
    live = wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24")
    assert "198.51.100.0/24" in source_ranges(kubectl, namespace)
    assert "0.0.0.0/0" not in source_ranges(kubectl, namespace) and "::/0" not in source_ranges(kubectl, namespace)
    wait_until("its address in status", lambda: any(
        one["host"].startswith("203.0.113.") for one in kubectl.get("ybcluster", "one", namespace)["status"]["endpoints"]))
    assert condition(live, "AllowListsApplied")["status"] == "True"
    right = source_ranges(kubectl, namespace)
    for ranges in (["0.0.0.0/0"], None):
        kubectl.patch("service", "one", namespace, {"spec": {"loadBalancerSourceRanges": ranges}})
        wait_until(f"{ranges} taken back", lambda: source_ranges(kubectl, namespace) == right)
    kubectl.patch("service", "one", namespace, [{"op": "add", "path": "/spec/ports/0/nodePort", "value": 30999}], how="json")
    wait_until("no port of the nodes", lambda: "nodePort" not in kubectl.get("service", "one", namespace)["spec"]["ports"][0])


def no_load_balancer(kubectl, namespace):
    """True when that is told; else the condition stands since long: again, if the operator wrote its status meanwhile."""
    conditions = kubectl.get("ybcluster", "one", namespace)["status"]["conditions"]
    (place, told), = ((f"/status/conditions/{i}", one) for i, one in enumerate(conditions) if one["type"] == "EndpointReady")
    if told["reason"] == "NoLoadBalancer":
        return told["status"] == "Unknown"
    since = [{"op": "test", "path": f"{place}/type", "value": "EndpointReady"},
             {"op": "replace", "path": f"{place}/lastTransitionTime", "value": in_seconds(-600)}]
    with contextlib.suppress(Refused):  # it is at another place
        kubectl.patch("ybcluster", "one", namespace, since, "--subresource=status", how="json")
    return False


def test_a_load_balancer_that_nobody_provides_is_told_and_holds_nothing_back(plane, kubectl, namespace):
    plane.command("stop-part", plane.name, "cloud")
    try:
        kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", endpoints={"exposure": "Internal"}), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "EndpointReady", "Unknown", "AddressPending")
        told = condition(kubectl.get("ybcluster", "one", namespace), "AllowListsApplied")
        assert "source ranges hold for the Service as a whole" in told["message"], told
        # As if it had waited for minutes.
        wait_until("EndpointReady NoLoadBalancer", lambda: no_load_balancer(kubectl, namespace), 60, 1)
        wait_until("an event", lambda: [one["type"] for one in kubectl.list("events", namespace)
                                        if one["reason"] == "NoLoadBalancer"] == ["Warning"])
        live = wait_for_ready(kubectl, "one", namespace)
        assert "host" not in live["status"]["endpoints"][0], live["status"]["endpoints"]
    finally:
        plane.command("start-part", plane.name, "cloud")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "EndpointReady", "True", "AddressGiven")


def test_missing_list_opens_nothing_and_heals(kubectl, namespace):
    kubectl.apply(yb_cluster("one", allowLists=["late"]), namespace=namespace)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "AllowListsApplied", "False", "AllowListUnusable")
    assert opened(kubectl, namespace) == set()
    assert "AllowList late does not exist" in wait_for_event(kubectl, "AllowListUnusable", namespace)
    kubectl.apply(allow_list("late", "198.51.100.0/24"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24")


def test_deleted_list_stays_until_it_is_closed_everywhere(kubectl, namespace):
    kubectl.apply(allow_list("a", "198.51.100.0/24"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24")
    kubectl.delete("allowlist", "a", namespace, "--timeout=30s")
    assert opened(kubectl, namespace) == set(), "the list is gone, its addresses are open"
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "AllowListsApplied", "False")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"allowLists": []}})
    wait_for_ready(kubectl, "one", namespace)


def test_closing_goes_on_while_paused(kubectl, namespace):
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.0/24"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "198.51.100.0/24", "192.0.2.0/24")
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    kubectl.apply(allow_list("a", "198.51.100.0/24", "203.0.113.0/24"), namespace=namespace)
    applied(kubectl, namespace, "198.51.100.0/24")
    stays("nothing opened while paused", lambda: opened(kubectl, namespace) == {"198.51.100.0/24"}, 5)


def test_a_policy_that_lingers_is_narrowed(kubectl, namespace):
    """Somebody's finalizer holds a policy that was deleted: it goes on letting in whom it names."""
    kubectl.apply(allow_list("a", "198.51.100.0/24", "192.0.2.7"), yb_cluster("one", allowLists=["a"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl.patch("networkpolicy", "one-clients", namespace, {"metadata": {"finalizers": ["example.com/cloud"]}})
    kubectl("delete", "networkpolicy", "one-clients", "-n", namespace, "--wait=false")
    lingering = kubectl.get("networkpolicy", "one-clients", namespace)["metadata"]["uid"]
    kubectl.apply(allow_list("a", "192.0.2.7"), namespace=namespace)
    applied(kubectl, namespace, "192.0.2.7/32")
    assert kubectl.get("networkpolicy", "one-clients", namespace)["metadata"]["uid"] == lingering
    kubectl.patch("networkpolicy", "one-clients", namespace, {"metadata": {"finalizers": None}})

    def anew():
        policy = kubectl.get("networkpolicy", "one-clients", namespace)
        return policy and policy["metadata"]["uid"] != lingering
    wait_until("another policy in its place", anew)
    applied(kubectl, namespace, "192.0.2.7/32")
    wait_for_ready(kubectl, "one", namespace)


def test_lists_of_another_namespace_do_not_count(kubectl, new_namespace):
    first, second = new_namespace("-1"), new_namespace("-2")
    kubectl.apply(allow_list("a", "198.51.100.0/24"), namespace=first)
    kubectl.apply(yb_cluster("one", allowLists=["a"]), namespace=second)
    wait_for_condition(kubectl, "ybcluster", "one", second, "AllowListsApplied", "False")
    assert opened(kubectl, second) == set()
