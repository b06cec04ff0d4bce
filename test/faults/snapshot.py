"""Objects without what differs from one run to the next, so that two runs can be compared."""

import base64
import hashlib
import json
import re

from lane import THERE_ALWAYS

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DIGEST = re.compile(r"\b[0-9a-f]{16,64}\b")
# Given by the API server or by others, differently each time.
CHANCE = {
    "services": ("clusterIP", "clusterIPs", "healthCheckNodePort"),
    "pods": ("nodeName", "tolerations", "hostname", "subdomain", "volumes", "priority", "preemptionPolicy"),
    "persistentvolumeclaims": ("volumeName",),
}
# By whoever provides volumes and places pods, and by the tests as strangers.
FOREIGN = re.compile(r"(kubernetes\.io|k8s\.io|kwok|example\.com)")
# Labels that the StatefulSet controller and the scheduler put on pods.
PLACED = re.compile(r"controller-revision-hash|topology\.kubernetes\.io/")
# Terms and names of the test's own: not the same moment in two runs.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def plain(text, namespace):
    for pattern, word in ((MOMENT, "MOMENT"), (UUID, "UID"), (DIGEST, "DIGEST")):
        text = pattern.sub(word, text)
    return text.replace(namespace, "NAMESPACE")


def flags(secret):
    return {name: base64.b64decode(value).decode() for name, value in secret.get("data", {}).items()}


def body(kind, live):
    if kind == "secrets":
        return flags(live) if live["metadata"]["name"].endswith("-flags") else sorted(live.get("data", {}))
    if kind == "configmaps":
        return sorted(live.get("data", {}))
    spec = {key: value for key, value in live.get("spec", {}).items() if key not in CHANCE.get(kind, ())}
    if kind == "services":
        for port in spec.get("ports", []):
            port.pop("nodePort", None)
    return spec


def status(kind, live):
    if kind not in ("ybclusters", "allowlists"):
        return None
    found = live.get("status", {})
    return {"conditions": {one["type"]: f"{one['status']} {one['reason']}: {one['message']}" for one in found.get("conditions", [])},
            **{key: found.get(key) for key in ("phase", "replicationFactor", "version", "nodes", "allowList", "operation")}}


def metadata(live):
    about = live["metadata"]
    return {
        "labels": {key: value for key, value in about.get("labels", {}).items() if not PLACED.match(key)},
        "annotations": {key: value for key, value in about.get("annotations", {}).items() if not FOREIGN.search(key)},
        "owners": [(one["kind"], one["name"], one.get("controller")) for one in about.get("ownerReferences", [])],
        "finalizers": about.get("finalizers"),
        "deleting": "deletionTimestamp" in about,
    }


def normal(kind, live):
    """One object as comparable text."""
    live = json.loads(json.dumps(live))
    whole = {"metadata": metadata(live), "body": body(kind, live), "type": live.get("type"), "status": status(kind, live)}
    return plain(json.dumps(whole, indent=1, sort_keys=True), live["metadata"]["namespace"])


def take(everything):
    """{(kind, name): text}; what Kubernetes itself puts into each namespace is left out."""
    return {what: normal(what[0], live) for what, live in everything.items()
            if what not in THERE_ALWAYS}


def differences(wanted, found):
    said = [f"{kind}/{name}: {'missing' if (kind, name) in wanted else 'one too many'}"
            for kind, name in sorted(set(wanted) ^ set(found))]
    for what in sorted(set(wanted) & set(found)):
        if wanted[what] != found[what]:
            lines = zip(wanted[what].splitlines(), found[what].splitlines())
            unlike = [f"{other.strip()} instead of {one.strip()}" for one, other in lines if one != other]
            said.append(f"{what[0]}/{what[1]}: {'; '.join(unlike[:4]) or 'more or fewer lines'}")
    return said


def without_status(live):
    """What a write of the operator to a child can change."""
    about = {key: live["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences", "finalizers")}
    rest = {key: value for key, value in live.items() if key not in ("metadata", "status")}
    return hashlib.sha256(json.dumps([about, rest], sort_keys=True).encode()).hexdigest()
