"""What deploy/ installs: its rights are few, its overlays differ in nothing else, and protection from deletion holds."""

import json

import pytest
from control_plane import ROOT, Refused
from manifests import yb_cluster
from waiting import wait_until

OVERLAYS = ["one-namespace", "namespaces", "all-namespaces", "network-hsm", "network-hsm/pki-init"]
FLEET = "ybcluster-operator-all-namespaces"
USER = "system:serviceaccount:ybcluster-operator:ybcluster-operator"


@pytest.fixture(scope="module")
def rendered(kubectl):
    """Each overlay's objects as kubectl renders them, read back as JSON."""
    def render(overlay):
        text = kubectl("kustomize", ROOT / "deploy/overlays" / overlay)
        documents = [document for document in text.split("\n---\n") if "kind: CustomResourceDefinition" not in document]
        out = kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", text="\n---\n".join(documents))
        return json.loads(f"[{out.replace(chr(10) + '}' + chr(10) + '{', '},{')}]")
    return {overlay: render(overlay) for overlay in OVERLAYS}


def rules_of(objects):
    """(kind, name, rule) of every role."""
    for one in objects:
        if one["kind"] in ("Role", "ClusterRole"):
            for rule in one["rules"]:
                yield one["kind"], one["metadata"]["name"], rule


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_rights_are_few(rendered, overlay):
    seen = list(rules_of(rendered[overlay]))
    assert seen
    for kind, name, rule in seen:
        words = [word for values in rule.values() for word in values]
        assert not {"*", "escalate", "bind", "impersonate"} & set(words), (name, rule)
        if kind == "ClusterRole" and name != FLEET:
            assert "secrets" not in rule.get("resources", []) and "pods" not in rule.get("resources", []), (name, rule)
    fleet = {name for kind, name, _ in seen if kind == "ClusterRole" and name == FLEET}
    assert fleet == ({FLEET} if overlay == "all-namespaces" else set())


def test_the_fleet_gets_the_same_rules_everywhere(rendered):
    everywhere = [rule for _, name, rule in rules_of(rendered["all-namespaces"]) if name == FLEET]
    one = [item["rules"] for item in rendered["one-namespace"]
           if item["kind"] == "Role" and item["metadata"].get("namespace") == "databases"]
    assert one == [everywhere]


def pod_specs(objects):
    for one in objects:
        if one["kind"] in ("Deployment", "Job"):
            yield one, one["spec"]["template"]["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(kubectl, installed, namespace, rendered, overlay):
    """By the API server's own admission; the account is of another namespace, and no matter of Pod Security."""
    specs = list(pod_specs(rendered[overlay]))
    assert specs
    wait_until("the account that pods have", lambda: kubectl.get("serviceaccount", "default", namespace))
    for owner, spec in specs:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": owner["metadata"]["name"]}, "spec": {**spec, "serviceAccountName": "default"}}
        kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=json.dumps(pod))
        pod["spec"]["hostNetwork"] = True
        with pytest.raises(Refused, match="violates PodSecurity"):
            kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=json.dumps(pod))


@pytest.mark.parametrize("overlay", ["one-namespace", "namespaces", "all-namespaces"])
def test_a_token_in_a_file_has_one_user(rendered, overlay):
    """Two processes in one SoftHSM token would each see half of the other's keys."""
    deployment, = (one for one in rendered[overlay] if one["kind"] == "Deployment")
    claim, = (one for one in rendered[overlay] if one["kind"] == "PersistentVolumeClaim")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]["type"]) == (1, "Recreate")
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_bounded(rendered, overlay):
    specs = list(pod_specs(rendered[overlay]))
    assert len(specs) == 1
    for _, spec in specs:
        for container in spec.get("initContainers", []) + spec["containers"]:
            assert container["resources"]["limits"]["memory"] and container["securityContext"]["readOnlyRootFilesystem"]


def test_watched_namespaces(rendered):
    def watched(overlay):
        (deployment, _), = pod_specs(rendered[overlay])
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        return [argument for argument in arguments if argument.startswith("--namespaces=")]
    granted = {one["metadata"]["namespace"] for one in rendered["namespaces"]
               if one["kind"] == "RoleBinding"} - {"ybcluster-operator"}
    assert watched("namespaces") == [f"--namespaces={','.join(sorted(granted))}"]
    assert watched("one-namespace") == ["--namespaces=databases"]
    assert watched("all-namespaces") == []


@pytest.fixture(scope="module")
def installed(kubectl):
    kubectl("apply", "--server-side", "--force-conflicts", "-k", ROOT / "deploy/overlays/all-namespaces")
    kubectl("scale", "deployment", "ybcluster-operator", "-n", "ybcluster-operator", "--replicas=0")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ybclusters.yugabyte.com")


def refusal(kubectl, *arguments, **more):
    """The API server's words, or nothing when it takes it: rights and policies count a moment after they were written."""
    try:
        kubectl(*arguments, **more)
    except Refused as refused:
        return refused.words
    return ""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_api_server_takes_it(kubectl, installed, overlay):
    for namespace in ("databases", "team-a", "team-b"):
        if not kubectl("get", "namespace", namespace, "--ignore-not-found"):
            kubectl.new_namespace(namespace)
    out = kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", ROOT / "deploy/overlays" / overlay)
    assert "serverside-applied" in out


@pytest.mark.parametrize("verb,what,answer", [
    ("create", "tokenreviews.authentication.k8s.io", "yes"), ("get", "storageclasses.storage.k8s.io", "yes"),
    ("list", "storageclasses.storage.k8s.io", "no"), ("get", "nodes", "no"), ("create", "namespaces", "no"),
    ("create", "pods", "no"), ("create", "pods/exec", "no"), ("create", "pods/eviction", "yes"),
    ("deletecollection", "secrets", "no"), ("create", "roles.rbac.authorization.k8s.io", "no"),
    ("create", "ybclusters.yugabyte.com", "no"), ("delete", "ybclusters.yugabyte.com", "no"),
    ("patch", "ybclusters.yugabyte.com/status", "yes"), ("create", "serviceaccounts/token", "no")])
def test_what_the_operator_may(kubectl, installed, verb, what, answer):
    resource, _, subresource = what.partition("/")

    def said():
        try:
            return kubectl("auth", "can-i", verb, resource, *([f"--subresource={subresource}"] if subresource else []), "-n",
                           "default", f"--as={USER}").strip()
        except Refused:
            return "no"
    wait_until(answer, lambda: said() == answer)


def test_the_pki_config_map_by_apply(kubectl, installed):
    """Its own one it may make and change, no other in its namespace."""
    def apply(name):
        return refusal(kubectl, "apply", "--server-side", "--dry-run=server", "-f", "-", f"--as={USER}", text=json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ybcluster-operator"}}))
    kubectl("delete", "clusterrolebinding", FLEET)  # without the fleet's rights
    try:
        wait_until("no other one", lambda: "forbidden" in apply("another"))
        assert not apply("ybcluster-operator-pki")
    finally:
        kubectl("apply", "--server-side", "--force-conflicts", "-k", ROOT / "deploy/overlays/all-namespaces")
        kubectl("scale", "deployment", "ybcluster-operator", "-n", "ybcluster-operator", "--replicas=0")


def test_protected_cluster(kubectl, installed, namespace):
    kubectl.apply(yb_cluster("kept", deletionProtection=True), namespace=namespace)
    wait_until("protection", lambda: refusal(kubectl, "delete", "ybcluster", "kept", "-n", namespace, "--dry-run=server"))
    for options in (("kept",), ("--all",)):
        with pytest.raises(Refused, match="kept is protected: set spec.deletionProtection to false first"):
            kubectl("delete", "ybcluster", *options, "-n", namespace, "--wait=false")
    kubectl.patch("ybcluster", "kept", namespace, {"spec": {"deletionProtection": False}})
    kubectl("delete", "ybcluster", "kept", "-n", namespace, "--wait=false")


def test_protected_namespace(kubectl, installed):
    kubectl("create", "namespace", "vault-of-data")
    kubectl("label", "namespace", "vault-of-data", "yugabyte.com/deletion-protection=true")
    wait_until("protection", lambda: refusal(kubectl, "delete", "namespace", "vault-of-data", "--dry-run=server"))
    with pytest.raises(Refused, match="namespace vault-of-data is protected"):
        kubectl("delete", "namespace", "vault-of-data", "--wait=false")
    kubectl("label", "namespace", "vault-of-data", "yugabyte.com/deletion-protection-")
    kubectl("delete", "namespace", "vault-of-data", "--wait=false")


def test_samples(kubectl, installed, namespace):
    out = kubectl("create", "--dry-run=server", "-n", namespace, "-f", ROOT / "deploy/samples")
    assert out.count("created") >= 5
