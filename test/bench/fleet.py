"""The clusters that are declared, and how they are seen to converge."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from server import CLUSTERS, children

NAMESPACES = 10
HANDS = 8  # connections that create
CONVERGED = ("CertificatesReady", "AllowListsApplied")


def namespace_of(i):
    return f"bench-{i % NAMESPACES}"


def name_of(i):
    return f"yb-{i:05d}"


def path_of(i):
    return f"{CLUSTERS}/namespaces/{namespace_of(i)}/ybclusters/{name_of(i)}"


def group(cpu, memory):
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
            "storage": {"size": "10Gi"}}


def cluster(i):
    return {"apiVersion": "yugabyte.com/v1beta1", "kind": "YBCluster", "metadata": {"name": name_of(i)},
            "spec": {"nodes": 3, "allowLists": ["offices"], "masters": group("500m", "1Gi"), "tservers": group("1", "4Gi")}}


def allow_list():
    entries = [{"cidr": "198.51.100.0/24"}, {"cidr": "203.0.113.17/32"}, {"cidr": "2001:db8:100::/48"}]
    return {"apiVersion": "yugabyte.com/v1beta1", "kind": "AllowList", "metadata": {"name": "offices"},
            "spec": {"entries": entries}}


def declare(plane, count):
    """Before the operator starts, so that a cold start finds all of them."""
    client = plane.client()
    for i in range(NAMESPACES):
        client("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": namespace_of(i), "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
        client("POST", f"{CLUSTERS}/namespaces/{namespace_of(i)}/allowlists?fieldManager=user", allow_list())

    def some(hand):
        own = plane.client()
        for i in range(hand, count, HANDS):
            own("POST", f"{CLUSTERS}/namespaces/{namespace_of(i)}/ybclusters?fieldManager=user", cluster(i))

    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(some, range(HANDS)))


def converged(live):
    """Status current, certificates and allow lists true. No pods run here, so it is never Ready."""
    status = live.get("status", {})
    states = {one["type"]: one["status"] for one in status.get("conditions", [])}
    return status.get("observedGeneration") == live["metadata"]["generation"] and \
        all(states.get(one) == "True" for one in CONVERGED)


class Convergence(threading.Thread):
    """Watches until each cluster has converged once."""

    def __init__(self, plane, count):
        super().__init__(daemon=True)
        self.plane, self.count = plane, count
        self.done, self.watching = set(), threading.Event()
        self.finished, self.at, self.times = threading.Event(), None, []

    def run(self):
        with self.plane.client().watch(f"{CLUSTERS}/ybclusters") as events:
            self.watching.set()
            for event in events:
                live = event["object"]
                key = live["metadata"]["name"]
                if event["type"] in ("ADDED", "MODIFIED") and key not in self.done and converged(live):
                    self.done.add(key)
                    if len(self.done) == self.count:
                        self.at = time.time()
                        self.finished.set()
                        return

    def wait(self, seconds):
        if not self.finished.wait(seconds):
            raise SystemExit(f"only {len(self.done)} of {self.count} clusters converged within {seconds} s")
        return self.at


def check_children(plane, count):
    """Every cluster has the same children; how many those are."""
    found = children(plane)
    kinds = found[namespace_of(0), name_of(0)]
    assert len(found) == count and len(kinds) >= 15, (len(found), sorted(kinds))
    different = {key: own ^ kinds for key, own in found.items() if own != kinds}
    assert not different, f"clusters differ in their children: {next(iter(different.items()))}"
    return len(kinds)
