"""The overlay for a network HSM: two operators with its rights and its arguments. SoftHSM stands in for the HSM, as one token
that both of them use."""

import json
import time

import pytest
from control_plane import ROOT
from leases import TAKE_OVER, next_holder, time_of, two
from manifests import wait_for_ready, yb_cluster
from waiting import wait_until

OVERLAYS = ROOT / "deploy/overlays"
FLEET = "ybcluster-operator-all-namespaces"
NAMESPACE = "databases"
# What stands elsewhere outside of a pod: Home and Operator say it.
PLACES = ("--operator-namespace", "--token-module", "--token-label", "--token-pin-file", "--health-port", "--metrics-port",
          "--log-format")


def install(kubectl, overlay):
    kubectl("apply", "--server-side", "--force-conflicts", "-k", overlay)
    deployment = kubectl.get("deployment", "ybcluster-operator", "ybcluster-operator")
    kubectl("scale", "deployment", "ybcluster-operator", "-n", "ybcluster-operator", "--replicas=0")
    return deployment["spec"]


@pytest.fixture
def hsm(request, kubectl, home):
    """The overlay's Deployment, installed instead of the one that gives more rights."""
    if not kubectl("get", "namespace", NAMESPACE, "--ignore-not-found"):
        kubectl.new_namespace(NAMESPACE)
    kubectl("delete", "clusterrolebinding", FLEET, "--ignore-not-found")
    home.pki("init")
    yield install(kubectl, OVERLAYS / "network-hsm")
    # The API server does not turn a RollingUpdate that it completed itself back into Recreate.
    kubectl("delete", "deployment,poddisruptionbudget", "ybcluster-operator", "-n", "ybcluster-operator",
            "--ignore-not-found")
    install(kubectl, request.config.getoption("--overlay"))


def options_of(deployment):
    arguments = deployment["template"]["spec"]["containers"][0]["args"]
    assert arguments[0] == "run"
    return [argument for argument in arguments[1:] if argument.partition("=")[0] not in PLACES]


def may(kubectl, home, verb, resource, namespace):
    """As the API server knows rights, which is a moment after they were written."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": home.user, "resourceAttributes": {"verb": verb, "resource": resource, "namespace": namespace}}}
    return json.loads(kubectl("create", "-o", "json", "-f", "-", text=json.dumps(review)))["status"]["allowed"]


def test_the_other_one_takes_over(kubectl, home, hsm):
    assert hsm["replicas"] == 2
    options = options_of(hsm)
    assert options == [f"--namespaces={NAMESPACE}", "--leader-elect"]
    wait_until("the rights", lambda: may(kubectl, home, "list", "secrets", NAMESPACE))
    wait_until("and no others", lambda: not may(kubectl, home, "list", "secrets", "default"))
    first, second, former = two(kubectl, home, *options)
    try:
        kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), namespace=NAMESPACE)
        wait_for_ready(kubectl, "one", NAMESPACE)
        first.kill()
        killed = time.time()
        assert time_of(next_holder(kubectl, home, former)["acquireTime"]) - killed < TAKE_OVER
        kubectl.delete("service", "one", NAMESPACE)
        wait_until("the other one puts it right", lambda: kubectl.get("service", "one", NAMESPACE))
        # New keys come out of the same token.
        kubectl.apply(yb_cluster("two", deletionPolicy="Delete"), namespace=NAMESPACE)
        for name in ("one", "two"):
            wait_for_ready(kubectl, name, NAMESPACE)
            kubectl.delete("ybcluster", name, NAMESPACE, "--timeout=60s")
    finally:
        second.stop()
        first.check_log()
    assert "forbidden" not in second.log_file.read_text()
