"""One watch is behind, and a user does what the operator therefore does not see: nothing is lost by it, and nothing is waited for that
the API server itself can tell."""

import time

import pytest
from cases import Case, named
from cryptography import x509
from hands import Hands
from manifests import allow_list
from waiting import stays, wait_until
from workloads import OFFICE, create

LATE = 90  # seconds: longer than what is watched here may take
SOON = 20


def made(hands, *of, **spec):
    step = create("one", *of, **spec)
    step.act(hands)
    hands.settle(step)


def uid(hands, kind, name):
    return (hands.get(kind, name) or {"metadata": {}})["metadata"].get("uid")


def retained(hands, behind):
    """Volumes are to stay after all, while the last pod ends."""
    made(hands, deletionPolicy="Delete")
    held = ("pods", "one-tserver-0", hands.namespace)
    hands.api.patch(*held, {"metadata": {"finalizers": ["example.com/held"]}})
    hands.api.delete("ybclusters", "one", hands.namespace)
    wait_until("the other pods are gone", lambda: len(hands.live("pods")) == 1)
    behind("ybclusters")
    hands.patch("one", {"spec": {"deletionPolicy": "Retain"}})
    hands.api.patch(*held, {"metadata": {"finalizers": None}})
    wait_until("the cluster is gone", lambda: not hands.get("ybclusters", "one"))
    assert len(hands.live("persistentvolumeclaims")) == 6


def made_anew(hands, behind):
    """A load balancer's scheme cannot change: its Service goes and comes."""
    made(hands, lists=[allow_list("office", OFFICE)], allowLists=["office"], endpoints={"exposure": "Public"})
    first = uid(hands, "services", "one")
    behind("services")
    hands.patch("one", {"spec": {"endpoints": {"exposure": "Internal"}}})
    wait_until("the first Service goes", lambda: uid(hands, "services", "one") != first)
    wait_until("another one comes", lambda: uid(hands, "services", "one"), SOON)


def permitted(hands):
    """The names that the chain lets the CA certify."""
    chain = hands.get("configmaps", "one-ca")["data"]["chain.crt"]
    link = x509.load_pem_x509_certificates(chain.encode())[0]
    return [str(name.value) for name in link.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees]


def served_still(hands, behind):
    """A hostname is taken out of the spec before the pods that serve it are seen."""
    behind("pods")
    create("one", endpoints={"hostnames": ["db.example.com"]}).act(hands)
    wait_until("pods serve it", lambda: len(hands.live("pods")) == 6)
    wait_until("it is permitted", lambda: "db.example.com" in permitted(hands))
    hands.patch("one", {"spec": {"endpoints": {"hostnames": ["other.example.com"]}}})
    wait_until("the other one is permitted", lambda: "other.example.com" in permitted(hands))
    assert "db.example.com" in permitted(hands)


def scaled(hands, behind):
    """Nodes that somebody else has added are not taken away by an edit of something else."""
    made(hands)
    for kind in ("statefulsets", "persistentvolumeclaims", "pods"):
        behind(kind)
    hands.api.patch("statefulsets", "one-tserver", hands.namespace, {"spec": {"replicas": 5}})
    hands.patch("one", {"spec": {"tservers": {"flags": {"ysql_num_shards_per_tserver": "2"}}}})
    wait_until("it is told", lambda: "scaled meanwhile" in hands.conditions())
    stays("the number of tservers", lambda: hands.get("statefulsets", "one-tserver")["spec"]["replicas"] == 5, 3)


@pytest.mark.parametrize(("kind", "act"), [
    ("ybclusters", retained), ("services", made_anew), ("pods", served_still), ("statefulsets", scaled)])
def test_what_is_not_seen(cases, table, request, kind, act):
    case = Case(act.__name__, f"{kind} are not seen")
    if not named([case], request.config.getoption("--case")) or str(case) in table.done:
        pytest.skip("not wanted, or finished")
    lane, started, outcome, late = cases.free.get(), time.monotonic(), "failed", []
    lane.begin()

    def behind(what):
        late.append(what)
        lane.proxy.delay(what, LATE)
    try:
        act(Hands(lane.api, lane.namespace), behind)
        outcome = "passed"
    finally:
        table.add(case, "a watch that does not show what a user does", outcome, [], time.monotonic() - started)
        for what in late:
            lane.proxy.delay(what, 0)
        lane.abandon()
        cases.free.put(lane)
