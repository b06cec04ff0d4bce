"""Certificates that change while the cluster runs, and the CA's keys in the token."""

import time

import children
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from history import History
from manifests import condition, is_ready, wait_for_condition, wait_for_ready, yb_cluster
from token_keys import keys_of
from trust import SERVING, Trust, contents, replay, secret_file
from waiting import ROLLOUT, stays, wait_until

pytestmark = pytest.mark.usefixtures("operator")

OVERLAP = 2


def certificates(kubectl, namespace, file, cluster="one"):
    text = kubectl.get("configmap", f"{cluster}-ca", namespace)["data"][file]
    return x509.load_pem_x509_certificates(text.encode())


def serials(kubectl, namespace, cluster="one"):
    """{Secret: serial number of its leaf}"""
    found = {}
    for secret, pattern in (("master-tls", r"node\..*\.crt"), ("tserver-tls", r"node\..*\.crt"),
                            ("admin-tls", r"yugabytedb\.crt")):
        leaf = x509.load_pem_x509_certificate(secret_file(kubectl.get("secret", f"{cluster}-{secret}", namespace), pattern))
        found[secret] = leaf.serial_number
    return found


def public_key(certificate):
    return certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def all_replaced(kubectl, namespace, before):
    def check():
        now = children.pods(kubectl, "one", namespace)
        assert now.keys() == before.keys() and not set(now.values()) & set(before.values()), now
        return True
    wait_until("every pod is another", check, ROLLOUT, 1)


def test_leaves_are_renewed_on_request_and_pods_roll(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before, pods = serials(kubectl, namespace), children.pods(kubectl, "one", namespace)
    root = kubectl.get("configmap", "one-ca", namespace)["data"]
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotate": "first"}}})
    all_replaced(kubectl, namespace, pods)
    wait_for_ready(kubectl, "one", namespace)
    after = serials(kubectl, namespace)
    assert not set(before.values()) & set(after.values()) and len(set(after.values())) == 3
    assert kubectl.get("configmap", "one-ca", namespace)["data"] == root, "the CA stays when leaves are renewed"
    settled = children.pods(kubectl, "one", namespace)
    stays("one renewal a wish", lambda: serials(kubectl, namespace) == after
          and children.pods(kubectl, "one", namespace) == settled, 4, 1)


def test_new_hostnames_restart_nobody(kubectl, namespace):
    kubectl.apply(yb_cluster("one"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    before, pods = serials(kubectl, namespace), children.pods(kubectl, "one", namespace)
    root, chain = certificates(kubectl, namespace, "root.crt"), certificates(kubectl, namespace, "chain.crt")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"hostnames": ["db.example.com"]}}})

    def renewed():
        secret = kubectl.get("secret", "one-tserver-tls", namespace)
        leaf = x509.load_pem_x509_certificate(secret_file(secret, r"node\..*\.crt"))
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return "db.example.com" in names.get_values_for_type(x509.DNSName)
    wait_until("the leaf has the new name", renewed)
    wait_for_ready(kubectl, "one", namespace)
    told = wait_for_condition(kubectl, "ybcluster", "one", namespace, "CertificatesReady", "True", "NamesNotServed")
    assert "3 tservers" in told["message"] and told["message"].endswith(": db.example.com"), told
    stays("no pod restarts", lambda: children.pods(kubectl, "one", namespace) == pods, 6)
    assert serials(kubectl, namespace)["tserver-tls"] != before["tserver-tls"]
    assert certificates(kubectl, namespace, "root.crt") == root, "clients hold copies of root.crt"
    again = certificates(kubectl, namespace, "chain.crt")
    assert again[0] != chain[0] and public_key(again[0]) == public_key(chain[0]) == public_key(root[0])
    permitted = again[0].extensions.get_extension_for_class(x509.NameConstraints)
    assert permitted.critical and "db.example.com" in [name.value for name in permitted.value.permitted_subtrees]
    assert again[1:] == chain[1:]
    kubectl.delete("pod", "one-tserver-2", namespace)
    wait_until("two tservers without the name", lambda: "2 tservers" in condition(
        kubectl.get("ybcluster", "one", namespace), "CertificatesReady")["message"], 60)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/restart=for-the-name")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "CertificatesReady", "True", "Issued", ROLLOUT)


def permitted(kubectl, namespace):
    """Hostnames of the outside that the chain lets the CA certify."""
    link = certificates(kubectl, namespace, "chain.crt")[0]
    names = link.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    return {name.value for name in names if isinstance(name, x509.DNSName) and name.value.endswith("example.com")}


def test_a_name_that_the_spec_has_no_more_stays_permitted_while_it_is_served(kubectl, namespace):
    one = {"nodes": 1, "faultTolerance": "None"}
    kubectl.apply(yb_cluster("one", **one, endpoints={"hostnames": ["old.example.com", "both.example.com"]}), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    pods = children.pods(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"endpoints": {"hostnames": ["both.example.com", "new.example.com"]}}})
    wait_until("the new name is permitted", lambda: "new.example.com" in permitted(kubectl, namespace))
    wait_for_ready(kubectl, "one", namespace)
    assert permitted(kubectl, namespace) == {"old.example.com", "both.example.com", "new.example.com"}
    assert children.pods(kubectl, "one", namespace) == pods
    # What an annotation says, and was never permitted, is not.
    kubectl("annotate", "--overwrite", "pod", "one-tserver-0", "-n", namespace,
            "yugabyte.com/hostnames=old.example.com forged.example.com ")
    stays("an annotation opens nothing", lambda: "forged.example.com" not in permitted(kubectl, namespace), 3, 1)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/restart=for-the-name")
    wait_until("nobody serves the old name", lambda: permitted(kubectl, namespace) == {"both.example.com", "new.example.com"}, ROLLOUT)


def lost(kubectl, namespace, *names):
    """All at once, as the operator sees it."""
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    kubectl("delete", *names, "-n", namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused-")


def test_the_ca_is_certified_anew_when_only_its_key_is_left(kubectl, namespace, home):
    kubectl.apply(small(caOverlap="2s"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    root, = certificates(kubectl, namespace, "root.crt")
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotateCA": "now"}}})
    second = rotated(kubectl, namespace, root)
    wait_for_ready(kubectl, "one", namespace)
    wait_until("status tells", lambda: kubectl.get("ybcluster", "one", namespace)["status"]["certificates"]["generation"] == 2)
    assert keys_of(home, uid) == [f"ybcluster/{uid}/2"]

    # The administrator's bundle tells the CA as it was.
    lost(kubectl, namespace, "secret/one-master-tls", "secret/one-tserver-tls", "configmap/one-ca")
    wait_until("the same CA", lambda: kubectl.get("configmap", "one-ca", namespace)
               and certificates(kubectl, namespace, "root.crt") == [second])
    wait_for_ready(kubectl, "one", namespace, ROLLOUT)

    def again():
        new, = certificates(kubectl, namespace, "root.crt")
        return new != second and public_key(new) == public_key(second) and new.subject == second.subject
    lost(kubectl, namespace, "secret/one-master-tls", "secret/one-tserver-tls", "secret/one-admin-tls", "configmap/one-ca")
    wait_until("the same key", lambda: kubectl.get("configmap", "one-ca", namespace) and again())
    wait_for_ready(kubectl, "one", namespace, ROLLOUT)
    assert keys_of(home, uid) == [f"ybcluster/{uid}/2"]


def steps_of(events):
    seen = []
    for _, _, _, live in events:
        step = live["kind"] == "YBCluster" and live.get("status", {}).get("operation", {}).get("step")
        if step and step not in seen[-1:]:
            seen.append(step)
    return seen


def first(events, matches):
    return next(when for _, when, _, live in events if matches(live))


def holds(live, certificate, file="root.crt"):
    return live["kind"] == "ConfigMap" and live["metadata"]["name"] == "one-ca" \
        and certificate in x509.load_pem_x509_certificates(live["data"][file].encode())


def test_a_new_ca_is_trusted_before_it_is_used_and_the_old_one_until_it_is_not(plane, kubectl, namespace, home):
    kubectl.apply(yb_cluster("one", tls={"caOverlap": f"{OVERLAP}s"}), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    old_root, = certificates(kubectl, namespace, "root.crt")
    old_keys, pods = keys_of(home, uid), children.pods(kubectl, "one", namespace)
    assert len(old_keys) == 1, old_keys
    core = f"/api/v1/namespaces/{namespace}"
    with History(kubectl, f"{core}/secrets", f"{core}/configmaps", f"{core}/pods",
                 f"/apis/yugabyte.com/v1beta1/namespaces/{namespace}/ybclusters") as history:
        # Nodes that do nothing for longer than the overlap: pods of before are running still, and must be waited for.
        plane.command("stop-part", plane.name, "kwok")
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotateCA": "first"}}})
        time.sleep(OVERLAP + 1)
        plane.command("start-part", plane.name, "kwok")

        new_root = rotated(kubectl, namespace, old_root)
        assert is_ready(kubectl.get("ybcluster", "one", namespace)), "the rotation is over, and what it changed is not in place"
        events = history.so_far()
    trust = Trust()
    replay(events, trust)
    assert trust.judged > 100, "a rotation has more events than that"
    assert steps_of(events) == ["TrustBoth", "NewLeaves", "DropOld"]
    each_step_waits_for_every_pod(events, old_root, new_root)
    assert not set(children.pods(kubectl, "one", namespace).values()) & set(pods.values())

    new_keys = keys_of(home, uid)
    assert len(new_keys) == 1 and new_keys != old_keys, "the old CA's key stays in the token"
    assert set(serials(kubectl, namespace).values()).isdisjoint({old_root.serial_number})
    wait_for_ready(kubectl, "one", namespace)
    settled = children.pods(kubectl, "one", namespace)
    stays("one rotation a wish", lambda: certificates(kubectl, namespace, "root.crt") == [new_root]
          and children.pods(kubectl, "one", namespace) == settled, 4, 1)


def rotated(kubectl, namespace, old_root):
    """Waits until a rotation is over, and there is one CA again, another than before; returns it."""
    def check():
        roots = certificates(kubectl, namespace, "root.crt")
        assert len(roots) == 1 and roots[0] != old_root, f"{len(roots)} in root.crt"
        assert "operation" not in kubectl.get("ybcluster", "one", namespace)["status"]
        return roots[0]
    return wait_until("one CA, another than before, and no rotation under way", check, 2 * ROLLOUT, 1)


def started_with(events):
    """Of each event: when, the object, and then the (leaf, anchors) with which each pod that is there had started."""
    secrets, pods = {}, {}
    for _, when, kind, live in events:
        name = live["metadata"]["name"]
        if live["kind"] == "Secret" and name in SERVING:
            leaf, anchors = contents(live)
            secrets[name] = x509.load_pem_x509_certificate(leaf), x509.load_pem_x509_certificates(anchors)
        elif live["kind"] == "Pod" and kind == "DELETED":
            pods.pop(name, None)
        elif live["kind"] == "Pod":
            pods.setdefault(name, secrets[f"{name.rpartition('-')[0]}-tls"])
        yield when, live, dict(pods)


def each_step_waits_for_every_pod(events, old_root, new_root):
    """Status neither names the next step, or none, nor says that the certificates are ready, before every pod has come to this one."""
    has_come = {"TrustBoth": lambda leaf, anchors: anchors == [old_root, new_root],
                "NewLeaves": lambda leaf, anchors: Trust.signed(leaf, new_root) and anchors == [new_root, old_root],
                "DropOld": lambda leaf, anchors: anchors == [new_root]}
    step, ended = None, []
    for _, live, pods in started_with(events):
        if live["kind"] != "YBCluster":
            continue
        told = live["status"].get("operation", {}).get("step")
        come = step and all(has_come[step](*pod) for pod in pods.values())
        if step and told != step:
            assert come and len(pods) == 6, f"{step} ended before {pods.keys()} had come to it"
            ended.append(step)
        assert told != step or come or not step or condition(live, "CertificatesReady")["status"] == "False", \
            f"{step}: ready before {pods.keys()} had come to it"
        step = told
    assert ended == ["TrustBoth", "NewLeaves", "DropOld"]


def last_pod_with(events, root):
    """When the last pod went that had started with a leaf of this root."""
    moments = [(when, any(Trust.signed(leaf, root) for leaf, _ in pods.values())) for when, _, pods in started_with(events)]
    last = max(index for index, (_, there) in enumerate(moments) if there)
    return moments[last + 1][0]


def test_clients_have_the_overlap_to_take_the_new_root(kubectl, namespace):
    """Pods are replaced in less than the overlap here: it is waited for all the same, before and after; but for the second in which
    it begins, and for the pass that begins it, which may be slow to write and late to be told of."""
    overlap, late = 8, 3
    kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", tls={"caOverlap": f"{overlap}s"}), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    old_root, = certificates(kubectl, namespace, "root.crt")
    core = f"/api/v1/namespaces/{namespace}"
    with History(kubectl, f"{core}/secrets", f"{core}/configmaps", f"{core}/pods") as history:
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotateCA": "first"}}})
        new_root = rotated(kubectl, namespace, old_root)
        events = history.so_far()
    trust = Trust()
    replay(events, trust)
    known = first(events, lambda one: holds(one, new_root))
    used = first(events, lambda one: one["kind"] == "Secret" and one["metadata"]["name"] in SERVING
                 and Trust.signed(x509.load_pem_x509_certificate(contents(one)[0]), new_root))
    assert used - known > overlap - late, "clients had no time to take the new root.crt"
    dropped = max(when for _, when, _, one in events if holds(one, old_root))
    last_served = last_pod_with(events, old_root)
    gone = first([event for event in events if event[1] > dropped], lambda one: holds(one, new_root))
    assert gone - last_served > overlap - late, "the old CA went before the overlap was over"


def test_the_ca_comes_back_when_its_record_is_taken_or_replaced(kubectl, namespace, home):
    kubectl.apply(yb_cluster("one"), yb_cluster("two"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    wait_for_ready(kubectl, "two", namespace)
    before, pods, keys = serials(kubectl, namespace), children.pods(kubectl, "one", namespace), keys_of(home, uid)
    root = certificates(kubectl, namespace, "root.crt")
    text = kubectl.get("configmap", "one-ca", namespace)["data"]["root.crt"]
    foreign = kubectl.get("configmap", "two-ca", namespace)["data"]

    def restored():
        data = kubectl.get("configmap", "one-ca", namespace)["data"]
        assert data["root.crt"] == text  # before anything is parsed: it may be nonsense still
        chain = x509.load_pem_x509_certificates(data["chain.crt"].encode())
        assert public_key(chain[0]) == public_key(root[0])
        return True
    kubectl.delete("configmap", "one-ca", namespace)
    wait_until("C-ca is back", restored)
    kubectl.patch("configmap", "one-ca", namespace, {"data": foreign})
    wait_until("the CA of another cluster is out", restored)
    both = {"root.crt": foreign["root.crt"] + text}
    kubectl.patch("configmap", "one-ca", namespace, {"data": both})
    wait_until("the CA of another cluster is out of the bundle", restored)
    kubectl.patch("configmap", "one-ca", namespace, {"data": {"root.crt": "nonsense", "chain.crt": ""}})
    wait_until("nonsense is out", restored)
    wait_for_ready(kubectl, "one", namespace)
    assert serials(kubectl, namespace) == before and children.pods(kubectl, "one", namespace) == pods
    assert keys_of(home, uid) == keys
    two = kubectl.get("ybcluster", "two", namespace)["metadata"]["uid"]

    kubectl.delete("ybcluster", "one", namespace, "--timeout=60s")
    assert keys_of(home, uid) == [], "the key of a cluster that is gone is still in the token"
    assert len(keys_of(home, two)) == 1, "the other cluster's key went along"
    wait_for_condition(kubectl, "ybcluster", "two", namespace, "Ready", "True")


def annotations(change):
    return {"metadata": {"annotations": {f"yugabyte.com/{key}": value for key, value in change.items()}}}


LONG_AGO = "2020-01-01T00:00:00Z"


def record(kubectl, namespace):
    """C-ca's root.crt, what its annotations say, and since when."""
    live = kubectl.get("configmap", "one-ca", namespace)
    found = {key.removeprefix("yugabyte.com/"): value for key, value in live["metadata"]["annotations"].items()}
    since = found.pop("ca-step-since", LONG_AGO)
    return live["data"]["root.crt"], found, since


def put_right(kubectl, namespace, change, data=None):
    """Edits C-ca, and waits until it says what it said before; but for when, for that the step may begin anew."""
    *before, _ = record(kubectl, namespace)
    kubectl.patch("configmap", "one-ca", namespace, {"data": data or {}, **annotations(change)})

    def right():
        *now, since = record(kubectl, namespace)
        assert now == before and since != LONG_AGO, (now[1], since)
        return True
    wait_until(f"C-ca put right after {change}", right)


def small(**tls):
    return yb_cluster("one", nodes=1, faultTolerance="None", tls=tls)


def state(kubectl, namespace):
    """What differs when anything was issued or restarted."""
    return serials(kubectl, namespace), children.pods(kubectl, "one", namespace)


STRIPPED = {"ca-step": None, "ca-step-since": None, "ca-generation": None, "rotate-ca": None}


def test_annotations_of_a_cluster_at_rest_are_no_buttons(kubectl, namespace, home):
    kubectl.apply(small(rotate="first", rotateCA="first", caOverlap="1s"), namespace=namespace)
    uid = wait_for_ready(kubectl, "one", namespace)["metadata"]["uid"]
    before, keys = state(kubectl, namespace), keys_of(home, uid)
    for change in ({"ca-step": "TrustBoth"}, {"ca-step": "DropOld"}, {"ca-generation": "2"}, {"rotate-ca": None}, STRIPPED):
        put_right(kubectl, namespace, change)

    kubectl.patch("secret", "one-tserver-tls", namespace, annotations({"rotate": None}))
    wait_until("the wish that was followed", lambda: kubectl.get("secret", "one-tserver-tls", namespace)["metadata"][
        "annotations"].get("yugabyte.com/rotate") == "first")
    wait_for_ready(kubectl, "one", namespace)
    stays("nothing is issued, nobody restarts", lambda: state(kubectl, namespace) == before, 2)
    assert keys_of(home, uid) == keys


def test_annotations_neither_hasten_nor_end_a_rotation(kubectl, namespace):
    def overlap(value):
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"caOverlap": value}}})

    def in_step(step):
        wait_until(step, lambda: record(kubectl, namespace)[1]["ca-step"] == step, ROLLOUT)
    kubectl.apply(small(caOverlap="1h"), namespace=namespace)
    wait_for_ready(kubectl, "one", namespace)
    old_root, = certificates(kubectl, namespace, "root.crt")
    pods = children.pods(kubectl, "one", namespace)
    kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotateCA": "first"}}})
    in_step("TrustBoth")
    all_replaced(kubectl, namespace, pods)
    wait_for_ready(kubectl, "one", namespace)
    before = state(kubectl, namespace)
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused=true")
    wait_for_condition(kubectl, "ybcluster", "one", namespace, "Paused", "True")
    assert kubectl.get("ybcluster", "one", namespace)["status"]["operation"]["step"] == "TrustBoth", "a pause ends no rotation"
    kubectl("annotate", "ybcluster", "one", "-n", namespace, "yugabyte.com/paused-")
    put_right(kubectl, namespace, {"ca-step-since": LONG_AGO})
    for change in ({"ca-step": "KeepOld"}, {"ca-step": "DropOld"}, {"ca-step": "Stable", "ca-step-since": LONG_AGO}, STRIPPED):
        put_right(kubectl, namespace, change)
    assert state(kubectl, namespace) == before

    overlap("1s")
    in_step("NewLeaves")
    overlap("1h")
    in_step("KeepOld")
    wait_for_ready(kubectl, "one", namespace)
    before, (new_root, _) = state(kubectl, namespace), certificates(kubectl, namespace, "root.crt")
    alone = {"root.crt": new_root.public_bytes(serialization.Encoding.PEM).decode()}
    put_right(kubectl, namespace, {"ca-step-since": LONG_AGO})
    for change, data in (({"ca-step": None}, None), ({"ca-step": "TrustBoth"}, None), (STRIPPED, None), ({"ca-step": "Stable"}, alone)):
        put_right(kubectl, namespace, change, data)
    assert state(kubectl, namespace) == before, "the old CA was dropped while it had to be trusted"
    overlap("1s")
    assert rotated(kubectl, namespace, old_root) == new_root
    wait_for_ready(kubectl, "one", namespace)
