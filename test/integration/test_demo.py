"""hack/demo --context: on a cluster that is there already, here the tests' own."""

import json
import os
import subprocess

import pytest
from control_plane import ROOT

NAMESPACE, PKI = "ybcluster-demo", "ybcluster-operator-pki"


@pytest.fixture
def demo(plane, home, tmp_path):
    """A cache of its own, but for what was built: a demo that somebody keeps running is left alone."""
    shared = plane.folder.parents[1]
    cache = tmp_path / "ybcluster-operator"
    cache.mkdir()
    (cache / "bin").symlink_to(shared / "bin")
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig), "XDG_CACHE_HOME": str(tmp_path)}

    def run(*arguments):
        return subprocess.run([ROOT / "hack/demo", *arguments], capture_output=True, text=True, check=False,
                              env=environment, timeout=500)
    yield run
    run("--down")


@pytest.fixture
def context(kubectl):
    return kubectl("config", "current-context").strip()


@pytest.fixture
def no_operator(kubectl, home):
    """As if none had ever run here: without what the tests' operator keeps of its token."""
    kept = kubectl.get("configmap", PKI, home.namespace)
    kubectl.delete("configmap", PKI, home.namespace)
    yield
    kept["metadata"] = {key: kept["metadata"][key] for key in ("name", "labels", "annotations") if key in kept["metadata"]}
    kubectl("replace", "--force", "-n", home.namespace, "-f", "-", text=json.dumps(kept))


def rows(done):
    """Of the table at the end."""
    return [line.split() for line in done.stdout.splitlines() if line.startswith(NAMESPACE)]


def test_it_writes_nowhere_unasked(kubectl, demo, context):
    refused = demo("--context", context)
    assert refused.returncode != 0 and "--yes" in refused.stderr
    assert not kubectl("get", "namespace", NAMESPACE, "--ignore-not-found")


def test_it_leaves_another_operator_alone(kubectl, demo, context, home):
    before = kubectl.get("deployment", "ybcluster-operator", home.namespace)["metadata"]["resourceVersion"]
    refused = demo("--context", context, "--yes")
    assert refused.returncode != 0 and "there is an operator in this cluster" in refused.stderr
    assert kubectl.get("configmap", PKI, home.namespace)
    assert kubectl.get("deployment", "ybcluster-operator", home.namespace)["metadata"]["resourceVersion"] == before


def test_everything_comes_up_and_goes_away_and_again(kubectl, demo, context, no_operator):
    done = demo("--context", context, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all Ready" in done.stderr and "the operator has ended" in done.stderr
    assert len(rows(done)) >= 4 and all("True" in row for row in rows(done)), done.stdout
    assert not kubectl("get", "namespace", NAMESPACE, "--ignore-not-found")

    again = demo("--context", context, "--yes", "--keep")
    assert again.returncode == 0, again.stdout + again.stderr
    assert kubectl.list("ybclusters", NAMESPACE)
    down = demo("--down")
    assert down.returncode == 0 and "the operator has ended" in down.stderr, down.stderr
    assert not kubectl("get", "namespace", NAMESPACE, "--ignore-not-found")


def test_an_unknown_context_leaves_nothing(demo):
    refused = demo("--context", "nobody", "--yes")
    assert refused.returncode != 0 and "nobody" in refused.stderr
    assert demo("--down").stderr.endswith("no demo runs\n")
