"""Whatever is taken away or changed by another hand comes back, and no pod restarts for it."""

import base64
import json

import children
import pytest
from manifests import condition, wait_for_ready, yb_cluster
from waiting import ROLLOUT, stays, wait_until

ANYWHERE = {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
NOISE = base64.b64encode(b"foreign").decode()

# Strategy "json" is needed where a merge patch would replace a list.
EDITS = [
    ("service", "one", "json", [{"op": "add", "path": "/spec/ports/-", "value": {"name": "web", "port": 7000}}]),
    ("service", "one", "merge", {"spec": {"externalIPs": ["198.51.100.7"]}}),
    ("service", "one-masters", "merge", {"spec": {"publishNotReadyAddresses": False}}),
    ("networkpolicy", "one-deny", "merge", {"spec": {"ingress": [ANYWHERE]}}),
    ("networkpolicy", "one-internal", "json", [{"op": "add", "path": "/spec/ingress/-", "value": ANYWHERE}]),
    ("networkpolicy", "one-clients", "merge", {"spec": {"ingress": [ANYWHERE]}}),
    ("networkpolicy", "one-operator", "merge", {"spec": {"ingress": [ANYWHERE]}}),
    ("poddisruptionbudget", "one-masters", "merge", {"spec": {"maxUnavailable": 3}}),
    ("serviceaccount", "one", "merge", {"automountServiceAccountToken": True}),
    ("configmap", "one-ca", "merge", {"data": {"root.crt": "foreign"}}),
    ("secret", "one-tserver-flags", "merge", {"data": {"server.conf": NOISE}}),
    ("statefulset", "one-tserver", "merge", {"spec": {"replicas": 1}}),
    ("statefulset", "one-tserver", "merge", {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
    ("statefulset", "one-master", "json", [
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.com/foreign:1"}]),
    ("statefulset", "one-tserver", "json", [
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": {
            "name": "thief", "image": "example.com/thief:1",
            "volumeMounts": [{"name": "certificates", "mountPath": "/stolen"}]}}]),
]


def essence(child):
    """What of a child is its content: all but the bookkeeping."""
    kept = {key: value for key, value in child.items() if key not in ("metadata", "status")}
    return kept, child["metadata"].get("labels"), child["metadata"].get("ownerReferences")


@pytest.fixture(scope="module")
def cluster(kubectl, operator):
    """One cluster that all tests of this file pull at: (name, namespace)."""
    namespace = "drift"
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    yield "one", namespace
    kubectl.delete("ybcluster", "one", namespace, "--timeout=90s")
    kubectl("delete", "namespace", namespace, "--wait=false")


def test_label_of_a_stateful_set_comes_back_and_nothing_is_waited_for(kubectl, cluster):
    """No generation is new, so its controller says nothing: nobody would bring the cluster back."""
    for name in ("one-master", "one-tserver"):
        kubectl.patch("statefulset", name, cluster[1], {"metadata": {"labels": {"yugabyte.com/cluster": None}}})
    wait_until("the labels are back", lambda: len(kubectl.list("statefulsets", cluster[1], "yugabyte.com/cluster=one")) == 2)

    def nothing_under_way():
        left = condition(kubectl.get("ybcluster", "one", cluster[1]), "Reconciling")
        assert not left, left
        return True
    wait_until("nothing under way", nothing_under_way)


@pytest.mark.parametrize("kind,name", [what for what in children.names("one") if what[0] != "statefulset"])
def test_deleted_child_comes_back(kubectl, cluster, kind, name):
    before = kubectl.get(kind, name, cluster[1])
    kubectl.delete(kind, name, cluster[1])

    def back():
        now = kubectl.get(kind, name, cluster[1])
        return now and now["metadata"]["uid"] != before["metadata"]["uid"]
    wait_until(f"{kind} {name} back", back)
    wait_for_ready(kubectl, *cluster)


def test_deleted_statefulset_comes_back_with_its_volumes(kubectl, cluster):
    volumes = children.volumes(kubectl, *cluster)
    kubectl.delete("statefulset", "one-tserver", cluster[1], "--wait=false")
    wait_until("new pods", lambda: (kubectl.get("statefulset", "one-tserver", cluster[1]) or {}).get("status", {}).get(
        "readyReplicas") == 3 and kubectl.get("pod", "one-tserver-0", cluster[1]))
    wait_for_ready(kubectl, *cluster)
    assert children.volumes(kubectl, *cluster) == volumes


@pytest.mark.parametrize("kind,name,how,change", EDITS, ids=[f"{edit[0]}-{edit[1]}-{n}" for n, edit in enumerate(EDITS)])
def test_edit_is_put_right(kubectl, cluster, kind, name, how, change):
    wait_for_ready(kubectl, *cluster)
    before, pods = kubectl.get(kind, name, cluster[1]), children.pods(kubectl, *cluster)
    kubectl.patch(kind, name, cluster[1], change, how=how)

    def right():
        now = kubectl.get(kind, name, cluster[1])
        assert essence(now) == essence(before)
        seen = now.get("status", {}).get("observedGeneration")
        assert seen in (None, now["metadata"].get("generation")), "its controller may still act on the edit"
        return True
    wait_until(f"{kind} {name} as it was", right)
    wait_until("every pod", lambda: children.pods(kubectl, *cluster).keys() == pods.keys())
    wait_for_ready(kubectl, *cluster)
    same = {pod: uid for pod, uid in children.pods(kubectl, *cluster).items() if pods.get(pod) == uid}
    lost = 2 if "replicas" in str(change) else 0  # what StatefulSet's own controller takes at once is made anew
    assert len(same) >= len(pods) - lost, "pods restarted for an edit that was taken back"


@pytest.mark.parametrize("secret", ["one-tserver-tls", "one-admin-tls"])
def test_an_edit_of_the_trust_annotation_restarts_nobody(kubectl, cluster, secret):
    """It says with which certificates pods run: the operator's own record, and not a button."""
    wait_for_ready(kubectl, *cluster)
    before, pods = kubectl.get("secret", secret, cluster[1]), children.pods(kubectl, *cluster)
    for value in ("x", None):
        kubectl.patch("secret", secret, cluster[1], {"metadata": {"annotations": {"yugabyte.com/trust": value}}})

        def right():
            now = kubectl.get("secret", secret, cluster[1])
            assert (now["data"], now["metadata"]["annotations"]) == (before["data"], before["metadata"]["annotations"])
            return True
        wait_until("the annotation as it was", right)
    wait_for_ready(kubectl, *cluster)
    assert children.pods(kubectl, *cluster) == pods


def test_a_restricted_sidecar_is_left_alone(kubectl, cluster):
    """A mesh's or a backup tool's, with a Secret of its own and nothing of ours."""
    wait_for_ready(kubectl, *cluster)
    pods = children.pods(kubectl, *cluster)
    sidecar = {"name": "agent", "image": "example.com/agent:1", "volumeMounts": [{"name": "token", "mountPath": "/token"}],
               "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}}
    kubectl.patch("statefulset", "one-tserver", cluster[1], [
        {"op": "add", "path": "/spec/template/spec/volumes/-", "value": {"name": "token", "secret": {"secretName": "agent"}}},
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": sidecar}], how="json")

    def there():
        spec = kubectl.get("statefulset", "one-tserver", cluster[1])["spec"]["template"]["spec"]
        return {"agent"} < {one["name"] for one in spec["containers"]} and "token" in {one["name"] for one in spec["volumes"]}
    stays("sidecar and volume", there, 5)
    wait_for_ready(kubectl, *cluster)
    assert children.pods(kubectl, *cluster) == pods, "what others put into the template restarts nobody"
    spec = kubectl.get("statefulset", "one-tserver", cluster[1])["spec"]["template"]["spec"]
    kubectl.patch("statefulset", "one-tserver", cluster[1], [
        {"op": "remove", "path": f"/spec/template/spec/{kind}/{[one['name'] for one in spec[kind]].index(name)}"}
        for kind, name in (("containers", "agent"), ("volumes", "token"))], how="json")


def debug(kubectl, namespace, pod, folder, mounts):
    """As support does it."""
    more = folder / f"{pod}.json"
    more.write_text(json.dumps({"volumeMounts": mounts}))
    kubectl("debug", pod, "-n", namespace, "--image=example.com/debugger:1", "--container=debugger", "--profile=restricted",
            f"--custom={more}", "--target=yb-tserver", "--", "sleep", "1")


def mounts_of_debuggers(kubectl, namespace, pod):
    spec = kubectl.get("pod", pod, namespace)["spec"]
    return [one.get("volumeMounts", []) for one in spec.get("ephemeralContainers", [])]


def test_a_pod_whose_volumes_somebody_mounts_is_replaced_and_one_that_is_looked_at_is_not(kubectl, cluster, tmp_path):
    wait_for_ready(kubectl, *cluster)
    pods = children.pods(kubectl, *cluster)
    debug(kubectl, cluster[1], "one-tserver-2", tmp_path, [])
    debug(kubectl, cluster[1], "one-tserver-0", tmp_path, [{"name": "data0", "mountPath": "/stolen"}])
    wait_until("one-tserver-0 anew", lambda: children.pods(kubectl, *cluster).get("one-tserver-0", pods["one-tserver-0"]) != pods[
        "one-tserver-0"], ROLLOUT)
    wait_for_ready(kubectl, *cluster, ROLLOUT)
    now = children.pods(kubectl, *cluster)
    assert {name for name in pods if now[name] != pods[name]} == {"one-tserver-0"}
    assert mounts_of_debuggers(kubectl, cluster[1], "one-tserver-0") == []
    assert mounts_of_debuggers(kubectl, cluster[1], "one-tserver-2") == [[]]
    wait_until("an event", lambda: [note for note in told(kubectl, cluster[1], "PodReplaced")
                                    if "one-tserver-0: an ephemeral container" in note])


def test_a_key_that_somebody_put_there_is_not_served(kubectl, cluster):
    wait_for_ready(kubectl, *cluster)
    kubectl.patch("secret", "one-tserver-tls", cluster[1], {"data": {"node.one-tserver.key": NOISE}})
    wait_until("a leaf with a key of its own", lambda: kubectl.get("secret", "one-tserver-tls", cluster[1])["data"][
        "node.one-tserver.key"] != NOISE)
    wait_for_ready(kubectl, *cluster, ROLLOUT)


def test_foreign_marks_are_left_alone(kubectl, cluster):
    marks = {"metadata": {"annotations": {"example.com/mark": "yes"}, "labels": {"example.com/mark": "yes"}}}
    kubectl.patch("service", "one", cluster[1], marks)
    before = kubectl.get("service", "one", cluster[1])["metadata"]["resourceVersion"]
    stays("foreign label and annotation",
          lambda: kubectl.get("service", "one", cluster[1])["metadata"]["resourceVersion"] == before, 5)


def test_password_of_admin_stays_when_the_secret_is_touched(kubectl, cluster):
    before = kubectl.get("secret", "one-admin", cluster[1])["data"]
    assert len(base64.b64decode(before["password"])) >= 32
    kubectl.patch("secret", "one-admin", cluster[1], {"data": {"host": NOISE}})
    wait_until("host true again", lambda: kubectl.get("secret", "one-admin", cluster[1])["data"] == before)


def told(kubectl, namespace, reason):
    return [one["note"] for one in kubectl.list("events.events.k8s.io", namespace) if one["reason"] == reason]


def test_a_password_of_somebody_else_is_kept_and_told_of(kubectl, cluster):
    """Short or not: it is their wish."""
    wait_until("an event of its making", lambda: told(kubectl, cluster[1], "AdminSecretMade"))
    kubectl.patch("secret", "one-admin", cluster[1], {"data": {"password": NOISE}})

    def followed():
        data = kubectl.get("secret", "one-admin", cluster[1])["data"]
        return data["password"] == NOISE and b":foreign@" in base64.b64decode(data["uri"])
    wait_until("a URI with it", followed)
    wait_until("an event", lambda: told(kubectl, cluster[1], "PasswordEdited"))
    kubectl.patch("secret", "one-admin", cluster[1], {"data": {"password": ""}})
    wait_until("a new one for none", lambda: len(base64.b64decode(
        kubectl.get("secret", "one-admin", cluster[1])["data"]["password"])) >= 32)
