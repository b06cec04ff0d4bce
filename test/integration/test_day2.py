"""Changes to a cluster that runs."""

import children
import pytest
from manifests import RESOURCES, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def nodes_ready(kubectl, namespace, count):
    return kubectl.get("ybcluster", "one", namespace).get("status", {}).get("nodes", {}).get("ready") == count


def test_scale_up(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=5")
    wait_until("five nodes", lambda: nodes_ready(kubectl, namespace, 5))
    wait_for_ready(kubectl, "one", namespace)
    after = children.pods(kubectl, "one", namespace)
    assert before.items() <= after.items() and len(after) == 3 + 5, "more tservers, the same masters, and no restart"


def test_scale_down_is_refused_until_the_database_can_be_asked(kubectl, namespace):
    kubectl.apply(yb_cluster("one", nodes=4), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=3")

    def refused():
        live = kubectl.get("ybcluster", "one", namespace)
        return any(one["reason"] == "NeedsDatabase" for one in live["status"]["conditions"])
    wait_until("NeedsDatabase", refused)
    assert children.pods(kubectl, "one", namespace) == before
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    wait_for_ready(kubectl, "one", namespace)


def test_volumes_grow_in_place(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    volumes, pods = children.volumes(kubectl, "one", namespace), children.pods(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tservers": {"storage": {"size": "3Gi"}}}})

    def grown():
        claims = [one for one in kubectl.list("persistentvolumeclaims", namespace) if "tserver" in one["metadata"]["name"]]
        sizes = {one["metadata"]["name"]: one["status"].get("capacity", {}).get("storage") for one in claims}
        assert set(sizes.values()) == {"3Gi"}, sizes
        live = kubectl.get("statefulset", "one-tserver", namespace)
        assert live, "it is being made anew"
        template = live["spec"]["volumeClaimTemplates"][0]
        assert template["spec"]["resources"]["requests"]["storage"] == "3Gi"
        return True
    wait_until("volumes of 3Gi, and so the next ones", grown)
    wait_for_ready(kubectl, "one", namespace)
    assert children.volumes(kubectl, "one", namespace) == volumes
    assert children.pods(kubectl, "one", namespace) == pods


def test_new_resources_roll_one_pod_at_a_time_masters_first(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    larger = {"resources": {**RESOURCES, "limits": {"cpu": "1", "memory": "2Gi"}}}
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"masters": larger, "tservers": larger}})
    order = []

    def rolled():
        now = children.pods(kubectl, "one", namespace)
        order.extend(name for name in before if now.get(name) not in (None, before[name]) and name not in order)
        if len(now) < 5:
            pytest.fail(f"more than one pod away: {sorted(now)}")
        return len(order) == 6
    wait_until("every pod new", rolled, ROLLOUT, 0.1)
    wait_for_ready(kubectl, "one", namespace)
    assert all("master" in name for name in order[:3]) and all("tserver" in name for name in order[3:]), order
    assert children.pods(kubectl, "one", namespace).keys() == before.keys()


def test_a_rollout_that_is_stuck_heals_when_the_spec_goes_back(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"pod": {"nodeSelector": {"example.com/nowhere": "true"}}}})

    def stuck():
        pods = [pod for pod in kubectl.list("pods", namespace) if pod["spec"].get("nodeSelector")]
        return pods and all(pod["status"]["phase"] == "Pending" for pod in pods)
    wait_until("a pod that no node takes", stuck)
    stays("no second pod is touched", lambda: len(set(before.values()) & set(
        children.pods(kubectl, "one", namespace).values())) == 5, 5)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "NodesReady", "False", "Unschedulable")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"pod": {"nodeSelector": None}}})
    wait_for_ready(kubectl, "one", namespace)
    assert len(set(before.values()) & set(children.pods(kubectl, "one", namespace).values())) == 5


def test_restart_by_annotation(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/restart=first")
    wait_until("every pod new", lambda: not set(before.values()) & set(children.pods(kubectl, "one", namespace).values()) and
               len(children.pods(kubectl, "one", namespace)) == 6, ROLLOUT)
    wait_for_ready(kubectl, "one", namespace)


def test_pause_and_resume_keep_volumes_and_credentials(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    volumes = children.volumes(kubectl, "one", namespace)
    kept = kubectl.get("secret", "one-admin", namespace)["data"], kubectl.get("configmap", "one-ca", namespace)["data"]
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"desiredState": "Paused"}})
    wait_until("no pods", lambda: not children.pods(kubectl, "one", namespace))
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"desiredState": "Running"}})
    wait_until("pods", lambda: len(children.pods(kubectl, "one", namespace)) == 6)
    wait_for_ready(kubectl, "one", namespace)
    assert children.volumes(kubectl, "one", namespace) == volumes
    assert (kubectl.get("secret", "one-admin", namespace)["data"],
            kubectl.get("configmap", "one-ca", namespace)["data"]) == kept


def test_port_changes_service_and_process(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"ysql": {"port": 6543}}}})

    def served():
        service = kubectl.get("service", "one", namespace)
        assert [port["port"] for port in service["spec"]["ports"]] == [6543]
        return all("6543" in str(pod["spec"]["containers"][0]["ports"])
                   for pod in kubectl.list("pods", namespace, "yugabyte.com/cluster=one,app.kubernetes.io/component=tserver"))
    wait_until("port 6543 on Service and pods", served, ROLLOUT)
    wait_for_ready(kubectl, "one", namespace)


def test_an_annotation_of_the_service_goes_again(kubectl, namespace):
    kubectl.apply(yb_cluster("one", endpoints={"annotations": {"example.com/a": "1", "example.com/b": "2"}}), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("annotate", "service", "one", "-n", namespace, "example.com/theirs=3")
    for change, left in (({"example.com/a": None}, {"example.com/b": "2"}), (None, {})):
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"annotations": change}}})

        def gone():
            live = kubectl.get("service", "one", namespace)["metadata"]["annotations"]
            assert {key: value for key, value in live.items() if key.startswith("example.com/")} == {
                **left, "example.com/theirs": "3"}
            return True
        wait_until(f"annotations {left}", gone)


def test_plan_writes_nothing_but_status(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.versions(children.of(kubectl, "one", namespace))
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/plan=true")
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    plan = wait_until("a plan", lambda: kubectl.get("ybcluster", "one", namespace)["status"].get("plan"))
    assert any("3 -> 4" in step["why"] for step in plan), plan
    assert children.versions(children.of(kubectl, "one", namespace)) == before
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/plan-")
    wait_until("four nodes", lambda: nodes_ready(kubectl, namespace, 4))
    wait_until("plan carried out", lambda: not kubectl.get("ybcluster", "one", namespace)["status"].get("plan"))


def test_reconciling_stops_while_paused_by_annotation(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    stays("three tservers", lambda: kubectl.get("statefulset", "one-tserver", namespace)["spec"]["replicas"] == 3, 5)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused-")
    wait_until("four nodes", lambda: nodes_ready(kubectl, namespace, 4))


def storage_class(kubectl, namespace, name, **more):
    standard = kubectl.get("storageclass", "standard", namespace)
    kept = {key: standard[key] for key in ("apiVersion", "kind", "provisioner", "allowVolumeExpansion", "volumeBindingMode")}
    return {**kept, "metadata": {"name": name}, **more}


def test_missing_storage_class_is_said_and_heals(kubectl, namespace):
    group = {"resources": RESOURCES, "storage": {"size": "1Gi", "class": "late"}}
    kubectl.apply(yb_cluster("one", tservers=group), namespace=namespace)
    for kind, status in (("Stalled", "True"), ("Ready", "False")):
        told = wait_for_condition(kubectl, "ybcluster", "one", namespace, kind, status, "StorageClassMissing")
        assert "late" in told["message"]
    assert "late" in wait_for_event(kubectl, "StorageClassMissing", namespace)
    try:
        kubectl.apply(storage_class(kubectl, namespace, "late"), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
    finally:
        kubectl.delete("storageclass", "late", namespace)


def test_a_storage_class_that_went_holds_up_new_volumes_alone(kubectl, namespace):
    group = {"resources": RESOURCES, "storage": {"size": "1Gi", "class": "went"}}
    kubectl.apply(storage_class(kubectl, namespace, "went"), namespace=namespace)
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", tservers=group), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl.delete("storageclass", "went", namespace)
    kubectl.delete("statefulset", "one-tserver", namespace)
    wait_until("a StatefulSet around the volumes that are there", lambda: kubectl.get("statefulset", "one-tserver", namespace))
    wait_for_ready(kubectl, "one", namespace)

    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    kubectl.delete("statefulset", "one-tserver", namespace)
    kubectl.delete("persistentvolumeclaim", "data0-one-tserver-0", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused-")
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "StorageClassMissing")
    assert "went" in told["message"] and "one-tserver" in told["message"], told
    before = leaf_of(kubectl, namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "all-the-same"}}})
    wait_until("a new leaf", lambda: leaf_of(kubectl, namespace) != before)
    assert not kubectl.get("statefulset", "one-tserver", namespace)
    try:
        kubectl.apply(storage_class(kubectl, namespace, "went"), namespace=namespace)
        kubectl("annotate", "ybcluster", "one", "-n", namespace, "example.com/look=again")
        wait_for_ready(kubectl, "one", namespace)
    finally:
        kubectl.delete("storageclass", "went", namespace)


def test_taken_name_is_left_alone(kubectl, namespace):
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one-ca"}, "data": {"mine": "yes"}}
    kubectl.apply(foreign, namespace=namespace)
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "NameTaken")
    assert "one-ca" in wait_for_event(kubectl, "NameTaken", namespace)
    assert kubectl.get("configmap", "one-ca", namespace)["data"] == {"mine": "yes"}
    assert not children.of(kubectl, "one", namespace), "nothing is written while a name is taken"
    kubectl.delete("configmap", "one-ca", namespace)
    wait_for_ready(kubectl, "one", namespace)


def test_volumes_of_an_earlier_cluster_are_not_taken_over_silently(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    volumes = children.volumes(kubectl, "one", namespace)
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "VolumesOfEarlierCluster")
    kubectl("annotate", "ybcluster", "one", "-n", namespace, f"yugabyte.com/adopt-volumes={uid}")
    wait_for_ready(kubectl, "one", namespace)
    assert children.volumes(kubectl, "one", namespace) == volumes


def by_hand(name, **labels):
    """A claim that somebody made, or a tool restored, without the operator's labels: nobody's watch shows it."""
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "labels": labels},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def test_a_claim_that_nobody_labelled_is_not_mounted(kubectl, namespace):
    kubectl.apply(by_hand("data0-one-tserver-1"), namespace=namespace)
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "VolumesOfEarlierCluster")
    assert "data0-one-tserver-1" in told["message"]
    stays("nothing is made", lambda: not children.of(kubectl, "one", namespace), 5)
    assert "data0-one-tserver-1" in wait_for_event(kubectl, "VolumesOfEarlierCluster", namespace)
    kubectl.delete("persistentvolumeclaim", "data0-one-tserver-1", namespace)
    wait_for_ready(kubectl, "one", namespace)


def test_a_claim_in_the_way_of_new_pods(kubectl, namespace):
    """Scaled up: the pods that run are left alone, the claim is taken over once it carries the cluster's uid."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    before = children.pods(kubectl, "one", namespace)
    kubectl.apply(by_hand("data0-one-tserver-3", **{"yugabyte.com/cluster-uid": "of-an-earlier-one"}), namespace=namespace)
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "VolumesOfEarlierCluster")
    assert kubectl.get("statefulset", "one-tserver", namespace)["spec"]["replicas"] == 3
    assert children.pods(kubectl, "one", namespace) == before
    kubectl("label", "persistentvolumeclaim", "data0-one-tserver-3", "-n", namespace, "--overwrite",
            f"yugabyte.com/cluster-uid={uid}")
    wait_until("four nodes, when it looks again", lambda: nodes_ready(kubectl, namespace, 4), ROLLOUT)
    wait_for_ready(kubectl, "one", namespace)
    assert "data0-one-tserver-3" in children.volumes(kubectl, "one", namespace), "with all labels it is watched as the others"


def test_version_of_another_series_is_refused(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    live = wait_for_ready(kubectl, "one", namespace)
    series, rest = live["status"]["version"].split(".", 1)
    before = children.pods(kubectl, "one", namespace)
    other = f"{int(series) + 1}.{rest}"
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"version": other}})
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "NeedsDatabase")
    assert other in told["message"] and other in wait_for_event(kubectl, "NeedsDatabase", namespace)
    assert kubectl.get("ybcluster", "one", namespace)["status"]["version"] == live["status"]["version"]
    assert children.pods(kubectl, "one", namespace) == before


def leaf_of(kubectl, namespace):
    return kubectl.get("secret", "one-tserver-tls", namespace)["data"]["node.one-tserver.crt"]


def test_a_wish_that_is_refused_holds_up_nothing_else(kubectl, namespace):
    """Certificates end all the same: they are renewed whatever else the cluster waits for."""
    kubectl.apply(storage_class(kubectl, namespace, "rigid", allowVolumeExpansion=False), namespace=namespace)
    group = {"resources": RESOURCES, "storage": {"size": "1Gi", "class": "rigid"}}
    kubectl.apply(yb_cluster("one", tservers=group), namespace=namespace)
    live = wait_for_ready(kubectl, "one", namespace)
    foreign = by_hand("data0-one-tserver-7", **{"yugabyte.com/cluster": "one", "yugabyte.com/cluster-uid": "of-an-earlier-one",
                                                "app.kubernetes.io/managed-by": "ybcluster-operator"})
    other = f"{int(live['status']['version'].split('.')[0]) + 1}.1.0.0-b1"
    wishes = {
        "NeedsDatabase": lambda: kubectl.patch("ybcluster", "one", namespace, {"spec": {"version": other}}),
        "VolumesOfEarlierCluster": lambda: kubectl.apply(foreign, namespace=namespace),
        "VolumeExpansionRefused": lambda: kubectl.patch("ybcluster", "one", namespace,
                                                        {"spec": {"tservers": {"storage": {"size": "2Gi"}}}})}
    pods = children.pods(kubectl, "one", namespace)
    for reason, wish in wishes.items():
        wish()
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", reason)
        before = leaf_of(kubectl, namespace)
        assert children.pods(kubectl, "one", namespace) == pods
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": reason}}})
        wait_until("a new leaf", lambda: leaf_of(kubectl, namespace) != before)
        wait_until("every pod new", lambda: not set(pods.values()) & set(children.pods(kubectl, "one", namespace).values()) and
                   len(children.pods(kubectl, "one", namespace)) == 6, ROLLOUT)
        pods = children.pods(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"version": None}})
    kubectl.delete("persistentvolumeclaim", "data0-one-tserver-7", namespace)
    kubectl.patch("storageclass", "rigid", namespace, {"allowVolumeExpansion": True})
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "example.com/look=again")
    wait_for_ready(kubectl, "one", namespace, ROLLOUT)
    kubectl.delete("storageclass", "rigid", namespace)


def test_a_stateful_set_that_somebody_scaled(kubectl, namespace):
    """Masters go back to as many as there must be; a tserver may hold data, and stays until the spec has it too."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("scale", "statefulset", "one-master", "-n", namespace, "--replicas=5")
    wait_until("three masters", lambda: kubectl.get("statefulset", "one-master", namespace)["spec"]["replicas"] == 3)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("scale", "statefulset", "one-tserver", "-n", namespace, "--replicas=4")
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "NeedsDatabase")
    assert "spec.nodes to at least 4" in told["message"]
    kubectl("scale", "ybcluster", "one", "-n", namespace, "--replicas=4")
    wait_for_ready(kubectl, "one", namespace)
