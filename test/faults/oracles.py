"""What must hold in every case: at its end, in its counts, and at every moment of its history."""

import base64
import collections
import json
import re

import snapshot
from lane import THERE_ALWAYS
from trust import Trust, replay

# Of these the operator is the only one that writes more than status: updates are counted, too.
WRITTEN_BY_US = ("ybclusters", "serviceaccounts", "configmaps", "secrets", "services", "poddisruptionbudgets",
                 "networkpolicies", "statefulsets")
PART = 60  # characters of a key's base64 that are found wherever they stand
OBSOLETE = "token.obsolete"  # in the operator's home: tokens that are not valid any more
VERBS = {"ADDED": "CREATE", "DELETED": "DELETE", "MODIFIED": "UPDATE"}


def restarts(requests):
    """Pods are counted by what the operator had done to them: nodes that are simulated may lose one besides."""
    return collections.Counter(
        ("DELETE", "pods", one["name"]) for one in requests
        if one["resource"] == "pods" and one.get("write") and 200 <= one.get("status", 0) < 300)


def counts(events, requests, since):
    """{(verb, kind, name): number} from a version on; an UPDATE is one that changed more than status."""
    before, found = {}, restarts(requests)
    for event in events:
        what = event.kind, event.name
        digest = snapshot.without_status(event.live)
        changed = event.what != "MODIFIED" or before.get(what) != digest
        before[what] = digest
        deleting = event.what == "MODIFIED" and "deletionTimestamp" in event.live["metadata"]
        if event.kind != "pods" and event.version > since and what not in THERE_ALWAYS and changed and not deleting \
                and (event.what != "MODIFIED" or event.kind in WRITTEN_BY_US):
            found[VERBS[event.what], event.kind, event.name] += 1
    return found


def compare_counts(wanted, found):
    return [f"{verb} {kind}/{name}: {found[verb, kind, name]} times instead of {wanted[verb, kind, name]}"
            for verb, kind, name in sorted(set(wanted) | set(found)) if wanted[verb, kind, name] != found[verb, kind, name]]


def secret_values(events):
    """{Secret or C-ca: its contents, in order, without repetition}"""
    seen = collections.defaultdict(list)
    for event in events:
        if event.kind == "secrets" or event.name.endswith("-ca") and event.kind == "configmaps":
            data = json.dumps(event.live.get("data"), sort_keys=True)
            if event.what != "DELETED" and data not in seen[event.kind, event.name]:
                seen[event.kind, event.name].append(data)
    return seen


def compare_secrets(wanted, found):
    """No content more than in the undisturbed run: what was made once is kept."""
    return [f"{kind}/{name}: {len(found[kind, name])} contents instead of {wanted.get((kind, name), 0)}"
            for kind, name in sorted(found) if len(found[kind, name]) > wanted.get((kind, name), 0)]


DIRECTIONS = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))


def openings(live):
    """What one NetworkPolicy or Service lets through, as texts."""
    spec = live["spec"]
    if live["kind"] == "Service":
        ranges = spec.get("loadBalancerSourceRanges", ["everywhere"]) if spec.get("type") == "LoadBalancer" else ["cluster"]
        return {f"service {where} {port['port']}" for where in ranges for port in spec.get("ports", [])}
    found = {f"any {direction}" for direction, _, _ in DIRECTIONS if direction not in spec.get("policyTypes", ["Ingress"])}
    for _, rules, peers in DIRECTIONS:
        for rule in spec.get(rules, []):
            for peer in rule.get(peers, ["everywhere"]):
                for port in rule.get("ports", ["every port"]):
                    found.add(json.dumps([peers, peer, port], sort_keys=True))
    return {snapshot.plain(one, live["metadata"]["namespace"]) for one in found}


def opened(events):
    """{(kind, name): everything that it ever let through}"""
    found = collections.defaultdict(set)
    for event in events:
        if event.kind in ("networkpolicies", "services") and event.what != "DELETED":
            found[event.kind, event.name] |= openings(event.live)
    return found


def compare_openings(wanted, found):
    return [f"{kind}/{name} let through {sorted(found[kind, name] - wanted.get((kind, name), set()))}"
            for kind, name in sorted(found) if not found[kind, name] <= wanted.get((kind, name), set())]


def conditions_of(pod):
    return {one["type"]: one["status"] for one in pod.get("status", {}).get("conditions", [])}


def is_ready(pod):
    return "deletionTimestamp" not in pod["metadata"] and conditions_of(pod).get("Ready") == "True"


def lost_by_its_node(event):
    """What the node controller does to the pods of a node whose Lease ran out, as one does that a busy machine simulates: Ready ends, and
    nothing else. Who asks a pod to go sets its deletionTimestamp; a kubelet whose probe fails takes ContainersReady along."""
    pod = event.live
    return event.what != "DELETED" and "deletionTimestamp" not in pod["metadata"] and conditions_of(pod).get("ContainersReady") == "True"


def lost(events):
    """The pods that a node lost, in order."""
    return list(dict.fromkeys(event.name for event in events
                              if event.kind == "pods" and lost_by_its_node(event) and conditions_of(event.live).get("Ready") == "False"))


def quorum(events):
    """Three of a kind that once ran never become fewer than two by what is done to them; what a node loses is nobody's deed, but counts
    as lost to whoever takes another one then."""
    ready, least, said = collections.defaultdict(set), collections.Counter(), []
    for event in events:
        if event.kind != "pods":
            continue
        group = event.name.rpartition("-")[0]
        was_ready = event.name in ready[group]
        ready[group].discard(event.name)
        if event.what != "DELETED" and is_ready(event.live):
            ready[group].add(event.name)
        elif was_ready and len(ready[group]) < least[group] and not lost_by_its_node(event):
            said.append(f"only {sorted(ready[group])} of {group} ready at version {event.version}")
        if len(ready[group]) >= 3:
            least[group] = 2
    return said[:1]


def walls(events):
    """No pod without the policies that close it."""
    there = set()
    for event in events:
        if event.kind == "networkpolicies":
            (there.discard if event.what == "DELETED" else there.add)(event.name)
        elif event.kind == "pods" and event.what == "ADDED":
            cluster = event.live["metadata"]["labels"].get("yugabyte.com/cluster", "")
            lacking = {f"{cluster}-deny", f"{cluster}-internal"} - there
            if lacking:
                return [f"pod {event.name} began without {sorted(lacking)}"]
    return []


def trusts(events):
    """Of each cluster: no running pod distrusts a peer."""
    of_cluster = collections.defaultdict(list)
    for event in events:
        of_cluster[event.live["metadata"].get("labels", {}).get("yugabyte.com/cluster")].append(
            (event.version, event.at, event.what, event.live))
    said = []
    for name in sorted(filter(None, of_cluster)):
        try:
            replay(of_cluster[name], Trust(), name)
        except AssertionError as error:
            said.append(f"{name}: {error}")
    return said


def parts_of_key(text, value):
    """Lines of a private key; and parts of it as the API carries it, which a message may cut short."""
    lines = {line for line in text.splitlines() if len(line) > 40 and "-----" not in line}
    return lines | {value[at:at + PART] for at in range(PART, len(value) - PART, PART)}


def words_that_are_secret(events, home):
    """Passwords and private keys, as they are and as the API carries them; the operator's PIN and its tokens, of now and before."""
    files = [path for path in (home.folder / name for name in ("pin", "token", OBSOLETE)) if path.exists()]
    words = {word for path in files for word in path.read_text().split()}
    for event in events:
        if event.kind != "secrets":
            continue
        for name, value in event.live.get("data", {}).items():
            text = base64.b64decode(value).decode(errors="replace")
            if name == "password":
                words |= {text, value}
            elif "PRIVATE KEY" in text:
                words |= parts_of_key(text, value)
    return {word for word in words if len(word) >= 8}


def leaks(words, log, told):
    return [f"{where} holds a secret" for where, text in (("the operator's log", log), ("an Event", json.dumps(told)))
            if any(word in text for word in words)]


def stale_reads(log):
    """Reads that any old view could answer; the operator makes none, so that a past view cannot be served to it."""
    return [f"{one['verb']} {one['resource']} asks for any old view" for one in log
            if re.search(r"(^|&)resourceVersion=0(&|$)", one.get("query", ""))]


def keys(labels, events):
    """One key in the token for each cluster that is there, and none for those that are gone."""
    clusters = {event.live["metadata"]["uid"]: event.what != "DELETED" for event in events if event.kind == "ybclusters"}
    found = {uid: sum(uid in label for label in labels) for uid in clusters}
    return [f"{found[uid]} keys in the token of a cluster that is {'there' if there else 'gone'}"
            for uid, there in clusters.items() if found[uid] != there]
