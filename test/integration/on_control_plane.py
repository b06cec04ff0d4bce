"""Fixtures: one control plane a run, one operator a test file, one namespace a test. Of this suite and of test/faults."""

import json
import os
import pathlib
import re
import shutil

import pytest

from control_plane import ROOT, ControlPlane, Refused
from operator_process import BINARY, Home, Operator
from waiting import wait_until

SELECTOR = "app.kubernetes.io/name=ybcluster-operator"


def pytest_addoption(parser):
    parser.addoption("--control-plane", metavar="NAME", help="use this one, which is up, and leave it up")
    parser.addoption("--overlay", metavar="FOLDER", default=ROOT / "deploy/overlays/all-namespaces",
                     help="the kustomize overlay that is installed")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the operators said."""
    report = (yield).get_result()
    if report.failed:
        for operator in Operator.started[-2:]:
            report.sections.append((f"end of {operator.log_file}", operator.log_tail()))


def down_the_orphans():
    """Ends control planes of test runs that were killed."""
    folders = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "ybcluster-operator"
    for folder in (folders / "control-planes").glob("test-*"):
        pid = folder.name.removeprefix("test-").split("-")[0]
        if pid.isdigit() and not pathlib.Path("/proc", pid).exists():
            ControlPlane(folder.name).down()


@pytest.fixture(scope="session")
def plane(request):
    assert BINARY.exists(), f"{BINARY} is not built (hack/test integration builds it)"
    given = request.config.getoption("--control-plane")
    down_the_orphans()
    one = ControlPlane(given or f"test-{os.getpid()}")
    if given:
        one.attach()
    else:
        one.up()
    yield one
    if not given:
        if request.session.testsfailed:
            kept = ROOT / "build/integration-logs"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(one.folder / "logs", kept)
        one.down()


@pytest.fixture(scope="session")
def kubectl(plane):
    return plane.kubectl


def install(plane, overlay):
    """Installs deploy/ as an installer would, and takes the service account's place: the operator runs here, not in a pod."""
    kubectl = plane.kubectl
    kubectl("apply", "--server-side", "--force-conflicts", "-k", overlay)
    deployment = json.loads(kubectl("get", "deployments", "-A", "-l", SELECTOR, "-o", "json"))["items"][0]
    namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
    kubectl("scale", "deployment", name, "-n", namespace, "--replicas=0")
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/ybclusters.yugabyte.com",
            "crd/allowlists.yugabyte.com")
    return Home(plane.folder / "operator", plane, namespace,
                deployment["spec"]["template"]["spec"]["serviceAccountName"])


@pytest.fixture(scope="session")
def home(request, plane):
    return install(plane, request.config.getoption("--overlay"))


@pytest.fixture(scope="module")
def operator(home):
    one = Operator(home).start()
    yield one
    if one.running:
        one.stop()
    else:
        one.check_log()
        raise AssertionError(f"the operator ended by itself with {one.process.returncode}")


@pytest.fixture
def new_namespace(kubectl, request):
    """Makes namespaces in which only restricted pods run; afterwards every cluster in them must go away."""
    made = []

    def make(suffix=""):
        stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
        name = f"{stem[:40].strip('-')}{suffix}"
        kubectl.new_namespace(name)
        made.append(name)
        return name

    yield make
    for name in made:
        kubectl("delete", "ybclusters,allowlists", "--all", "-n", name, "--wait=false")
    for name in made:
        wait_until(f"clusters of {name} gone", lambda: not kubectl.list("ybclusters,allowlists", name), 90)
        kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def namespace(new_namespace):
    return new_namespace()


@pytest.fixture
def refused(kubectl, namespace):
    """The API server's words about a document that it must not take."""
    def refuse(document):
        with pytest.raises(Refused) as caught:
            kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", text=json.dumps(document))
        return caught.value.words
    return refuse
