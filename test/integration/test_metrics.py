"""/metrics: who may read it, and what stands there of a cluster while it lives and afterwards."""

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

import pytest
from control_plane import Refused
from manifests import wait_for_ready, yb_cluster
from waiting import wait_until

READER = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "metrics-reader"},
          "rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]}


def scrape(operator, token=None, path="/metrics"):
    request = urllib.request.Request(f"https://127.0.0.1:{operator.metrics_port}{path}",
                                     headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        # The certificate is made at start and signed by itself, as controller-runtime's is.
        with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, ""


def may_read(kubectl, user):
    """By the rights that the API server knows, which is a moment after they were written."""
    try:
        return kubectl("auth", "can-i", "get", "/metrics", f"--as={user}").strip() == "yes"
    except Refused:
        return False


@pytest.fixture
def reader(kubectl, namespace):
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": namespace},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "metrics-reader"},
               "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}]}
    kubectl("create", "serviceaccount", "reader", "-n", namespace)
    kubectl.apply(READER, binding, namespace=namespace)
    wait_until("who reads may", lambda: may_read(kubectl, f"system:serviceaccount:{namespace}:reader"))
    yield kubectl("create", "token", "reader", "-n", namespace).strip()
    kubectl("delete", "clusterrolebinding", namespace)


def server_of(kubectl):
    return kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")


def test_only_who_may_reads(kubectl, operator, namespace, reader):
    kubectl("create", "serviceaccount", "stranger", "-n", namespace)
    stranger = kubectl("create", "token", "stranger", "-n", namespace).strip()
    assert scrape(operator)[0] == 401
    assert scrape(operator, "nonsense")[0] == 401
    assert scrape(operator, stranger)[0] == 403
    assert scrape(operator, reader)[0] == 200
    assert scrape(operator, reader, "/debug")[0] == 404


def test_series_of_a_cluster(kubectl, operator, namespace, reader):
    def value(series, **labels):
        status, page = scrape(operator, reader)
        assert status == 200
        for line in page.splitlines():
            if line.startswith((series + "{", series + " ")) and all(f'{key}="{wanted}"' in line for key, wanted in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return None

    of = {"namespace": namespace, "name": "one"}
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    wait_until("Ready in the metrics", lambda: value("ybcluster_condition", type="Ready", status="True", **of) == 1)
    assert value("ybcluster_condition", type="Ready", status="False", **of) == 0
    assert value("ybcluster_nodes_ready", **of) == value("ybcluster_nodes_desired", **of) == 3
    assert value("ybcluster_certificate_not_after_seconds", **of) > 1.7e9
    # Keys were made and certificates signed; idle sessions are kept, a few.
    assert 1 <= value("ybcluster_token_sessions") <= 16
    # Every cluster waits for something: its certificates, at the latest.
    assert value("controller_runtime_reconcile_total", controller="ybcluster", result="requeue_after") > 0

    before = value("ybcluster_drift_reverted_total", kind="NetworkPolicy") or 0
    kubectl.patch("networkpolicy", "one-deny", namespace, {"spec": {"policyTypes": ["Ingress"]}})
    wait_until("drift is counted", lambda: (value("ybcluster_drift_reverted_total", kind="NetworkPolicy") or 0) == before + 1)

    kubectl.delete("ybcluster", "one", namespace)
    wait_until("the series are gone", lambda: value("ybcluster_condition", **of) is None
               and value("ybcluster_certificate_not_after_seconds", **of) is None)


def test_requests_have_the_labels_of_client_go(kubectl, operator, reader):
    """The API server counts its own requests by client-go: ours have the same names, labels and bounds."""
    def families(page):
        found = {}
        for line in page.splitlines():
            series, labels = line.partition("{")[::2]
            if series.startswith(("rest_client_requests_total", "rest_client_request_duration_seconds")):
                pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
                found.setdefault(series, []).append(pairs)
        return found

    theirs, ours = families(kubectl("get", "--raw=/metrics")), families(scrape(operator, reader)[1])
    assert {series: {tuple(sorted(pairs)) for pairs in found} for series, found in ours.items()} == \
        {series: {tuple(sorted(pairs)) for pairs in found} for series, found in theirs.items()}
    bounds = [{pairs["le"] for pairs in side["rest_client_request_duration_seconds_bucket"]} for side in (theirs, ours)]
    assert bounds[0] == bounds[1]
    hosts = {pairs["host"] for found in ours.values() for pairs in found}
    assert hosts == {urllib.parse.urlsplit(server_of(kubectl)).netloc}


def test_objects_that_name_no_cluster_are_not_kept(plane, kubectl, operator, namespace, reader):
    def value(series):
        page = scrape(operator, reader)[1]
        return next(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(series + " "))

    labels = {"app.kubernetes.io/managed-by": "ybcluster-operator", "yugabyte.com/cluster": "ghost"}
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"of-nobody-{i}", "labels": labels}} for i in range(5)]
    plane.wait_for_quiet()
    objects, documents = 'ybcluster_store_objects{kind="ConfigMap"}', "ybcluster_store_documents"
    before = value(objects), value(documents)
    kubectl.apply(*maps, namespace=namespace)
    wait_until("the store to have them", lambda: value(objects) == before[0] + 5)
    wait_until("their documents to go", lambda: value(documents) <= before[1])
