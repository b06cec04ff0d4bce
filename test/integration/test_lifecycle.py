"""Clusters come up, stand beside each other, and go away."""

import json

import children
import pytest
from control_plane import Refused
from manifests import condition, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def gone(kubectl, name, namespace):
    return kubectl.get("ybcluster", name, namespace) is None


def test_comes_up_with_all_it_owns(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    live = wait_for_ready(kubectl, "one", namespace)
    assert {kind: condition(live, kind).get("status") for kind in ("NodesReady", "CertificatesReady", "AllowListsApplied")} \
        == {"NodesReady": "True", "CertificatesReady": "True", "AllowListsApplied": "True"}
    assert live["status"]["nodes"]["ready"] == live["status"]["nodes"]["desired"] == 3
    found = children.of(kubectl, "one", namespace)
    assert sorted(found) == sorted(children.names("one"))
    for what, child in found.items():
        owners = child["metadata"]["ownerReferences"]
        assert [(owner["uid"], owner["controller"]) for owner in owners] == [(live["metadata"]["uid"], True)], what
        assert child["metadata"]["labels"]["yugabyte.com/cluster-uid"] == live["metadata"]["uid"], what
    assert len(children.pods(kubectl, "one", namespace)) == 6
    assert kubectl("get", "ybc", "one", "-n", namespace, "--no-headers").split()[0] == "one"


def test_first_status_says_that_work_is_under_way(kubectl, namespace):
    """What kubectl wait and GitOps tools rely on: no moment in which an old or missing Ready reads as done."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    live = wait_until("a first status", lambda: (found := kubectl.get("ybcluster", "one", namespace)) and
                      found.get("status", {}).get("conditions") and found, pause=0.05)
    assert live["status"]["observedGeneration"] == 1
    assert condition(live, "Ready")["status"] == "True" or condition(live, "Reconciling")["status"] == "True"
    wait_for_ready(kubectl, "one", namespace)


def test_zones(kubectl, namespace):
    """Each zone has a master and a tserver of its own; that zones guarantee anything needs the database, and is not said."""
    kubectl.apply(yb_cluster("one", faultTolerance="Zone", zones=["z1", "z2", "z3"]), namespace=namespace)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "NodesReady", "Unknown", "PlacementNotSet")
    zone = "topology.kubernetes.io/zone"
    zones = {one["metadata"]["name"]: one["metadata"]["labels"][zone] for one in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]}
    placed = sorted((pod["metadata"]["name"].split("-")[1], zones[pod["spec"]["nodeName"]]) for pod in kubectl.list("pods", namespace))
    assert placed == [(role, f"z{i}") for role in ("master", "tserver") for i in (1, 2, 3)]
    assert condition(kubectl.get("ybcluster", "one", namespace), "Ready")["status"] != "True"


def test_two_clusters_in_one_namespace(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), yb_cluster("two"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    wait_for_ready(kubectl, "two", namespace)
    one, two = (children.of(kubectl, name, namespace) for name in ("one", "two"))
    assert not set(one) & set(two)
    before = children.versions(two), children.pods(kubectl, "two", namespace)
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    wait_until("children of one gone", lambda: not children.of(kubectl, "one", namespace))
    now = children.of(kubectl, "two", namespace)
    assert (children.versions(now), children.pods(kubectl, "two", namespace)) == before


def test_same_name_in_two_namespaces(kubectl, new_namespace):
    first, second = new_namespace("-1"), new_namespace("-2")
    for namespace in (first, second):
        kubectl.apply(yb_cluster("same"), namespace=namespace)
    for namespace in (first, second):
        wait_for_ready(kubectl, "same", namespace)
    roots = [kubectl.get("configmap", "same-ca", namespace)["data"]["root.crt"] for namespace in (first, second)]
    assert roots[0] != roots[1]
    before = children.versions(children.of(kubectl, "same", second))
    kubectl.delete("ybcluster", "same", first, "--timeout=60s")
    assert children.versions(children.of(kubectl, "same", second)) == before


def test_deletion_retains_volumes_and_nothing_else(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.volumes(kubectl, "one", namespace)
    assert len(before) == 6
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    wait_until("children gone", lambda: not children.of(kubectl, "one", namespace) and
               not children.pods(kubectl, "one", namespace))
    assert children.volumes(kubectl, "one", namespace) == before


def test_deletion_deletes_volumes_on_demand(kubectl, namespace):
    other = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk0-one-master-9"},
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), other, namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    assert len(children.volumes(kubectl, "one", namespace)) == 6
    kubectl.delete("ybcluster", "one", namespace, "--timeout=90s")
    wait_until("children gone", lambda: not children.of(kubectl, "one", namespace))
    left = [one["metadata"]["name"] for one in kubectl.list("persistentvolumeclaims", namespace)
            if "deletionTimestamp" not in one["metadata"]]
    assert left == ["disk0-one-master-9"], "only volumes with our label may go"


def test_what_lost_its_owner_goes_all_the_same(kubectl, namespace):
    """Somebody took the references off while nothing was reconciled; the garbage collector does not know them any more."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_until("paused", lambda: condition(kubectl.get("ybcluster", "one", namespace), "Paused"))
    for kind, name in (("statefulset", "one-tserver"), ("service", "one"), ("networkpolicy", "one-deny"), ("secret", "one-admin")):
        kubectl.patch(kind, name, namespace, {"metadata": {"ownerReferences": None}})
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    assert not children.of(kubectl, "one", namespace) and not children.pods(kubectl, "one", namespace)


def test_goes_away_half_built(kubectl, namespace):
    kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), namespace=namespace)
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    assert gone(kubectl, "one", namespace)
    wait_until("children gone", lambda: not children.of(kubectl, "one", namespace))


def test_waits_for_a_controller_that_is_behind(kubectl, namespace, plane):
    """The StatefulSets' controller acts on what it saw last: claims that it makes when the cluster is gone would stay."""
    with plane.frozen("kube-controller-manager"):
        kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), namespace=namespace)
        wait_until("StatefulSets", lambda: len(kubectl.list("statefulsets", namespace)) == 2)
        kubectl.delete("ybcluster", "one", namespace, "--wait=false")
        wait_until("none wanted", lambda: [one["spec"]["replicas"] for one in kubectl.list("statefulsets", namespace)] == [0, 0])
        stays("the cluster, while the controller has not seen that", lambda: not gone(kubectl, "one", namespace), 3)
        wait_until("what it waits for is said", lambda: "2 compute left" in str(
            kubectl.get("ybcluster", "one", namespace)["status"]["conditions"]))
    wait_until("gone", lambda: gone(kubectl, "one", namespace))
    wait_until("children gone", lambda: not children.of(kubectl, "one", namespace))
    plane.wait_for_quiet(2)
    assert not kubectl.list("persistentvolumeclaims", namespace) and not kubectl.list("pods", namespace)


def test_looks_for_sets_that_its_watch_does_not_show(kubectl, operator, namespace, plane):
    """One whose creation was never answered, say, while the watch is behind; here, one that its selector leaves out."""
    with plane.frozen("kube-controller-manager"):
        kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), namespace=namespace)
        wait_until("StatefulSets", lambda: len(kubectl.list("statefulsets", namespace)) == 2)
        operator.stop()
        try:
            kubectl("label", "statefulset", "one-master", "-n", namespace, "app.kubernetes.io/managed-by-")
            kubectl.delete("ybcluster", "one", namespace, "--wait=false")
        finally:
            operator.start()
        wait_until("none wanted", lambda: [one["spec"]["replicas"] for one in kubectl.list("statefulsets", namespace)] == [0, 0])
        stays("the cluster, while the controller has not seen that", lambda: not gone(kubectl, "one", namespace), 3)
    wait_until("gone", lambda: gone(kubectl, "one", namespace))
    plane.wait_for_quiet(2)
    assert not kubectl.list("persistentvolumeclaims", namespace) and not kubectl.list("statefulsets", namespace)


def test_a_pod_without_its_role_goes_with_its_cluster(kubectl, operator, namespace):
    """Its set lets go of it, no policy of its role selects it, and it mounts a volume of ours."""
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", deletionPolicy="Delete"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    operator.stop()
    try:
        kubectl("label", "pod", "one-tserver-0", "-n", namespace, "app.kubernetes.io/component-")
        wait_until("its set lets go of it", lambda: not kubectl.get("pod", "one-tserver-0", namespace)["metadata"].get("ownerReferences"))
        kubectl.delete("ybcluster", "one", namespace, "--wait=false")
    finally:
        operator.start()
    wait_until("gone", lambda: gone(kubectl, "one", namespace))
    assert not kubectl.list("pods", namespace)
    wait_until("volumes gone", lambda: not kubectl.list("persistentvolumeclaims", namespace))


def test_deletion_protection(kubectl, namespace):
    kubectl.apply(yb_cluster("one", deletionProtection=True), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    with pytest.raises(Refused, match="deletionProtection"):
        kubectl.delete("ybcluster", "one", namespace, "--timeout=10s")
    wait_for_event(kubectl, "DeletionProtected", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"deletionProtection": False}})
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
