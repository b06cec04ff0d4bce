"""Who may connect to whom, as an evaluator of network policies sees it that is not ours: needed paths open, all others closed."""

import ipaddress
import itertools
import json
import re

import pytest
from control_plane import ROOT
from evaluator import Evaluator, outside
from manifests import allow_list, wait_for_ready, yb_cluster
from operator_process import Operator
from test_network import in_seconds
from waiting import wait_until

POD_RANGES = ("10.244.0.0/16", "fd00:10:244::/48")
RESOLVER = "169.254.20.10"
YSQL, OTHER_YSQL = 5433, 6432
MASTER_RPC, TSERVER_RPC, MASTER_WEB, TSERVER_WEB = 7100, 9100, 7000, 9000
PORTS = (22, YSQL, OTHER_YSQL, MASTER_WEB, MASTER_RPC, TSERVER_WEB, TSERVER_RPC, 9042, 12000, 13000)
SERVED = {"master": (MASTER_WEB, MASTER_RPC), "tserver": (TSERVER_WEB, TSERVER_RPC, YSQL)}


@pytest.fixture(scope="module", autouse=True)
def operator(home):
    one = Operator(home, f"--pod-cidr={','.join(POD_RANGES)}", f"--dns-cidr={RESOLVER}/32").start()
    yield one
    one.stop()


def members(kubectl, evaluator, namespace, cluster):
    """A master and a tserver, twice each, as the evaluator wants them: [(role, pod)]."""
    found = []
    for number, live in enumerate(kubectl.list("pods", namespace, f"yugabyte.com/cluster={cluster}")):
        labels = live["metadata"]["labels"]
        role = labels["app.kubernetes.io/component"]
        if sum(one == role for one, _ in found) < 2:
            found.append((role, evaluator.pod(f"10.244.7.{number + 1}", namespace, labels)))
    assert sorted(role for role, _ in found) == ["master", "master", "tserver", "tserver"]
    return found


def everyone_else(evaluator, namespace):
    """Pods that are no part of any cluster, and the world."""
    kube_system = {"kubernetes.io/metadata.name": "kube-system"}
    return [("a pod of the namespace", evaluator.pod("10.244.9.1", namespace, {"app": "shop"})),
            ("a pod of kube-system", {"IP": "10.244.9.2", "Internal": {
                "PodLabels": {"k8s-app": "other"}, "NamespaceLabels": kube_system, "Namespace": "kube-system"}}),
            ("a foreign namespace", {"IP": "10.244.9.3", "Internal": {
                "PodLabels": {"app.kubernetes.io/name": "ybcluster-operator"}, "NamespaceLabels": {"team": "b"},
                "Namespace": "foreign"}}),
            ("the world", outside("198.51.100.9")), ("the world in IPv6", outside("2001:db8::9"))]


@pytest.fixture(scope="module")
def neighbours(kubectl, operator, tmp_path_factory):
    """one and two in a namespace, one in another: Ready, and what the evaluator needs to know."""
    namespaces = ("isolation-a", "isolation-b")
    for namespace in namespaces:
        kubectl.new_namespace(namespace)
    kubectl.apply(yb_cluster("one"), yb_cluster("two"), namespace=namespaces[0])
    kubectl.apply(yb_cluster("one"), namespace=namespaces[1])
    places = [(namespaces[0], "one"), (namespaces[0], "two"), (namespaces[1], "one")]
    for namespace, cluster in places:
        wait_for_ready(kubectl, cluster, namespace)
    evaluator = Evaluator(kubectl, tmp_path_factory.mktemp("isolation"), *namespaces)
    yield evaluator, {place: members(kubectl, evaluator, *place) for place in places}
    for namespace in namespaces:
        kubectl("delete", "ybclusters", "--all", "-n", namespace, "--timeout=90s")
        kubectl("delete", "namespace", namespace, "--wait=false")


def test_no_path_between_clusters(neighbours):
    evaluator, clusters = neighbours
    expected = []
    for here, there in itertools.permutations(clusters, 2):
        for (role, source), (other, destination) in itertools.product(clusters[here], clusters[there]):
            for port in PORTS:
                expected.append(((f"{here} {role} -> {there} {other}", source, destination, port, "TCP"), False))
            expected.append(((f"{here} {role} -> {there} {other}", source, destination, 53, "UDP"), False))
    assert evaluator.differences(expected) == []


def test_what_a_cluster_needs_inside_is_open_and_nothing_else(neighbours):
    evaluator, clusters = neighbours
    rpc = {"master": MASTER_RPC, "tserver": TSERVER_RPC}
    expected = []
    for place, pods in clusters.items():
        for (role, source), (other, destination) in itertools.product(pods, pods):
            for port in PORTS:
                wanted = port == rpc[other]
                expected.append(((f"{place} {role} -> {other}", source, destination, port, "TCP"), wanted))
            expected.append(((f"{place} {role} -> {other}", source, destination, rpc[other], "UDP"), False))
    assert evaluator.differences(expected) == []


def test_pods_reach_the_resolver_and_nobody_else(neighbours):
    evaluator, clusters = neighbours
    kube_dns = {"IP": "10.244.0.2", "Internal": {"PodLabels": {"k8s-app": "kube-dns"}, "Namespace": "kube-system",
                                                 "NamespaceLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    expected = []
    for (namespace, cluster), pods in clusters.items():
        for role, source in pods:
            for resolver, protocol in itertools.product((kube_dns, outside(RESOLVER)), ("UDP", "TCP")):
                expected.append(((f"{cluster} {role} -> DNS", source, resolver, 53, protocol), True))
                expected.append(((f"{cluster} {role} -> not DNS", source, resolver, 443, protocol), False))
            for who, destination in everyone_else(evaluator, namespace):
                if "kube-system" not in who:
                    expected += [((f"{cluster} {role} -> {who}", source, destination, port, "TCP"), False)
                                 for port in (53, 80, 443, *PORTS)]
    assert evaluator.differences(expected) == []


def test_nobody_reaches_a_cluster_but_the_operator(neighbours, home):
    evaluator, clusters = neighbours
    manager = {"IP": "10.244.9.9", "Internal": {
        "PodLabels": {"app.kubernetes.io/name": "ybcluster-operator"}, "Namespace": home.namespace,
        "NamespaceLabels": {"kubernetes.io/metadata.name": home.namespace}}}
    web = {"tserver": TSERVER_WEB}
    expected = []
    for (namespace, cluster), pods in clusters.items():
        for role, destination in pods:
            for who, source in everyone_else(evaluator, namespace):
                expected += [((f"{who} -> {cluster} {role}", source, destination, port, "TCP"), False) for port in PORTS]
            expected += [((f"operator -> {cluster} {role}", manager, destination, port, "TCP"), port == web.get(role))
                         for port in PORTS]
    assert evaluator.differences(expected) == []


HSM, HSM_PORT = "192.0.2.10", 1792  # as the overlay has it, to be put right by who installs it


def paths_of_the_operator(evaluator, here, member, hsm, serves=frozenset({(8443, "TCP")}),
                          knocks=frozenset({(TSERVER_WEB, "TCP"), (TSERVER_RPC, "TCP")})):
    """What its own policy says: [(to or from it, who, ports that are open)], of all the ports there are."""
    kube_dns = {"IP": "10.244.0.2", "Internal": {"PodLabels": {"k8s-app": "kube-dns"}, "Namespace": "kube-system",
                                                 "NamespaceLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    scraper = {"IP": "10.244.9.8", "Internal": {"PodLabels": {"app": "prometheus"}, "Namespace": "monitoring",
                                                "NamespaceLabels": {"yugabyte.com/scrapes-metrics": "true"}}}
    api_server = {(443, "TCP"), (6443, "TCP")}
    strangers = everyone_else(evaluator, here)
    yield from (("from", who, address, set()) for who, address in [*strangers, ("a tserver", member), ("the HSM", outside(HSM))])
    yield "from", "a scraper", scraper, serves
    # The API server's address is not known to whoever writes the policy.
    yield from (("to", who, address, api_server) for who, address in strangers if "kube-system" not in who)
    yield "to", "the resolver", kube_dns, api_server | {(53, "TCP"), (53, "UDP")}
    yield "to", "a server", member, api_server | knocks
    yield "to", "the HSM", outside(HSM), api_server | ({(HSM_PORT, "TCP")} if hsm else set())
    yield "to", "who is not the HSM", outside("192.0.2.11"), api_server


NOTHING = {"serves": set(), "knocks": set()}


@pytest.mark.parametrize("overlay, workload, apart", [
    ("one-namespace", "Deployment", {}), ("all-namespaces", "Deployment", {}), ("network-hsm", "Deployment", {}),
    ("network-hsm/pki-init", "Job", NOTHING)])
def test_the_operator_reaches_what_it_needs_and_nobody_else(kubectl, neighbours, home, tmp_path, overlay, workload, apart):
    """By its own policy alone, as the overlay has it: 9100 of a server is closed by that server's, which is what it measures."""
    rendered = kubectl("kustomize", ROOT / "deploy/overlays" / overlay).split("\n---\n")
    policy, pods = (json.loads(kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", text=re.sub(
        r"(?m)^  name: .*", "  name: rendered", next(one for one in rendered if f"kind: {kind}\n" in one), count=1)))
        for kind in ("NetworkPolicy", workload))
    _, clusters = neighbours
    evaluator = Evaluator(kubectl, tmp_path, "isolation-a", home.namespace)
    evaluator.hold([policy])
    operator = evaluator.pod("10.244.9.9", home.namespace, pods["spec"]["template"]["metadata"]["labels"])
    ports = [(port, "TCP") for port in (53, 80, 443, 6443, 8081, 8443, HSM_PORT, *PORTS)] + [(53, "UDP"), (443, "UDP"), (9000, "UDP")]
    expected = []
    for role, member in clusters["isolation-a", "one"]:
        for way, who, other, opened in paths_of_the_operator(evaluator, "isolation-a", member, "hsm" in overlay, **apart):
            source, destination = (operator, other) if way == "to" else (other, operator)
            expected += [((f"{way} {who} ({role})", source, destination, *port), port in opened) for port in ports]
    assert evaluator.differences(expected) == []


def test_who_reads_metrics_reaches_the_web_ports(kubectl, home, operator, namespace, new_namespace, tmp_path):
    """The module's operator waits meanwhile: this one has --metrics-from."""
    monitoring = new_namespace("-monitoring")
    operator.stop()
    scraped = Operator(home, f"--metrics-from=kubernetes.io/metadata.name={monitoring}:app=prometheus").start()
    try:
        kubectl.apply(yb_cluster("one"), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        evaluator = Evaluator(kubectl, tmp_path, namespace, monitoring)
        expected = []
        for role, server in members(kubectl, evaluator, namespace, "one"):
            for app, place in itertools.product(("prometheus", "other"), (namespace, monitoring)):
                reader = evaluator.pod("10.244.8.1", place, {"app": app})
                reads = app == "prometheus" and place == monitoring
                expected += [((f"{app} of {place} -> {role}", reader, server, port, "TCP"),
                              reads and port in SERVED[role] and port in (MASTER_WEB, TSERVER_WEB))
                             for port in SERVED[role]]
        assert evaluator.differences(expected) == []
    finally:
        scraped.stop()
        operator.start()


def test_clients_of_the_same_kubernetes_cluster(kubectl, new_namespace, tmp_path):
    here, there = new_namespace("-here"), new_namespace("-there")
    kubectl("label", "namespace", there, "team=shop")
    kubectl.apply(yb_cluster("one", clients=[
        {"podSelector": {"matchLabels": {"app": "web"}}},
        {"namespaceSelector": {"matchLabels": {"team": "shop"}}, "podSelector": {"matchLabels": {"app": "cart"}}}],
        endpoints={"ysql": {"port": OTHER_YSQL}}), namespace=here)
    wait_for_ready(kubectl, "one", here)
    evaluator = Evaluator(kubectl, tmp_path, here, there)
    workloads = {(here, "web"): True, (here, "cart"): False, (there, "cart"): True, (there, "web"): False}
    expected = []
    for role, server in members(kubectl, evaluator, here, "one"):
        for number, ((namespace, app), named) in enumerate(workloads.items()):
            client = evaluator.pod(f"10.244.8.{number + 1}", namespace, {"app": app})
            for port in PORTS:
                wanted = named and role == "tserver" and port == OTHER_YSQL
                expected.append(((f"{namespace} {app} -> {role}", client, server, port, "TCP"), wanted))
                expected.append(((f"{role} -> {namespace} {app}", server, client, port, "TCP"), False))
    assert evaluator.differences(expected) == []


# Of each family: an address that a live entry names, one whose entry expires, one of a list that is not assigned, one that
# nobody names, and the edges of the live entry.
ADDRESSES = {"198.51.100.5": "live", "198.51.100.128": "live", "198.51.100.255": "live", "198.51.101.0": "unnamed",
             "192.0.2.5": "expiring", "203.0.113.5": "unassigned", "8.8.8.8": "unnamed",
             "2001:db8:1::5": "live", "2001:db8:1:ffff::1": "live", "2001:db8:2::5": "expiring",
             "2001:db8:3::5": "unassigned", "2001:db9::5": "unnamed", "::ffff:8.8.8.8": "unnamed"}


def table(kubectl, evaluator, namespace, cluster, opened):
    """The whole truth table of one cluster; `opened` says whether an address may connect."""
    expected = []
    for (role, server), (address, why), port in itertools.product(members(kubectl, evaluator, namespace, cluster),
                                                                  ADDRESSES.items(), PORTS):
        wanted = role == "tserver" and port == YSQL and opened(address, why)
        expected.append(((f"{why} {address} -> {cluster} {role}", outside(address), server, port, "TCP"), wanted))
        expected.append(((f"{cluster} {role} -> {address}", server, outside(address), port, "TCP"), False))
    return expected


def live_blocks(kubectl, namespace, cluster):
    rules = kubectl.get("networkpolicy", f"{cluster}-clients", namespace)["spec"].get("ingress", [])
    return [source["ipBlock"] for rule in rules for source in rule["from"]]


def ranges_let_in(kubectl, namespace, cluster):
    """The addresses of the table that the Service's source ranges let pass."""
    ranges = kubectl.get("service", cluster, namespace)["spec"]["loadBalancerSourceRanges"]
    networks = [ipaddress.ip_network(one) for one in ranges]
    assert {network.version for network in networks} == {4, 6}, f"kube-proxy filters by family, and one has no range: {ranges}"
    return {address for address in ADDRESSES if any(ipaddress.ip_address(address) in network for network in networks)}


def lists(soon):
    """soon: when the brief entries expire, or None."""
    end = {"expiresAt": soon} if soon else {}
    return [allow_list("both", "198.51.100.0/24", "2001:db8:1::/48", {"cidr": "192.0.2.0/24", **end},
                       {"cidr": "2001:db8:2::/48", **end}),
            allow_list("spare", "203.0.113.0/24", "2001:db8:3::/48"), allow_list("six", "2001:db8:1::/48"),
            allow_list("brief", {"cidr": "192.0.2.0/24", **end})]


def test_the_whole_table_of_addresses(kubectl, namespace, tmp_path):
    """(address, list assigned, entry expired, endpoint's port, IP family): open where all say yes, closed in all other rows."""
    def judge(rows):
        evaluator = Evaluator(kubectl, tmp_path, namespace)
        for cluster, opened in rows.items():
            assert evaluator.differences(table(kubectl, evaluator, namespace, cluster, opened)) == []
            wanted = {address for address, why in ADDRESSES.items() if opened(address, why)}
            # The Service is written after the policy.
            wait_until(f"source ranges of {cluster} as wanted", lambda: ranges_let_in(kubectl, namespace, cluster) == wanted)

    assigned = {"one": ["both"], "six": ["six"], "brief": ["brief"], "empty": []}
    kubectl.apply(*lists(None), *(yb_cluster(cluster, allowLists=names, endpoints={"exposure": "Public"})
                                  for cluster, names in assigned.items()), namespace=namespace)
    for cluster in assigned:
        wait_for_ready(kubectl, cluster, namespace)
    always = {"six": lambda address, why: why == "live" and ":" in address, "empty": lambda *_: False}
    kubectl.apply(*lists(in_seconds(3600)), namespace=namespace)
    judge({"one": lambda _, why: why in ("live", "expiring"), **always,
           "brief": lambda address, why: why == "expiring" and ":" not in address})
    kubectl.apply(*lists(in_seconds(5)), namespace=namespace)
    wait_until("expired", lambda: len(live_blocks(kubectl, namespace, "one")) == 2
               and not live_blocks(kubectl, namespace, "brief"))
    judge({"one": lambda _, why: why == "live", **always, "brief": lambda *_: False})


def test_pods_of_others_do_not_come_in_by_address(kubectl, namespace, tmp_path):
    """An entry around --pod-cidr opens to what is outside of the Kubernetes cluster, not to other tenants' pods."""
    kubectl.apply(allow_list("wide", "10.0.0.0/8", "fd00::/8", "10.244.3.0/24"), yb_cluster("one", allowLists=["wide"]),
                  namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    evaluator = Evaluator(kubectl, tmp_path, namespace)
    tserver = next(server for role, server in members(kubectl, evaluator, namespace, "one") if role == "tserver")
    strangers = {"Namespace": "foreign", "NamespaceLabels": {"kubernetes.io/metadata.name": "foreign"},
                 "PodLabels": {"app": "shop"}}
    expected = []
    for address, wanted in {"10.1.2.3": True, "10.243.255.255": True, "10.245.0.0": True, "fd00:10:245::1": True,
                            "11.0.0.1": False}.items():
        expected.append(((f"{address} -> tserver", outside(address), tserver, YSQL, "TCP"), wanted))
    for address in ("10.244.0.1", "10.244.3.9", "10.244.255.255", "fd00:10:244::1", "fd00:10:244:ffff::1"):
        stranger = {"IP": address, "Internal": strangers}
        expected.append(((f"foreign pod {address} -> tserver", stranger, tserver, YSQL, "TCP"), False))
    assert evaluator.differences(expected) == [], json.dumps(live_blocks(kubectl, namespace, "one"))
