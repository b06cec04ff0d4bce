"""What only the operator can see: a condition that names it, nothing opened, and it heals by itself."""

import contextlib
import json

import children
import pytest
from control_plane import Refused
from manifests import allow_list, condition, wait_for_condition, wait_for_event, wait_for_ready, yb_cluster
from test_network import applied
from waiting import stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")


def test_quota_is_said_and_heals(kubectl, namespace):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"},
             "spec": {"hard": {"count/statefulsets.apps": "1"}}}
    kubectl.apply(quota, namespace=namespace)
    wait_until("the quota counts", lambda: "hard" in kubectl.get("resourcequota", "small", namespace).get("status", {}))
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "QuotaExceeded")
    assert "small" in told["message"] and "statefulsets" in told["message"], "the server's own words"
    assert condition(kubectl.get("ybcluster", "one", namespace), "Ready")["reason"] == "QuotaExceeded"
    assert kubectl.get("networkpolicy", "one-deny", namespace), "what closes stands before anything else"
    assert "small" in wait_for_event(kubectl, "QuotaExceeded", namespace)
    kubectl.delete("resourcequota", "small", namespace)
    wait_for_ready(kubectl, "one", namespace)


def policy(name, **spec):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_a_foreign_policy_that_opens_us_is_named_and_left_alone(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), yb_cluster("two"), namespace=namespace)
    for cluster in ("one", "two"):
        wait_for_ready(kubectl, cluster, namespace)
    ours = {"yugabyte.com/cluster": "one"}
    harmless = [policy("of-others", podSelector={"matchLabels": {"app": "shop"}}, ingress=[{}]),
                policy("closes", podSelector={}, policyTypes=["Ingress", "Egress"])]
    opens = policy("opens", podSelector={"matchLabels": ours}, policyTypes=["Egress"], egress=[{}])
    kubectl.apply(*harmless, namespace=namespace)
    stays("harmless ones change nothing", lambda: condition(kubectl.get("ybcluster", "one", namespace), "Ready")["status"]
          == "True", 4)
    # Neither our labels nor an ownerReference make it ours.
    uid = kubectl.get("ybcluster", "one", namespace)["metadata"]["uid"]
    opens["metadata"] |= {"labels": {**ours, "app.kubernetes.io/managed-by": "ybcluster-operator"}, "ownerReferences": [
        {"apiVersion": "yugabyte.com/v1beta1", "kind": "YBCluster", "name": "one", "uid": uid, "controller": True}]}
    kubectl.apply(opens, namespace=namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", "False", "ForeignPolicy")
    assert "NetworkPolicy opens " in told["message"]
    live = kubectl.get("ybcluster", "one", namespace)
    assert (condition(live, "Ready")["status"], condition(live, "Ready")["reason"]) == ("False", "ForeignPolicy")
    assert condition(kubectl.get("ybcluster", "two", namespace), "NetworkIsolated")["status"] != "False"
    stays("it is left alone", lambda: kubectl.get("networkpolicy", "opens", namespace)["spec"]["egress"] == [{}], 3)
    kubectl.delete("networkpolicy", "opens", namespace)
    wait_for_ready(kubectl, "one", namespace)


def test_labels_that_somebody_puts_on_a_pod_count(kubectl, namespace):
    """Whoever may label pods and write policies may open a pod without touching anything of the operator's."""
    kubectl.apply(yb_cluster("one"), policy("of-others", podSelector={"matchLabels": {"app": "shop"}}, ingress=[{}]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    kubectl("label", "pod", "one-tserver-1", "-n", namespace, "app=shop")
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", "False", "ForeignPolicy")
    assert "NetworkPolicy of-others " in told["message"]
    kubectl("label", "pod", "one-tserver-1", "-n", namespace, "app-")
    wait_for_ready(kubectl, "one", namespace)


ADMISSION = "admissionregistration.k8s.io/v1"
RESTRICTED = "securityContext: Object.spec.%s.securityContext{allowPrivilegeEscalation: false, runAsNonRoot: true, " \
    "capabilities: Object.spec.%s.securityContext.capabilities{drop: ['ALL']}}"


def container(name, volumes=(), where="containers"):
    mounts = ", ".join(f"Object.spec.{where}.volumeMounts{{name: '{one}', mountPath: '/theirs/{one}'}}" for one in volumes)
    return f"Object.spec.{where}{{name: '{name}', image: 'example.com/{name}:1', volumeMounts: [{mounts}], " \
        f"{RESTRICTED % (where, where)}}}"


def injector(namespace, pod, containers, first=()):
    """What puts containers into that pod whenever it is made, as the webhook of a mesh does."""
    name = f"{namespace}-{pod}"
    lists = [("containers/-", one) for one in containers]
    lists += [("initContainers", "[]")] + [("initContainers/-", one) for one in first] if first else []
    adds = [f"JSONPatch{{op: 'add', path: '/spec/{path}', value: {one}}}" for path, one in lists]
    selects = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
               "objectSelector": {"matchLabels": {"statefulset.kubernetes.io/pod-name": pod}}}
    return [{"apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": {
        "reinvocationPolicy": "Never", "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{', '.join(adds)}]"}}]}},
            {"apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name},
             "spec": {"policyName": name, "matchResources": selects}}]


def names_in(pod):
    return [one["name"] for kind in ("initContainers", "containers") for one in pod["spec"].get(kind, [])]


def would_get(kubectl, namespace, pod):
    """The containers of a pod that would be made now."""
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": "tried", "labels": {"statefulset.kubernetes.io/pod-name": pod}}, "spec": kubectl.get("statefulset", pod.rpartition(
            "-")[0], namespace)["spec"]["template"]["spec"]}
    made["spec"]["volumes"] += [{"name": "data0", "emptyDir": {}}]
    return names_in(json.loads(kubectl("create", "-n", namespace, "--dry-run=server", "-o", "json", "-f", "-", text=json.dumps(made))))


@contextlib.contextmanager
def injected(kubectl, namespace, injectors, wanted):
    documents = [one for pod, what in injectors.items() for one in injector(namespace, pod, **what)]
    kubectl.apply(*documents, namespace=namespace)
    try:
        for pod, names in wanted.items():
            wait_until(f"the policy for {pod} in force", lambda: would_get(kubectl, namespace, pod) == names)
        yield
    finally:
        kubectl("delete", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
    for pod in wanted:
        wait_until(f"the policy for {pod} gone", lambda: would_get(kubectl, namespace, pod) == ["yb-tserver"])


def made_anew(kubectl, namespace, *pods):
    before = children.pods(kubectl, "one", namespace)
    kubectl("delete", "pod", *pods, "-n", namespace, "--wait=false")
    wait_until("the pods anew", lambda: all(
        children.pods(kubectl, "one", namespace).get(pod, before[pod]) != before[pod] for pod in pods))


def test_a_container_that_is_put_into_new_pods_and_mounts_what_is_ours_is_named(kubectl, namespace):
    """A new pod would have it again: replacing pods would never end. One of a mesh, which mounts nothing of ours, is left alone."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    thief, mesh = "one-tserver-0", "one-tserver-1"
    with injected(kubectl, namespace, {
            thief: {"containers": [container("agent", ["data0", "certificates"])]},
            mesh: {"containers": [container("proxy")], "first": [container("prepare", where="initContainers")]}},
            {thief: ["yb-tserver", "agent"], mesh: ["prepare", "yb-tserver", "proxy"]}):
        made_anew(kubectl, namespace, thief, mesh)
        told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "NetworkIsolated", "False", "ForeignContainer")
        assert f"pod {thief}: container agent mounts data0, certificates. " in told["message"]
        assert names_in(kubectl.get("pod", mesh, namespace)) == ["prepare", "yb-tserver", "proxy"]
        wait_for_condition(kubectl, "ybcluster", "one", namespace, "Ready", "False", "ForeignContainer")

        def events():
            return [one for one in kubectl.list("events.events.k8s.io", namespace) if one["reason"] == "ForeignContainer"]
        wait_until("an event", events)
        pods = children.pods(kubectl, "one", namespace)
        kubectl("annotate", "pods", "--all", "-n", namespace, "example.com/another-pass=yes")
        stays("pods", lambda: children.pods(kubectl, "one", namespace) == pods, 3)
        assert [(one["type"], "series" in one) for one in events()] == [("Warning", False)], "told once"
    made_anew(kubectl, namespace, thief)
    wait_for_ready(kubectl, "one", namespace)
    assert "proxy" in names_in(kubectl.get("pod", mesh, namespace))


@contextlib.contextmanager
def loose_schema(kubectl, crd):
    """The API server takes any spec, as one with an older CRD might have."""
    right = json.loads(kubectl("get", "crd", crd, "-o", "json"))["spec"]["versions"]
    loose = json.loads(json.dumps(right))
    schema = loose[0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema.pop("x-kubernetes-validations", None)
    loose[0]["subresources"].pop("scale", None)

    def become(versions):
        """By a patch, which names no resourceVersion: others write the status."""
        kubectl("patch", "crd", crd, "--type=json", "-p", json.dumps([{"op": "replace", "path": "/spec/versions", "value": versions}]))
    become(loose)
    try:
        yield
    finally:
        become(right)


def store_what_is_wrong(kubectl, kind, name, namespace, spec):
    def stored():
        with contextlib.suppress(Refused):
            kubectl.patch(kind, name, namespace, {"spec": spec})
        live = kubectl.get(kind, name, namespace)
        return all(live["spec"].get(key) == value for key, value in spec.items())
    with loose_schema(kubectl, f"{kind}s.yugabyte.com"):
        wait_until("the wrong spec is stored", stored)


WRONG = {"out of bounds": {"nodes": 2}, "of another type": {"desiredState": 7}, "unknown word": {"desiredState": "Asleep"}}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
def test_stored_wrong(kubectl, namespace, spec):
    """It stalls and changes nothing; put right it goes on; and it can be deleted as it is."""
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    right = wait_for_ready(kubectl, "one", namespace)["spec"]
    before = children.versions(children.of(kubectl, "one", namespace))
    volumes = children.volumes(kubectl, "one", namespace)
    field = next(iter(spec))
    store_what_is_wrong(kubectl, "ybcluster", "one", namespace, spec)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "InvalidSpec")
    assert field in told["message"]
    assert children.versions(children.of(kubectl, "one", namespace)) == before
    kubectl.patch("ybcluster", "one", namespace, [{"op": "replace", "path": f"/spec/{field}", "value": right[field]}]
                  if field in right else [{"op": "remove", "path": f"/spec/{field}"}], how="json")
    wait_for_ready(kubectl, "one", namespace)
    store_what_is_wrong(kubectl, "ybcluster", "one", namespace, spec)
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Stalled", "True", "InvalidSpec")
    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    assert not children.of(kubectl, "one", namespace)
    assert children.volumes(kubectl, "one", namespace) == volumes, "by default they stay"


def test_a_list_stored_wrong(kubectl, namespace):
    """It says so itself, its cluster names it and opens nothing, of other lists neither; put right it counts again."""
    kubectl.apply(allow_list("a", "192.0.2.0/24"), allow_list("b", "198.51.100.0/24"),
                  yb_cluster("one", tier="Sandbox", nodes=1, allowLists=["a", "b"]), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "192.0.2.0/24", "198.51.100.0/24")
    store_what_is_wrong(kubectl, "allowlist", "a", namespace, {"entries": [{"cidr": "192.0.2.0/24"}, {"cidr": "203.0.113.7/24"}]})
    for kind, status in (("Ready", "False"), ("Stalled", "True")):
        told = wait_for_condition(kubectl, "allowlist", "a", namespace, kind, status, "InvalidSpec")
        assert "spec.entries[1].cidr" in told["message"] and "203.0.113.0/24" in told["message"]
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "AllowListsApplied", "False", "AllowListUnusable")
    assert "AllowList a is invalid: spec.entries[1].cidr" in told["message"]
    applied(kubectl, namespace, "198.51.100.0/24")
    # What closes shows that this very edit was seen, and that nothing of it was opened.
    kubectl.apply(allow_list("b", "198.51.100.0/25", "203.0.113.128/25"), namespace=namespace)
    applied(kubectl, namespace, "198.51.100.0/25")
    kubectl.patch("allowlist", "a", namespace, {"spec": {"entries": [{"cidr": "192.0.2.0/24"}]}})
    wait_for_ready(kubectl, "one", namespace)
    applied(kubectl, namespace, "192.0.2.0/24", "198.51.100.0/25", "203.0.113.128/25")
    wait_for_condition(kubectl, "allowlist", "a", namespace, "Ready", "True")
    assert not condition(kubectl.get("allowlist", "a", namespace), "Stalled")
