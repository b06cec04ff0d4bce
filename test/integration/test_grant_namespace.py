"""deploy/grant-namespace: the operator with the rights that it gives, and no others; and what --protect adds."""

import json
import os
import subprocess

import pytest
from control_plane import ROOT, Refused
from manifests import wait_for_ready, yb_cluster
from operator_process import Operator
from test_network_hsm import FLEET, may
from waiting import wait_until

PROTECTION = "yugabyte.com/deletion-protection"


@pytest.fixture
def grant(plane, kubectl, home):
    """grant(argument...) -> exit status; nothing else gives rights in namespaces meanwhile."""
    fleet = json.loads(kubectl("get", "clusterrolebinding", FLEET, "-o", "json"))
    kubectl("delete", "clusterrolebinding", FLEET)

    def run(*arguments):
        return subprocess.run([ROOT / "deploy/grant-namespace", *arguments], capture_output=True, check=False, timeout=120, env={
            **os.environ, "KUBECONFIG": str(plane.kubeconfig), "PATH": f"{kubectl.program.parent}:{os.environ['PATH']}"}).returncode
    yield run
    fleet["metadata"] = {"name": FLEET, "labels": fleet["metadata"].get("labels", {})}
    kubectl("create", "-f", "-", text=json.dumps(fleet))


def test_the_operator_works_where_it_was_granted(kubectl, home, grant, new_namespace):
    here, there = new_namespace(), new_namespace("-not")
    wait_until("no rights", lambda: not may(kubectl, home, "list", "secrets", here))
    assert grant(here) == 0 and grant(here) == 0
    wait_until("rights", lambda: may(kubectl, home, "list", "secrets", here))
    assert not may(kubectl, home, "list", "secrets", there)
    operator = Operator(home, f"--namespaces={here}").start()
    try:
        kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1, deletionPolicy="Delete"), namespace=here)
        wait_for_ready(kubectl, "one", here)
        kubectl.delete("ybcluster", "one", here, "--timeout=60s")
    finally:
        operator.stop()
    assert "forbidden" not in operator.log_file.read_text()
    assert "deleted" in kubectl("delete", "namespace", here, "--dry-run=server"), "it was not to be protected"
    # As the script says that it is taken back.
    kubectl("delete", "role,rolebinding", "ybcluster-operator", "-n", here)
    wait_until("no rights again", lambda: not may(kubectl, home, "list", "secrets", here))


def test_what_is_protected_cannot_be_deleted(kubectl, home, grant, new_namespace):
    names = new_namespace("-a"), new_namespace("-b")
    assert grant("--protect", *names) == 0
    for name in names:
        wait_until("rights", lambda name=name: may(kubectl, home, "list", "secrets", name))
        with pytest.raises(Refused, match=f"namespace {name} is protected"):
            kubectl("delete", "namespace", name, "--wait=false")
        kubectl("label", "namespace", name, f"{PROTECTION}-")


def test_mistakes_are_told(grant):
    assert [grant(), grant("--protect"), grant("--wrong", "default"), grant("--protect", "--protect")] == [2, 2, 2, 2]
    assert grant("nowhere") not in (0, 2)
