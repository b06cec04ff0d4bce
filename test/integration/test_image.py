"""What the pods run: releases and images."""

import children
import pytest
from history import History
from kubelet import by_hand
from manifests import API, condition, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def test_an_image_that_cannot_be_pulled(plane, kubectl, namespace):
    """One pod waits for it, the rollout for that pod; both the reason and the pod are named, and the way back is open."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before = children.pods(kubectl, "one", namespace)
    with by_hand(plane) as kubelet:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"image": {"repository": "registry.example.com/none"}}})
        name, uid = kubelet.end(namespace)
        pod = kubelet.started(namespace, name, uid)
        image = pod["spec"]["containers"][0]["image"]
        assert image.startswith("registry.example.com/none:")
        kubelet.waits(namespace, pod, "ErrImagePull", f'cannot have "{image}"')
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        kubelet.waits(namespace, pod, reason, f'cannot have "{image}"')
        for kind in ("NodesReady", "Ready"):
            told = wait_for_condition(kubectl, "ybcluster", "one", namespace, kind, "False", reason)
            assert f'pod {name}: {reason}: cannot have "{image}"' in told["message"], told
    assert f"pod {name}" in wait_for_event(kubectl, "ImagePullBackOff", namespace)
    others = {key: value for key, value in before.items() if key != name}
    stays("no other pod is touched", lambda: others.items() <= children.pods(kubectl, "one", namespace).items(), 3)
    live = kubectl.get("ybcluster", "one", namespace)
    assert not condition(live, "Stalled") and condition(live, "AllowListsApplied")["status"] == "True", live["status"]
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"image": None}})
    wait_until("what is stuck goes", lambda: children.pods(kubectl, "one", namespace).get(name) not in (
        None, pod["metadata"]["uid"]), ROLLOUT)  # KWOK is back, and takes its nodes when the leases of before have ended
    wait_for_ready(kubectl, "one", namespace)
    assert others.items() <= children.pods(kubectl, "one", namespace).items()


def one_at_a_time(events, cluster, image):
    """Goes through a history of pods and of the cluster; returns the pods in the order in which they went, and how many ran the
    image when status.version changed."""
    pods, went, ran, version = {}, [], None, None
    for _, _, kind, live in events:
        name = live["metadata"]["name"]
        if live["kind"] == "Pod":
            if kind == "DELETED":
                pods.pop(name, None)
                continue
            if name in pods and "deletionTimestamp" in live["metadata"] and name not in went:
                others = [other for key, other in pods.items() if key != name]
                assert all(is_up(other) for other in others), f"{name} went while another was not ready"
                went.append(name)
            pods[name] = live
        elif name == cluster and "version" in live.get("status", {}):
            if version not in (None, live["status"]["version"]):
                assert ran is None, "it changed twice"
                ran = sum(pod["spec"]["containers"][0]["image"] == image and is_up(pod) for pod in pods.values())
            version = live["status"]["version"]
    return went, ran


def is_up(pod):
    return "deletionTimestamp" not in pod["metadata"] and any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod.get("status", {}).get("conditions", []))


def watched(kubectl, namespace):
    return History(kubectl, f"/api/v1/namespaces/{namespace}/pods", f"/apis/{API}/namespaces/{namespace}/ybclusters")


def test_a_newer_release_of_the_series(kubectl, namespace):
    """The status names the release that every pod runs, and until then the one before: a way back is open."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    before = wait_for_ready(kubectl, "one", namespace)["status"]["version"]
    series, build = before.rsplit("-b", 1)
    newer = f"{series}-b{int(build) + 1}"
    with watched(kubectl, namespace) as history:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"version": newer}})
        wait_until("the new release in the status", lambda: kubectl.get(
            "ybcluster", "one", namespace)["status"]["version"] == newer, ROLLOUT)
        live = wait_for_ready(kubectl, "one", namespace)
        went, ran = one_at_a_time(history.so_far(), "one", f"yugabytedb/yugabyte:{newer}")
    assert went == [f"one-{role}-{i}" for role in ("master", "tserver") for i in (2, 1, 0)]
    assert ran == 6, "the status is ahead of the pods"
    assert {pod["spec"]["containers"][0]["image"] for pod in kubectl.list("pods", namespace)} == {f"yugabytedb/yugabyte:{newer}"}
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"version": before}})
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "NeedsDatabase")
    assert kubectl.get("ybcluster", "one", namespace)["status"]["version"] == live["status"]["version"]


def test_another_image_of_the_same_release(kubectl, namespace):
    kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1), namespace=namespace)
    version = wait_for_ready(kubectl, "one", namespace)["status"]["version"]
    wanted = {"repository": "registry.example.com/yugabyte", "pullSecrets": ["registry"]}
    with watched(kubectl, namespace) as history:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"image": wanted}})

        def all_run_it():
            specs = [pod["spec"] for pod in kubectl.list("pods", namespace)]
            return len(specs) == 2 and all(spec["containers"][0]["image"] == f"registry.example.com/yugabyte:{version}" and
                                           spec["imagePullSecrets"] == [{"name": "registry"}] for spec in specs)
        wait_until("both pods with the image", all_run_it, ROLLOUT)
        wait_for_ready(kubectl, "one", namespace)
        went, ran = one_at_a_time(history.so_far(), "one", None)
    assert went == ["one-master-0", "one-tserver-0"] and ran is None, "another image is no other release"
