"""deploy/monitoring asks for nothing that the operator does not expose. The queries are read by a parser that is not ours."""

import json
import re

import promql_parser
import pytest
import yaml
from control_plane import ROOT
from manifests import wait_for_condition, wait_for_ready, yb_cluster
from test_metrics import reader, scrape  # noqa: F401  (a fixture)
from waiting import wait_until

MONITORING = ROOT / "deploy/monitoring"
# Written by the scraper, not by the operator.
SCRAPED = {"instance", "job", "pod", "container", "endpoint", "service", "le"}


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text())


def rules():
    return [rule for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]["groups"]
            for rule in group["rules"]]


def queries():
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$namespace", ".*")
    for rule in rules():
        yield rule["alert"], rule["expr"]


def selectors(query):
    """(metric, its matchers) of each selector."""
    found = []

    def visit(node):
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name, {one.name: one.value for one in node.matchers.matchers}))
    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def series(page):
    """Of a page: (name, labels) of each sample."""
    found = []
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, labels = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ", line).groups()
            found.append((name, dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))))
    return found


@pytest.fixture
def page(kubectl, operator, namespace, reader):  # noqa: F811
    """/metrics with a cluster that is Ready and has a load balancer, one that waits for somebody, and a foreign change that was taken back."""
    nowhere = {"storage": {"size": "1Gi", "class": "nobody-has-it"}}
    kubectl.apply(yb_cluster("one", endpoints={"exposure": "Public"}), yb_cluster("two", masters=nowhere), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    wait_for_condition(kubectl, "ybcluster", "two", namespace, "Stalled", "True")
    kubectl.patch("networkpolicy", "one-deny", namespace, {"spec": {"policyTypes": ["Ingress"]}})

    def whole():
        text = scrape(operator, reader)[1]
        wanted = "ybcluster_drift_reverted_total{", 'type="Stalled"', 'type="EndpointReady"'
        return text if all(one in text for one in wanted) else None
    return series(wait_until("all of it is measured", whole))


def answers(page, name, matchers):
    """True when a sample has that name and the labels that the query asks for."""
    return any(sample == name and matchers.keys() <= labels.keys() for sample, labels in page)


def check_that_a_query_for_nothing_is_found(page):
    for query, there in (("ybcluster_conditions", False), ('ybcluster_condition{kind="x"}', False),
                         ("rate(workqueue_depth[5m]) > 1", True)):
        assert all(answers(page, *one) for one in selectors(query)) == there, query


def check_that_every_query_asks_for_what_is_there(page):
    asked = [(title, *one) for title, query in queries() for one in selectors(query)]
    assert len(asked) >= 25
    missing = [(title, name, matchers) for title, name, matchers in asked if not answers(page, name, matchers)]
    assert not missing


def check_that_values_are_asked_for_by_their_names(page):
    """A value that is misspelt would match nothing for ever."""
    values = {}
    for name, labels in page:
        for label, value in labels.items():
            values.setdefault((name, label), set()).add(value)
    for title, query in queries():
        for name, matchers in selectors(query):
            for label, value in matchers.items():
                for word in value.split("|"):
                    assert word == ".*" or word in values[name, label], (title, name, label, word)


def check_that_legends_and_texts_name_labels_that_are_there(page):
    known = SCRAPED | {label for _, labels in page for label in labels}
    text = json.dumps(dashboard()) + json.dumps(rules())
    used = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
    assert used and used <= known, used - known


def test_what_is_asked_for_is_there(page):
    check_that_a_query_for_nothing_is_found(page)
    check_that_every_query_asks_for_what_is_there(page)
    check_that_values_are_asked_for_by_their_names(page)
    check_that_legends_and_texts_name_labels_that_are_there(page)


def test_the_component_renders(kubectl, tmp_path):
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    # kustomize takes components and resources by paths that are relative
    up = "/".join([".."] * (len(overlay.parts) - 1))
    (overlay / "kustomization.yaml").write_text(
        f"resources: [{up}{ROOT}/deploy/overlays/all-namespaces]\ncomponents: [{up}{MONITORING}]\n")
    documents = [one for one in yaml.safe_load_all(kubectl("kustomize", overlay))]
    kinds = {(one["kind"], one["metadata"]["name"]): one for one in documents}
    config = kinds["ConfigMap", "ybcluster-operator-dashboard"]
    assert json.loads(config["data"]["dashboard.json"]) == dashboard()
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    monitor, service = kinds["ServiceMonitor", "ybcluster-operator"], kinds["Service", "ybcluster-operator-metrics"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert [one["port"] for one in monitor["spec"]["endpoints"]] == [port["name"] for port in service["spec"]["ports"]]
    assert ("PrometheusRule", "ybcluster-operator") in kinds
