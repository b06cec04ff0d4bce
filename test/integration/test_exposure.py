"""How clients reach a cluster from outside: by an internal load balancer, a public one, and on the way from one to the other."""

import pytest
from history import History
from manifests import allow_list, wait_for_ready, yb_cluster
from waiting import wait_until

pytestmark = pytest.mark.usefixtures("operator")

LISTED = "198.51.100.0/24"
NOWHERE = {"192.0.2.0/32", "100::/128"}
# (annotation, value of an internal load balancer, of a public one): what the documentation of each vendor says.
VENDORS = (("service.beta.kubernetes.io/aws-load-balancer-internal", "true", "false"),
           ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal", "internet-facing"),
           ("service.beta.kubernetes.io/azure-load-balancer-internal", "true", "false"),
           ("networking.gke.io/load-balancer-type", "Internal", "External"))


def exposure_of(service):
    """What all vendors read there alike."""
    if service["spec"]["type"] == "ClusterIP":
        return "Cluster"
    found = service["metadata"].get("annotations", {})
    says = {"Internal" if found.get(key) == internal else "Public" if found.get(key) == public else found.get(key)
            for key, internal, public in VENDORS}
    assert len(says) == 1, f"vendors read different things: {found}"
    return says.pop()


def check_service(service):
    """Whatever it is at the moment, it lets in nobody who is not listed."""
    spec = service["spec"]
    assert not spec.get("externalIPs") and not any("nodePort" in port for port in spec["ports"]), spec
    if exposure_of(service) != "Cluster":
        ranges = set(spec.get("loadBalancerSourceRanges", []))
        assert ranges and ranges <= {LISTED, *NOWHERE}, ranges
        assert spec["externalTrafficPolicy"] == "Local" and spec["allocateLoadBalancerNodePorts"] is False, spec


def check_policy(policy):
    sources = [source for rule in policy["spec"].get("ingress", []) for source in rule["from"]]
    assert sources in ([], [{"ipBlock": {"cidr": LISTED}}]), sources


def come_to(kubectl, namespace, exposure):
    """Until it is there; the uid of its Service."""
    def there():
        service = kubectl.get("service", "one", namespace)
        assert service and exposure_of(service) == exposure, service
        live = kubectl.get("ybcluster", "one", namespace)
        host = live["status"]["endpoints"][0].get("host")
        given = service["status"]["loadBalancer"].get("ingress", [{}])[0].get("ip")
        assert host and host == (f"one.{namespace}.svc.cluster.local" if exposure == "Cluster" else given), (host, given)
        return service["metadata"]["uid"]
    uid = wait_until(f"{exposure}, and its address in status", there, 30)
    wait_for_ready(kubectl, "one", namespace)
    return uid


def test_from_internal_to_public_and_back(kubectl, namespace):
    paths = (f"/api/v1/namespaces/{namespace}/services", f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies")
    with History(kubectl, *paths) as history:
        kubectl.apply(allow_list("a", LISTED), yb_cluster("one", allowLists=["a"], endpoints={"exposure": "Internal"}),
                      namespace=namespace)
        uids = [come_to(kubectl, namespace, "Internal")]
        for exposure in ("Public", "Internal", "Cluster"):
            kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"exposure": exposure}}})
            uids.append(come_to(kubectl, namespace, exposure))
        events = history.so_far()
    passed = []
    for _, _, kind, live in events:
        if live["metadata"]["name"] == "one-clients":
            assert kind != "DELETED"
            check_policy(live)
        elif live["kind"] == "Service" and live["metadata"]["name"] == "one":
            check_service(live)
            now = "gone" if kind == "DELETED" else exposure_of(live)
            passed += [now] if not passed or passed[-1] != now else []
    assert passed == ["Internal", "gone", "Public", "gone", "Internal", "Cluster"], "a load balancer never changes its scheme"
    assert len(set(uids[:3])) == 3
