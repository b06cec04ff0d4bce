"""How clients reach a cluster from outside: by an internal load balancer, a public one, and on the way from one to the other."""

import pytest
from history import History
from manifests import allow_list, wait_for_condition, wait_for_ready, yb_cluster
from operator_process import Operator
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
    uid = wait_until(f"{exposure}, and its address in status", there)
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


def pause(kubectl, namespace, value):
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "--overwrite", f"yugabyte.com/paused{value}")


def test_ports_of_nodes_come_and_go_with_their_flag(kubectl, home, operator, namespace):
    """What opens them waits for the end of a pause, what closes them does not."""
    def service():
        return kubectl.get("service", "one", namespace)["spec"]

    def node_ports():
        return [port["nodePort"] for port in service()["ports"] if "nodePort" in port]

    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", endpoints={"exposure": "Internal"}), namespace=namespace)
    come_to(kubectl, namespace, "Internal")
    assert node_ports() == [] and service()["allocateLoadBalancerNodePorts"] is False
    pause(kubectl, namespace, "=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    operator.stop()
    flagged = Operator(home, "--load-balancer-node-ports").start()
    try:
        kubectl.patch("service", "one", namespace, {"spec": {"loadBalancerSourceRanges": ["0.0.0.0/0"]}})
        wait_until("another hand's ranges taken back", lambda: set(service()["loadBalancerSourceRanges"]) <= NOWHERE)
        assert node_ports() == [] and service()["allocateLoadBalancerNodePorts"] is False, "opened in a pause"
        pause(kubectl, namespace, "-")
        given = wait_until("a port of the nodes", node_ports)
        wait_for_ready(kubectl, "one", namespace)
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"annotations": {"example.com/a": "b"}}}})
        wait_until("another write", lambda: "example.com/a" in kubectl.get("service", "one", namespace)["metadata"]["annotations"])
        wait_for_ready(kubectl, "one", namespace)
        assert node_ports() == given and service()["allocateLoadBalancerNodePorts"] is True
        for exposure, ports in (("Cluster", 0), ("Internal", 1)):
            kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"exposure": exposure}}})
            come_to(kubectl, namespace, exposure)
            assert len(node_ports()) == ports
        pause(kubectl, namespace, "=true")
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    finally:
        flagged.stop()
        operator.start()
    wait_until("no port of the nodes", lambda: node_ports() == [] and service()["allocateLoadBalancerNodePorts"] is False)
