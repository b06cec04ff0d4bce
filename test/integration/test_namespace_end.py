"""A namespace that goes with everything in it, where nothing can be made any more."""

import pytest
from control_plane import Refused
from manifests import allow_list, wait_for_ready, yb_cluster
from token_keys import keys_of
from waiting import wait_until

pytestmark = pytest.mark.usefixtures("operator")


def gone(kubectl, namespace):
    """True once it is gone; what is left of it else."""
    try:
        kubectl("get", "namespace", namespace)
    except Refused as refusal:
        assert "NotFound" in str(refusal)
        return True
    left = [f"{one['kind']}/{one['metadata']['name']} {one.get('status', {}).get('conditions', '')}"
            for one in kubectl.list("ybclusters,allowlists", namespace)]
    raise AssertionError(left)


def test_a_namespace_goes_with_its_clusters(kubectl, home, namespace):
    """The namespace controller deletes all at once, children before their cluster too; the CA's keys go all the same."""
    retain, delete = yb_cluster("retain", allowLists=["a"]), yb_cluster("delete", deletionPolicy="Delete", allowLists=["a"])
    kubectl.apply(allow_list("a", "198.51.100.0/24"), retain, delete, namespace=namespace)
    uids = [wait_for_ready(kubectl, name, namespace)["metadata"]["uid"] for name in ("retain", "delete")]
    assert all(keys_of(home, uid) for uid in uids)
    kubectl.apply(yb_cluster("half-built"), namespace=namespace)
    uids.append(kubectl.get("ybcluster", "half-built", namespace)["metadata"]["uid"])
    kubectl("delete", "namespace", namespace, "--wait=false")
    wait_until("the namespace gone", lambda: gone(kubectl, namespace), 90)
    assert not [label for uid in uids[:2] for label in keys_of(home, uid)], "a key outlives its cluster"
    # It may have gone before it got its finalizer: then the pass that made its key takes it back.
    wait_until("no key of what was half built", lambda: not keys_of(home, uids[2]))
