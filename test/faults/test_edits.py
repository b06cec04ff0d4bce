"""A label, selector, ownerReference or annotation of a child changes in the midst of a reconcile."""

import run
from api import KINDS
from cases import Case

MANAGED, UID, CLUSTER = ("app.kubernetes.io/managed-by", "yugabyte.com/cluster-uid", "yugabyte.com/cluster")
EDITS = {
    "label managed-by away": {"metadata": {"labels": {MANAGED: None}}},
    "label cluster-uid of another": {"metadata": {"labels": {UID: "00000000-0000-4000-8000-000000000000"}}},
    "label cluster away": {"metadata": {"labels": {CLUSTER: None}}},
    "owner away": {"metadata": {"ownerReferences": None}},
    "annotation of somebody": {"metadata": {"annotations": {"example.com/note": "seen"}}},
}
# Fields of one kind; what is not ours to undo stands in ANNOTATED.
SELECTORS = {
    "services": {"spec": {"selector": {"app.kubernetes.io/instance": "another"}}},
    "networkpolicies": {"spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "another"}}}},
}
EDITED = ("services", "configmaps", "secrets", "networkpolicies", "serviceaccounts", "poddisruptionbudgets", "statefulsets")
WORKLOADS = ("scale-up", "change-flags", "edit-list")


def edit(kind, change):
    """While the operator's write waits, every child of a kind changes."""
    def react(one):
        for child in one.live(kind):
            one.api.patch(kind, child["metadata"]["name"], one.namespace, change)
        one.edited = kind
        one.proxy.release("held")
    return react


def edits(workload, _):
    if workload not in WORKLOADS:
        return []
    found = []
    hold = (("id", "held"), ("verb", "write"), ("subresource", ""), ("action", "hold"))
    for kind in EDITED:
        assert kind in KINDS
        changes = {**EDITS, **({"selector": SELECTORS[kind]} if kind in SELECTORS else {})}
        for name, change in changes.items():
            found.append(Case(workload, f"{kind}: {name}", hold, (("react", edit(kind, change)),),
                              kind="a child edited in the midst"))
    return found


def compare(workload, undisturbed, found, case):
    """What was edited has updates more; and a note of somebody else's is left alone."""
    kind = case.fault.partition(":")[0]
    note = '"example.com/note": "seen"'
    return [one for one in run.compare(workload, undisturbed, found, case)
            if not one.startswith(f"UPDATE {kind}/") and not (one.startswith(f"{kind}/") and note in one)]


def test_edited_between(cases):
    cases.run(edits, compare=compare)
