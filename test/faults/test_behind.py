"""One watch is behind, and a user, or the leader before, does what the operator therefore does not see: nothing is lost by it, nothing
is taken back, and nothing is waited for that the API server itself can tell."""

import base64

import pytest
from cases import Case
from cryptography import x509
from hands import Hands
from manifests import allow_list
from waiting import stays, wait_until
from workloads import HOME, OFFICE, create, open_to

LATE = 90  # seconds: longer than what is watched here may take
SOON = 20
OLDER = "2025.2.1.0-b141"  # than what a new cluster is given


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


def replicas(hands):
    return {one["spec"]["replicas"] for one in hands.live("statefulsets")}


def generations(hands):
    return {one["metadata"]["name"]: one["metadata"]["generation"] for one in hands.live("statefulsets")}


def resumed(hands, behind):
    """A cluster was paused, and the leader before has resumed it: its pods are not taken away by the spec of before."""
    made(hands)
    hands.patch("one", {"spec": {"desiredState": "Paused"}})
    wait_until("it is paused", lambda: replicas(hands) == {0} and not hands.live("pods") and hands.observed(False))
    behind("ybclusters")
    hands.patch("one", {"spec": {"desiredState": "Running"}})
    before = generations(hands)
    for name in before:
        hands.api.patch("statefulsets", name, hands.namespace, {"spec": {"replicas": 3}})
    wait_until("its pods come", lambda: len(hands.live("pods")) == 6, SOON)
    stays("the sets", lambda: generations(hands) == {name: before[name] + 1 for name in before}, 3)


def narrowed(hands, behind):
    """An AllowList was narrowed, and the leader before has closed what it took out: that stays closed."""
    made(hands, lists=[allow_list("office", OFFICE, HOME)], allowLists=["office"])
    wait_until("both are open", lambda: open_to(OFFICE, HOME)(hands))
    behind("allowlists")
    hands.apply(allow_list("office", OFFICE))
    ingress = hands.get("networkpolicies", "one-clients")["spec"]["ingress"]
    for rule in ingress:
        rule["from"] = [source for source in rule["from"] if source.get("ipBlock", {}).get("cidr") != HOME]
    hands.api.patch("networkpolicies", "one-clients", hands.namespace, {"spec": {"ingress": ingress}})
    stays("what was closed", lambda: open_to(OFFICE)(hands), 5)


def appeared(hands, behind):
    """A list was made and assigned, and the leader before has opened what it says: that stays open."""
    made(hands)
    behind("allowlists")
    hands.apply(allow_list("office", OFFICE))
    hands.patch("one", {"spec": {"allowLists": ["office"]}})
    wait_until("it is missed", lambda: "office does not exist" in hands.conditions(), SOON)
    opened = {"from": [{"ipBlock": {"cidr": OFFICE}}], "ports": [{"port": 5433, "protocol": "TCP"}]}
    hands.api.patch("networkpolicies", "one-clients", hands.namespace, {"spec": {"ingress": [opened]}})
    wait_until("it is found", lambda: "office does not exist" not in hands.conditions(), SOON)
    assert open_to(OFFICE)(hands)


def anew(hands, behind):
    """A cluster of the same name, and smaller: what is still seen of the one before says nothing of it."""
    made(hands, nodes=5, deletionPolicy="Delete")
    behind("statefulsets")
    hands.api.delete("ybclusters", "one", hands.namespace)
    wait_until("the first one is gone", lambda: not hands.get("ybclusters", "one") and not hands.live("persistentvolumeclaims"))
    create("one").act(hands)
    wait_until("its sets are there", lambda: len(hands.live("statefulsets")) == 2, SOON)
    assert replicas(hands) == {3}, hands.conditions()


@pytest.mark.parametrize(("kind", "act"), [
    ("ybclusters", retained), ("services", made_anew), ("pods", served_still), ("statefulsets", scaled), ("ybclusters", resumed),
    ("allowlists", narrowed), ("allowlists", appeared), ("statefulsets", anew)])
def test_what_is_not_seen(cases, kind, act):
    late = []
    with cases.scene(Case(act.__name__, f"{kind} are not seen"), "a watch that does not show what others do") as lane:
        def behind(what):
            late.append(what)
            lane.proxy.delay(what, LATE)
        try:
            act(Hands(lane.api, lane.namespace), behind)
        finally:
            for what in late:
                lane.proxy.delay(what, 0)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_what_is_set_while_a_write_is_under_way_is_not_written_over(cases):
    """The port in C-admin changes, and while that is written somebody sets another password."""
    hold = {"id": "held", "verb": "write", "resource": "secrets", "name": "one-admin", "action": "hold"}
    with cases.scene(Case("password", "set meanwhile"), "a child edited in the midst") as lane:
        hands = Hands(lane.api, lane.namespace)
        made(hands)
        lane.proxy.arm(hold)
        hands.patch("one", {"spec": {"endpoints": {"ysql": {"port": 5455}}}})
        wait_until("the write waits", lambda: lane.proxy.state()["fired"], SOON)
        hands.api.patch("secrets", "one-admin", lane.namespace, {"data": {"password": encoded("somebody's own")}})
        lane.proxy.release("held")
        wait_until("the port has changed", lambda: hands.get("secrets", "one-admin")["data"]["port"] == encoded("5455"))
        assert hands.get("secrets", "one-admin")["data"]["password"] == encoded("somebody's own")


def images(hands):
    return {one["spec"]["template"]["spec"]["containers"][0]["image"].split(":")[-1] for one in hands.live("statefulsets")}


def test_the_version_that_another_leader_has_pinned_stays(cases):
    """While the first status is written another leader, of an older release, has written its own."""
    hold = {"id": "held", "verb": "write", "resource": "ybclusters", "subresource": "status", "action": "hold"}
    with cases.scene(Case("version", "pinned meanwhile"), "a first status written in the midst") as lane:
        hands = Hands(lane.api, lane.namespace)
        lane.proxy.arm(hold)
        step = create("one")
        step.act(hands)
        wait_until("the write waits", lambda: lane.proxy.state()["fired"], SOON)
        lane.api.call("PATCH", lane.api.path("ybclusters", lane.namespace, "one") + "/status",
                      {"status": {"phase": "Creating", "version": OLDER}}, "application/merge-patch+json")
        lane.proxy.release("held")
        hands.settle(step)
        assert images(hands) == {OLDER} and hands.get("ybclusters", "one")["status"]["version"] == OLDER


def test_nothing_of_a_new_cluster_is_refused(cases):
    """Where nobody else writes, the conditions under which it is written hold."""
    with cases.scene(Case("new", "alone"), "a first status written in the midst") as lane:
        since = lane.proxy.state()["requests"]
        made(Hands(lane.api, lane.namespace))
        wait_until("no write is under way", lambda: all(one["done"] for one in own_writes(lane, since)), SOON)
        own = own_writes(lane, since)
        assert own and not [one for one in own if one.get("status") == 409], own


def own_writes(lane, since):
    """What was written to clusters. The lane's log begins with the cases that it had before this one."""
    return [one for one in lane.proxy.log(since, writes=True) if one["resource"] == "ybclusters"]
