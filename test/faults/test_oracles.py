"""The oracles themselves, on histories that are written down here."""

import base64
import datetime
import json
import types

import oracles
import pytest
import snapshot
from api import Event
from cases import Case, bundles, named
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from table import Table
from test_lasting import loops
from test_lease import leaders
from test_token_calls import Orders

HERE = {"Ready": "True", "ContainersReady": "True"}
LEAVING = {**HERE, "deleting": True}
FAILING = {"Ready": "False", "ContainersReady": "False"}  # as a kubelet tells it
SILENT_NODE = {"Ready": "False", "ContainersReady": "True"}  # as the node controller tells it
GONE = None
UP = [("one-master-0", HERE), ("one-master-1", HERE), ("one-master-2", HERE)]


def event(version, name, state):
    what, state = "MODIFIED" if state else "DELETED", state or LEAVING
    metadata = {"name": name, "resourceVersion": str(version), **({"deletionTimestamp": "now"} if "deleting" in state else {})}
    conditions = [{"type": kind, "status": state[kind]} for kind in HERE]
    return Event("pods", what, {"metadata": metadata, "status": {"conditions": conditions}})


def said(*history):
    return oracles.quorum([event(version, *what) for version, what in enumerate((*UP, *history), 1)])


LOST = ["only ['one-master-2'] of one-master ready at version 5"]


@pytest.mark.parametrize("state", [LEAVING, FAILING, GONE], ids=["asked to go", "failing", "gone"])
def test_the_second_that_is_taken_costs_the_quorum(state):
    assert said(("one-master-0", state), ("one-master-1", state)) == LOST


def test_one_after_the_other_costs_nothing():
    assert said(("one-master-0", LEAVING), ("one-master-0", GONE), ("one-master-0", HERE), ("one-master-1", LEAVING)) == []


def test_what_nodes_lose_is_nobodys_deed():
    assert said(*((f"one-master-{i}", SILENT_NODE) for i in range(3))) == []
    assert said(("one-master-0", LEAVING), ("one-master-1", SILENT_NODE), ("one-master-0", GONE), ("one-master-1", LEAVING)) == []


def test_a_run_with_silent_nodes_is_known():
    states = (("one-master-0", LEAVING), ("one-master-1", FAILING), ("one-master-2", SILENT_NODE), ("one-master-2", HERE))
    assert oracles.lost([event(version, *what) for version, what in enumerate((*UP, *states))]) == ["one-master-2"]


def test_who_takes_another_one_while_a_node_is_lost_costs_the_quorum():
    assert said(("one-master-0", SILENT_NODE), ("one-master-1", LEAVING)) == LOST


def test_fewer_than_three_have_no_quorum_to_lose():
    events = [event(version, name, state) for version, (name, state) in enumerate([*UP[:2], (UP[0][0], GONE), (UP[1][0], GONE)])]
    assert oracles.quorum(events) == []


def made(version, kind, name, live=None, what="ADDED", **about):
    """An event of any kind; `about` stands in its metadata."""
    metadata = {"name": name, "namespace": "lane-1", "resourceVersion": str(version), **about}
    return Event(kind, what, {"kind": KIND_OF.get(kind, ""), "metadata": metadata, **(live or {})})


KIND_OF = {"services": "Service", "networkpolicies": "NetworkPolicy", "secrets": "Secret", "configmaps": "ConfigMap", "pods": "Pod"}


def history(*events):
    """(kind, name, live, what) each, in order."""
    return [made(version, *one) for version, one in enumerate(events, 1)]


def encoded(**files):
    return {"data": {name.replace("_", "."): base64.b64encode(text.encode()).decode() for name, text in files.items()}}


# What is counted and compared with an undisturbed run: (undisturbed, with a fault, what is said).
SPEC, OTHER = {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}
ONE = ("services", "one", SPEC)
RESTARTED = {"resource": "pods", "name": "one-master-0", "write": True, "status": 200}
COUNTED = {
    "the same": ([ONE], [], [ONE], [], []),
    "made twice": ([ONE], [], [ONE, ("services", "one", SPEC, "DELETED"), ONE], [],
                   ["CREATE services/one: 2 times instead of 1", "DELETE services/one: 1 times instead of 0"]),
    "updated": ([ONE], [], [ONE, ("services", "one", OTHER, "MODIFIED")], [], ["UPDATE services/one: 1 times instead of 0"]),
    "status alone": ([ONE], [], [ONE, ("services", "one", {**SPEC, "status": {"seen": 1}}, "MODIFIED")], [], []),
    "never made": ([ONE], [], [], [], ["CREATE services/one: 0 times instead of 1"]),
    "volume deleted": ([], [], [("persistentvolumeclaims", "data-0", SPEC, "DELETED")], [],
                       ["DELETE persistentvolumeclaims/data-0: 1 times instead of 0"]),
    "pod restarted": ([], [], [], [RESTARTED], ["DELETE pods/one-master-0: 1 times instead of 0"]),
    "restart refused": ([], [], [], [{**RESTARTED, "status": 409}], []),
}


@pytest.mark.parametrize("wanted,asked,found,did,problems", COUNTED.values(), ids=COUNTED)
def test_writes_are_counted(wanted, asked, found, did, problems):
    assert oracles.compare_counts(oracles.counts(history(*wanted), asked, 0), oracles.counts(history(*found), did, 0)) == problems


def test_what_was_there_before_is_not_counted():
    assert not oracles.counts(history(ONE), [], since=1)


def contents(*texts, name="one-tserver-tls", kind="secrets"):
    return oracles.secret_values(history(*((kind, name, encoded(password=text)) for text in texts)))


@pytest.mark.parametrize("kind,name", [("secrets", "one-tserver-tls"), ("configmaps", "one-ca")])
def test_contents_of_secrets_are_counted(kind, name):
    undisturbed = {what: len(values) for what, values in contents("a", name=name, kind=kind).items()}
    assert oracles.compare_secrets(undisturbed, contents("a", "a", name=name, kind=kind)) == []
    said = oracles.compare_secrets(undisturbed, contents("a", "b", "a", name=name, kind=kind))
    assert said == [f"{kind}/{name}: 2 contents instead of 1"]


def policy(rules=(), egress=(), types=("Ingress", "Egress")):
    return "networkpolicies", "one-internal", {"spec": {"policyTypes": list(types), "ingress": list(rules), "egress": list(egress)}}


def service(*ranges, port=5433, kind="LoadBalancer"):
    spec = {"type": kind, "ports": [{"port": port}], **({"loadBalancerSourceRanges": list(ranges)} if ranges else {})}
    return "services", "one", {"spec": spec}


OFFICE, HOME, PORT = [{"ipBlock": {"cidr": cidr}} for cidr in ("198.51.100.0/24", "192.0.2.7/32")] + [{"port": 5433}]
NARROW = policy([{"from": [OFFICE], "ports": [PORT]}], [{"to": [OFFICE], "ports": [PORT]}])
WIDER = {
    "the same": (NARROW, NARROW, ""),
    "less": (NARROW, policy(), ""),
    "from elsewhere": (NARROW, policy([{"from": [OFFICE, HOME], "ports": [PORT]}]), HOME["ipBlock"]["cidr"]),
    "from everywhere": (NARROW, policy([{"ports": [PORT]}]), "everywhere"),
    "every port": (NARROW, policy([{"from": [OFFICE]}]), "every port"),
    "to everywhere": (NARROW, policy(egress=[{}]), "everywhere"),
    "egress not limited": (NARROW, policy(types=["Ingress"]), "any Egress"),
    "balancer, the same": (service("198.51.100.0/24"), service("198.51.100.0/24"), ""),
    "balancer, another range": (service("198.51.100.0/24"), service("198.51.100.0/24", "192.0.2.7/32"), "192.0.2.7/32"),
    "balancer without ranges": (service("198.51.100.0/24"), service(), "everywhere"),
    "balancer for a moment": (service(kind="ClusterIP"), service("198.51.100.0/24"), "198.51.100.0/24"),
    "another port": (service(kind="ClusterIP"), service(kind="ClusterIP", port=7000), "7000"),
}


@pytest.mark.parametrize("wanted,found,word", WIDER.values(), ids=WIDER)
def test_what_is_let_through(wanted, found, word):
    """At any moment: that it is closed again does not help."""
    said = oracles.compare_openings(oracles.opened(history(wanted)), oracles.opened(history(wanted, found, wanted)))
    assert len(said) == bool(word) and word in "".join(said)


def test_no_pod_without_its_walls():
    walls = [("networkpolicies", "one-deny"), ("networkpolicies", "one-internal")]
    about = {"name": "one-master-0", "resourceVersion": "9", "labels": {"yugabyte.com/cluster": "one"}}
    pod = ("pods", "one-master-0", {"metadata": about})
    assert oracles.walls(history(*walls, pod)) == []
    assert oracles.walls(history(walls[0], pod, walls[1])) == ["pod one-master-0 began without ['one-internal']"]
    assert oracles.walls(history(*walls, (*walls[0], None, "DELETED"), pod)) == ["pod one-master-0 began without ['one-deny']"]


def authority(name):
    """(its key, its certificate)"""
    return issued(name, None, None)


def issued(name, key, issuer):
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject, public_key=own.public_key(),
                                      serial_number=1, not_valid_before=now, not_valid_after=now + datetime.timedelta(1))
    return own, builder.sign(key or own, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def pods_of(cluster, *signers):
    """The history of servers, each with a leaf of its own authority; all trust the first authority alone."""
    labels = {"yugabyte.com/cluster": cluster}
    for at, (role, (key, certificate)) in enumerate(zip(("master", "tserver"), signers)):
        leaf = pem(issued(role, key, certificate)[1])
        secret = {"data": {name: base64.b64encode(text.encode()).decode()
                           for name, text in (("node.10.0.0.1.crt", leaf), ("ca.crt", pem(signers[0][1])))}}
        yield made(10 * at + 1, "secrets", f"{cluster}-{role}-tls", secret, labels=labels)
        yield made(10 * at + 2, "pods", f"{cluster}-{role}-0", labels=labels)


def test_pods_trust_their_peers_in_every_cluster():
    ours, theirs = authority("ours"), authority("theirs")
    assert oracles.trusts([*pods_of("one", ours, ours), *pods_of("two", theirs, theirs)]) == []
    said = oracles.trusts([*pods_of("one", ours, ours), *pods_of("two", ours, theirs)])
    assert len(said) == 1 and "two-master-0 does not trust what two-tserver-0 serves" in said[0]


@pytest.mark.parametrize("labels,problem", [
    (["ca-uid-1"], ""), (["ca-uid-1", "ca-uid-1"], "2 keys in the token of a cluster that is there"),
    ([], "0 keys in the token of a cluster that is there"), (["ca-uid-1", "ca-uid-2"], "1 keys in the token of a cluster that is gone")])
def test_one_key_for_each_cluster(labels, problem):
    events = [made(1, "ybclusters", "one", uid="uid-1"), made(2, "ybclusters", "two", uid="uid-2"),
              made(3, "ybclusters", "two", what="DELETED", uid="uid-2")]
    assert oracles.keys(labels, events) == ([problem] if problem else [])


@pytest.fixture(name="words")
def words_of_a_history(tmp_path):
    """(the words that are secret, the private key's Secret, its text)"""
    for name, text in (("pin", "a pin of the token"), ("token", "token-that-is-valid"), (oracles.OBSOLETE, "token-of-before\n")):
        (tmp_path / name).write_text(text.replace(" ", "-"))
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    secret = encoded(node_key=key, password="correct horse")
    return oracles.words_that_are_secret(history(("secrets", "one", secret)), types.SimpleNamespace(folder=tmp_path)), secret["data"], key


def test_no_secret_is_told(words):
    words, data, key = words
    harmless = "-----BEGIN PRIVATE KEY----- of secret one, password, token"
    assert oracles.leaks(words, harmless, [{"note": harmless}]) == []
    told = ["a-pin-of-the-token", "token-that-is-valid", "token-of-before", "correct horse", data["password"], data["node.key"],
            data["node.key"][70:220], key.splitlines()[1]]
    for text in told:
        assert oracles.leaks(words, f"refused: {text}!", []) == ["the operator's log holds a secret"], text
        assert oracles.leaks(words, "", [{"note": f"refused: {text}!"}]) == ["an Event holds a secret"], text


@pytest.mark.parametrize("query,stale", [("limit=500", False), ("resourceVersion=0", True), ("limit=500&resourceVersion=0&watch=1", True),
                                         ("resourceVersion=01", False), ("resourceVersion=12", False)])
def test_reads_of_any_old_view(query, stale):
    log = [{"verb": "list", "resource": "pods", "query": query}, {"verb": "get", "resource": "pods"}]
    assert oracles.stale_reads(log) == (["list pods asks for any old view"] if stale else [])


def state(*objects):
    return snapshot.take({(kind, name): made(1, kind, name, live, **about).live for kind, name, live, about in objects})


def test_ends_are_compared():
    one = ("services", "one", {"spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 5433, "nodePort": 30000}]}}, {"labels": {"a": "b"}})
    by_chance = ("services", "one", {"spec": {"clusterIP": "10.0.0.2", "ports": [{"port": 5433}]}}, {"labels": {"a": "b"}, "uid": "x"})
    assert snapshot.differences(state(one), state(by_chance)) == []
    assert snapshot.differences(state(one), state()) == ["services/one: missing"]
    assert snapshot.differences(state(), state(one)) == ["services/one: one too many"]
    for other in ((*one[:2], {"spec": {"ports": [{"port": 7000}]}}, one[3]), (*one[:3], {"labels": {"a": "c"}}), (*one[:3], {})):
        assert len(snapshot.differences(state(one), state(other))) == 1, json.dumps(other)


def test_a_status_is_part_of_the_end():
    def cluster(word):
        return ("ybclusters", "one", {"status": {"conditions": [{"type": "Ready", "status": word, "reason": "R", "message": ""}]}}, {})
    assert snapshot.differences(state(cluster("True")), state(cluster("True"))) == []
    assert snapshot.differences(state(cluster("True")), state(cluster("False"))) == [
        'ybclusters/one: "Ready": "False R: " instead of "Ready": "True R: "']


def test_what_did_not_meet_its_fault_is_not_finished(tmp_path):
    program, path = tmp_path / "program", tmp_path / "finished"
    program.write_text("an operator")
    met, unmet, failed = (Case("create", fault) for fault in ("503", "409", "500"))
    first = Table(path, program)
    for case, outcome in ((met, "passed"), (unmet, "not reached"), (failed, "failed")):
        first.add(case, case.sort, outcome, [], 1)
    assert Table(path, program).done == {str(met)}
    assert first.never_met({"503", "409", "500"}, 1) == ["409"] and first.never_met({"409"}, 2) == []
    program.write_text("another operator")
    assert Table(path, program).done == set()


def test_cases_are_named_by_parts_of_their_names():
    cases = [Case("create", fault) for fault in ("503", "409", "reply lost")]
    assert named(cases, "") == cases
    assert [case.fault for case in named(cases, "503|lost")] == ["503", "reply lost"]


@pytest.mark.parametrize("rule,times,said", [
    ({}, [0, 0.005, 0.1, 1, 5, 10, 20], 0), ({}, range(30), 1), ({"retryAfter": 1}, range(30), 0),
    ({"retryAfter": 1}, [0.5 * tenth for tenth in range(60)], 1)], ids=["backoff", "each second", "as told", "oftener than told"])
def test_what_is_tried_in_vain_is_tried_more_rarely(rule, times, said):
    case = Case("create", "503 for ever", (("times", 100000), *rule.items()))
    assert len(loops([{"at": at, "fault": "503 for ever"} for at in times], case)) == said


@pytest.mark.parametrize("second,order", [([9], ["first", "second"]), ([2.5, 9], ["first", "second", "first", "second"])])
def test_who_wrote_when(second, order):
    def candidate(moments):
        log = [{"at": at, "resource": "services"} for at in moments] + [{"at": at + 0.1, "resource": "leases"} for at in (0, 5, 10)]
        return types.SimpleNamespace(proxy=types.SimpleNamespace(log=lambda since, writes: log))
    assert leaders(candidate([1, 2, 3]), candidate(second)) == order


def at_request(fault, name, nth, *options):
    return Case("create", fault, (("verb", "get"), ("resource", "secrets"), ("name", name), ("nth", nth)), options)


def at_call(number, action):
    return Case("create", f"{action} at C_Sign #{number}", (), (("begin", Orders(print, (f"C_Sign {number} {action}",))),))


def test_bundles_hold_each_case_once_and_one_fault():
    cases = [at_request(fault, f"s{number}", nth) for fault in ("409", "500") for number in range(5) for nth in (1, 2, 3)]
    tokens = [at_request("401", f"s{number}", 1, ("react", print)) for number in range(2)]
    calls = [at_call(number, action) for action in ("error", "kill-before") for number in range(1, 6)]
    alone = [at_request("late", "s1", 1, ("also", {"id": "cut"})), *calls[5:]]
    found = [*bundles(cases + tokens + calls + alone[:1], 4)]
    assert sorted(map(str, sum(found, []))) == sorted(map(str, cases + tokens + calls + alone[:1]))
    for bundle in found:
        numbers = [case.place for case in bundle]
        assert len({case.alike for case in bundle}) == 1 and len(bundle) <= 4 and numbers == sorted(numbers)
    assert all([case] in found for case in alone) and len(found) == 2 * 4 + 1 + 2 + len(alone)
    assert all(len(bundle) == 1 for bundle in bundles(cases, 1))
