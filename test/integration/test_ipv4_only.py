"""A Kubernetes cluster of IPv4 alone, on a control plane of its own: what a list says of IPv6 opens nothing, and "nothing" is
never "everything"."""

import os

import pytest
from control_plane import ControlPlane
from manifests import allow_list, wait_for_ready, yb_cluster
from on_control_plane import install
from operator_process import Operator
from waiting import wait_until

NOWHERE = "192.0.2.0/32"


@pytest.fixture(scope="module")
def kubectl(request):
    plane = ControlPlane(f"test-{os.getpid()}-ipv4")
    plane.up("--ipv4-only")
    operator = Operator(install(plane, request.config.getoption("--overlay"))).start()
    yield plane.kubectl
    operator.stop()
    plane.down()


def test_lists_by_family(kubectl):
    namespace, exposed = "families", {"exposure": "Public"}
    kubectl.new_namespace(namespace)
    kubectl.apply(allow_list("six", "2001:db8:1::/48", "::1"), allow_list("both", "2001:db8:1::/48", "198.51.100.0/24"),
                  yb_cluster("one", allowLists=["six"], endpoints=exposed),
                  yb_cluster("two", allowLists=["both"], endpoints=exposed), namespace=namespace)
    for cluster, wanted in {"one": [NOWHERE], "two": ["198.51.100.0/24"]}.items():
        wait_for_ready(kubectl, cluster, namespace)
        service = kubectl.get("service", cluster, namespace)["spec"]
        assert service["ipFamilies"] == ["IPv4"]
        assert service["loadBalancerSourceRanges"] == wanted, "never empty, which would be everybody"
    # The policy knows no families: it says what the list says, and by IPv6 there is no Service to come in by.
    rules = kubectl.get("networkpolicy", "one-clients", namespace)["spec"]["ingress"]
    assert {source["ipBlock"]["cidr"] for rule in rules for source in rule["from"]} == {"2001:db8:1::/48", "::1/128"}
    kubectl.patch("ybcluster", "two", namespace, {"spec": {"allowLists": ["six"]}})
    wait_until("what was open is closed", lambda: kubectl.get("service", "two", namespace)["spec"]["loadBalancerSourceRanges"]
               == [NOWHERE])
    kubectl("delete", "ybclusters,allowlists", "--all", "-n", namespace, "--timeout=90s")
