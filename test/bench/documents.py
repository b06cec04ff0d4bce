"""What a peer has to make: the documents that our operator applied for a cluster, read back from the API server.

The fields that an object's managedFields say are the operator's, and nothing else, are what was applied. Where clusters
differ stand @name@, @namespace@, @uid@, "@generation@" and @now@; @hash@ is the peer's own. A Secret's data are plain text
of their own, as a peer's cluster adds its flags to them."""

import base64
import json

import fleet
from server import CHILD_KINDS, OURS, SINGULAR

HASH = "bench.yugabyte.com/hash"
OPERATOR = "ybcluster-operator"


def matches(item, key):
    """key: "k:{...}", fields that tell the items of a list apart, or "v:...", the item itself."""
    wanted = json.loads(key[2:])
    if key.startswith("v:"):
        return item == wanted
    return isinstance(item, dict) and all(item.get(name) == value for name, value in wanted.items())


def owned(live, fields):
    """The part of live that fields (FieldsV1) names."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        return live
    if isinstance(live, list):
        found = ((item, next((below for key, below in inner.items() if matches(item, key)), None)) for item in live)
        return [owned(item, below) for item, below in found if below is not None]
    return {key[2:]: owned(live[key[2:]], below) for key, below in inner.items() if key[2:] in live}


def applied(live):
    fields = next(entry["fieldsV1"] for entry in live["metadata"]["managedFields"]
                  if entry["manager"] == OPERATOR and "subresource" not in entry)
    return owned(live, fields)


def with_places(value, texts):
    text = json.dumps(value)
    for what, place in texts.items():
        text = text.replace(what, place)
    return json.loads(text)


def child(live, kind, base, texts):
    document = with_places(applied(live), texts)
    data = document.pop("data", {}) if kind == "Secret" else {}
    document |= {"apiVersion": base.removeprefix("/apis/").removeprefix("/api/"), "kind": kind}
    document["metadata"] |= {"name": live["metadata"]["name"], "namespace": "@namespace@"}
    document["metadata"].setdefault("annotations", {})[HASH] = "@hash@"
    plain = {key: base64.b64decode(text).decode() for key, text in data.items()}
    # Once more, as texts of a Secret are seen only now. The data of a Secret stand behind the rest: see template.go.
    return with_places({"kind": kind, "name": live["metadata"]["name"], "document": document, "data": plain}, texts)


def template(plane):
    """Of the fleet's first cluster, which has converged."""
    client = plane.client()
    cluster = client("GET", fleet.path_of(0))
    metadata, status = cluster["metadata"], cluster["status"]
    texts = {metadata["uid"]: "@uid@", metadata["name"]: "@name@", metadata["namespace"]: "@namespace@"}
    children = [child(live, SINGULAR[kind], base, texts) for kind, base in CHILD_KINDS.items()
                for live in client("GET", f"{base}/{kind}?labelSelector={OURS}")["items"]]
    assert len(children) >= 15, f"only {len(children)} children to take as a pattern"
    status["observedGeneration"] = "@generation@"
    for one in status["conditions"]:
        one |= {"lastTransitionTime": "@now@", "observedGeneration": "@generation@"}
    return {"finalizer": metadata["finalizers"][0], "children": children, "status": with_places(status, texts)}
