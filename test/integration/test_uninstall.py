"""The commands under "Uninstall" in deploy/README.md, as they stand there, on a control plane of its own."""

import os
import re
import shlex

import children
from control_plane import ROOT, ControlPlane
from manifests import allow_list, wait_for_ready, yb_cluster
from on_control_plane import install
from operator_process import Operator
from waiting import wait_until

NAMESPACE = "databases"


def commands():
    """Each as kubectl's arguments; of folders the whole path."""
    text = (ROOT / "deploy/README.md").read_text().split("\n## Uninstall\n")[1].split("\n## ")[0]
    for line in re.findall(r"^ +kubectl (.*)$", text, re.MULTILINE):
        yield [str(ROOT / word) if word.startswith("deploy/") else word for word in shlex.split(line, comments=True)]


def test_in_the_order_of_the_manual_nothing_stays_but_volumes():
    plane = ControlPlane(f"test-{os.getpid()}-uninstall")
    plane.up()
    kubectl = plane.kubectl
    try:
        kubectl.new_namespace(NAMESPACE)
        operator = Operator(install(plane, ROOT / "deploy/overlays/one-namespace"), f"--namespaces={NAMESPACE}").start()
        kubectl.apply(allow_list("a", "198.51.100.0/24"), yb_cluster("one", allowLists=["a"]), namespace=NAMESPACE)
        wait_for_ready(kubectl, "one", NAMESPACE)
        volumes = children.volumes(kubectl, "one", NAMESPACE)
        for arguments in commands():
            if any(word.startswith("deployment/") for word in arguments):
                operator.stop()  # the Deployment's pod is this process
            kubectl(*arguments, "--timeout=90s")
        assert not operator.running, "the manual does not say when the operator ends"
        wait_until("the operator's namespace gone", lambda: not kubectl.get("namespace", "ybcluster-operator", "default"), 60)
        for kinds in ("customresourcedefinitions", "clusterroles,clusterrolebindings", f"roles,rolebindings -n {NAMESPACE}"):
            assert not re.search("yugabyte|ybcluster", kubectl("get", *kinds.split(), "-o", "name"))
        assert not children.pods(kubectl, "one", NAMESPACE)
        assert children.volumes(kubectl, "one", NAMESPACE) == volumes and volumes
    finally:
        plane.down()
