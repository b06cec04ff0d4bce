"""A label, selector, ownerReference or annotation of a child changes in the midst of a reconcile."""

import re
import time

import run
from api import Failed
from cases import Case

MANAGED, UID, CLUSTER = ("app.kubernetes.io/managed-by", "yugabyte.com/cluster-uid", "yugabyte.com/cluster")
ANOTHERS = "label cluster-uid of another"
EDITS = {
    "label managed-by away": {"metadata": {"labels": {MANAGED: None}}},
    ANOTHERS: {"metadata": {"labels": {UID: "00000000-0000-4000-8000-000000000000"}}},
    "label cluster away": {"metadata": {"labels": {CLUSTER: None}}},
    "owner away": {"metadata": {"ownerReferences": None}},
    "annotation of somebody": {"metadata": {"annotations": {"example.com/note": "seen"}}},
}
# Fields of one kind.
SELECTORS = {
    "services": {"spec": {"selector": {"app.kubernetes.io/instance": "another"}}},
    "networkpolicies": {"spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "another"}}}},
}
EDITED = ("services", "configmaps", "secrets", "networkpolicies", "serviceaccounts", "poddisruptionbudgets", "statefulsets", "pods",
          "persistentvolumeclaims")
WORKLOADS = ("scale-up", "change-flags", "edit-list", "rotate-ca", "delete-delete", "pause-resume")
MOMENTS = (1, 3, 8)  # the how-manyth write
ANNOTATED = ("configmaps", "secrets", "statefulsets", "pods")
# The StatefulSets' controller made these, and the operator waits for what it does not see: whoever took a label away puts it back.
LABELLED_BY_OTHERS = ("pods", "persistentvolumeclaims")
# What else comes of an edit, by the beginning of the fault's name.
PODS_AGAIN = "DELETE pods/.*: (1 times instead of 0|2 times instead of 1)"
FOLLOWS = {
    # Who asked for a rotation is told by this alone: without it the rest is nobody's wish, and the StatefulSets say so.
    "configmaps: annotations of ours away": "yugabyte.com/ca-asked|UPDATE statefulsets/",
    # It does not say what it was made from.
    "pods: annotations of ours away": PODS_AGAIN,
    # Neither policies nor its StatefulSet select it.
    "pods: label cluster away": PODS_AGAIN,
}
AWAY = 3  # seconds
OURS = "yugabyte.com/"  # begins the names of our annotations


def ours_away(child):
    return {"metadata": {"annotations": {name: None for name in child["metadata"].get("annotations", {}) if name.startswith(OURS)}}}


def patch_each(one, kind, children, change):
    for child in children:
        try:
            one.api.patch(kind, child["metadata"]["name"], one.namespace, change(child) if callable(change) else change)
        except Failed as error:
            if error.status != 404:  # it may be gone meanwhile
                raise


def labels_back(change):
    """The values that a child had of the labels that were changed."""
    labels = change["metadata"]["labels"]
    return lambda child: {"metadata": {"labels": {name: child["metadata"]["labels"][name] for name in labels}}}


def edit(kind, change):
    """While the operator's write waits, every child of a kind changes."""
    def react(one):
        children = one.live(kind)
        patch_each(one, kind, children, change)
        one.proxy.release("held")
        if kind in LABELLED_BY_OTHERS and "labels" in str(change):
            time.sleep(AWAY)
            patch_each(one, kind, children, labels_back(change))
    return react


def changes_of(workload, kind):
    """What says that it is another cluster's when ours goes is left alone, and stays."""
    kept = ANOTHERS if workload == "delete-delete" and kind in LABELLED_BY_OTHERS else ""
    own = {"selector": SELECTORS[kind]} if kind in SELECTORS else {}
    changes = {**EDITS, **own, **({"annotations of ours away": ours_away} if kind in ANNOTATED else {})}
    return {name: change for name, change in changes.items() if name != kept}


def edits(workload, requests):
    if workload not in WORKLOADS:
        return []
    writes = sum(1 for one in requests if one.get("write") and not one.get("subresource"))
    hold = (("id", "held"), ("verb", "write"), ("subresource", ""), ("action", "hold"))
    return [Case(workload, f"{kind}: {name}, at write {number}", (*hold, ("nth", number)), (("react", edit(kind, change)),),
                 kind="a child edited in the midst")
            for kind in EDITED for name, change in changes_of(workload, kind).items() for number in MOMENTS if number <= writes]


def compare(workload, undisturbed, found, case):
    """What was edited has updates more; and a note of somebody else's is left alone."""
    kind = case.fault.partition(":")[0]
    note = '"example.com/note": "seen"'
    follows = FOLLOWS.get(case.fault.partition(",")[0], "(?!)")
    return [one for one in run.compare(workload, undisturbed, found, case)
            if not one.startswith(f"UPDATE {kind}/") and not (one.startswith(f"{kind}/") and note in one)
            and not re.search(follows, one)]


def test_edited_between(cases):
    cases.run(edits, compare=compare)
