"""What the pods run: releases and images."""

import children
import pytest
from kubelet import by_hand
from manifests import condition, wait_for_condition, wait_for_ready, yb_cluster
from waiting import stays

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
        for reason in ("ErrImagePull", "ImagePullBackOff"):
            kubelet.waits(namespace, pod, reason, f'cannot have "{image}"')
            for kind in ("NodesReady", "Ready"):
                told = wait_for_condition(kubectl, "ybcluster", "one", namespace, kind, "False", reason, 20)
                assert f'pod {name}: {reason}: cannot have "{image}"' in told["message"], told
        others = {key: value for key, value in before.items() if key != name}
        stays("no other pod is touched", lambda: others.items() <= children.pods(kubectl, "one", namespace).items(), 3)
        live = kubectl.get("ybcluster", "one", namespace)
        assert not condition(live, "Stalled") and condition(live, "AllowListsApplied")["status"] == "True", live["status"]
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"image": None}})
        assert kubelet.end(namespace) == (name, pod["metadata"]["uid"]), "what is stuck goes, and nothing else"
    wait_for_ready(kubectl, "one", namespace)
    assert others.items() <= children.pods(kubectl, "one", namespace).items()
