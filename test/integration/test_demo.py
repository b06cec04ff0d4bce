"""hack/demo: with --context on a cluster that is there already, here the tests' own, and without on a control plane of its own."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from control_plane import ROOT
from manifests import yb_cluster
from waiting import wait_until

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


def writers(kubectl, home):
    """Who wrote what in the operator's Deployment, and when; its controller may be at its status still."""
    live = json.loads(kubectl("get", "deployment", "ybcluster-operator", "-n", home.namespace, "-o", "json", "--show-managed-fields"))
    found = [one for one in live["metadata"]["managedFields"] if one["manager"] != "kube-controller-manager"]
    assert found
    return found


def test_it_leaves_another_operator_alone(kubectl, demo, context, home):
    before = writers(kubectl, home)
    refused = demo("--context", context, "--yes")
    assert refused.returncode != 0 and "there is an operator in this cluster" in refused.stderr
    assert kubectl.get("configmap", PKI, home.namespace)
    assert writers(kubectl, home) == before


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


class Kept:
    """A demo of a cache of its own, as who started it sees it: by the lines that it printed."""

    def __init__(self, cache, printed):
        self.cache, self.exports = cache, re.findall(r"^ +(export (?:KUBECONFIG|PATH)=.*)$", printed, re.MULTILINE)
        self.environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}

    def shell(self, command, text=None):
        done = subprocess.run(["bash", "-ec", "\n".join([*self.exports, command])], input=text, capture_output=True, text=True,
                              check=False, timeout=400, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def first_line(self, command, word):
        """Of a command that goes on and on: the first line with this word, if one comes within a minute."""
        argv = ["timeout", "60", "bash", "-ec", "\n".join([*self.exports, command])]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=self.environment) as process:
            try:
                return next((line for line in process.stdout if word in line), None)
            finally:
                process.terminate()

    def operator(self):
        pid, _ = (self.cache / "demo/operator.pid").read_text().split()
        return int(pid)


def processes_of(folder):
    """The pids of those that name it on their command line or write to a file in it."""
    found = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"{folder}/".encode() in (process / "cmdline").read_bytes() or os.readlink(process / "fd/1").startswith(f"{folder}/"):
                found.add(int(process.name))
        except OSError:
            pass
    return found


def try_next(kept, printed):
    """Each of the three things that it says one may try."""
    block = printed.partition("Three things to try next:\n")[2].replace("\\\n", " ")
    scale, delete, plan = (line.strip() for line in block.splitlines() if line.startswith("  "))
    assert kept.first_line(scale, " 5/5 "), scale
    deny = re.search(r"networkpolicy (\S+)", delete)[1]
    assert "deleted" in kept.shell(delete)
    wait_until(f"{deny} is there again", lambda: f"/{deny}\n" in kept.shell(f"kubectl get networkpolicies -n {NAMESPACE} -o name"))
    wanted = json.loads(kept.shell(plan).partition("condition met\n")[2])
    assert any("5 -> 7" in step["why"] for step in wanted), wanted


@pytest.fixture
def bystander(demo, tmp_path):
    """A control plane beside the demo's, of the same user and in the same cache."""
    def command(*arguments):
        done = subprocess.run([ROOT / "hack/control-plane", *arguments], capture_output=True, text=True, check=False, timeout=300,
                              env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    command("up", "bystander", "--nodes=1", "--without=kube-controller-manager,kube-scheduler,kwok,cloud")
    yield command
    command("down", "bystander")


def test_it_runs_on_detached_until_it_is_told_to_end(kubectl, demo, bystander, tmp_path):
    """That demo() returns says that no process has its streams: it reads them to their end."""
    cache = tmp_path / "ybcluster-operator"
    others = processes_of(cache)
    done = demo("--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(done)) >= 4 and all("True" in row for row in rows(done)), done.stdout
    assert not kubectl("get", "namespace", NAMESPACE, "--ignore-not-found"), "$KUBECONFIG is not its cluster"
    kept = Kept(cache, done.stdout)
    assert len(kept.exports) == 2, done.stdout
    started = processes_of(cache) - others
    assert kept.operator() in started and all(os.getsid(pid) != os.getsid(0) for pid in started)
    assert demo("--keep").returncode != 0, "a second one beside it"

    assert kept.shell("command -v kubectl").startswith(str(cache))
    kept.shell("kubectl create namespace later; kubectl label namespace later pod-security.kubernetes.io/enforce=restricted")
    kept.shell("kubectl apply -n later -f -",
               json.dumps(yb_cluster("one", tier="Sandbox", nodes=1)))
    kept.shell("kubectl wait -n later --for=condition=Ready --timeout=300s ybcluster/one")
    try_next(kept, done.stdout)

    down = demo("--down")
    assert down.returncode == 0 and "the operator has ended" in down.stderr, down.stderr
    assert processes_of(cache) == others and others
    assert "ended" not in bystander("status", "bystander")
    assert not (cache / "demo").exists() and demo("--down").stderr.endswith("no demo runs\n")
