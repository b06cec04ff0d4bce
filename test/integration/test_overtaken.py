"""A cluster that goes while its operator builds it: by an API server that read it just before it got its finalizer, which deletes it all
the same. What has an owner's reference is collected; neither the volumes of a StatefulSet are, nor the key of its CA."""

import children
from manifests import yb_cluster
from operator_process import Operator
from token_keys import keys_of
from token_shim import Shim
from waiting import wait_until

SIGNS_FOR_THE_CLUSTER = "C_Sign 3"  # two are of the token's self-test


def gone_meanwhile(kubectl, namespace):
    """As that API server leaves it: there was a finalizer, and the cluster is gone. Its uid."""
    metadata = kubectl.get("ybcluster", "one", namespace)["metadata"]
    assert metadata["finalizers"]
    kubectl.patch("ybcluster", "one", namespace, {"metadata": {"finalizers": None}})
    kubectl.delete("ybcluster", "one", namespace)
    return metadata["uid"]


def made(plane, home, namespace):
    """{resource} of what the operator wrote in that namespace."""
    return {kind for _, kind, where in plane.audit(home.user) if where.startswith(f"{namespace}/")}


def test_no_set_is_made_for_a_cluster_that_is_gone(plane, kubectl, home, namespace, tmp_path):
    """The token is slow, so that it happens between the finalizer and the first child that needs a certificate."""
    home = home.copy(tmp_path / "home")
    shim = Shim(home)
    shim.order(f"{SIGNS_FOR_THE_CLUSTER} hang")
    operator = Operator(home).start()
    try:
        kubectl.apply(yb_cluster("one", deletionPolicy="Delete"), namespace=namespace)
        shim.wait_until_it_hangs()
        uid = gone_meanwhile(kubectl, namespace)
        assert keys_of(home, uid), "the pass waits for the first signature of the cluster's CA"
        shim.let_go()
        wait_until("the pass goes on", lambda: "secrets" in made(plane, home, namespace))
        wait_until("and ends", lambda: not keys_of(home, uid) or "statefulsets" in made(plane, home, namespace))
        wait_until("its children are collected", lambda: not children.of(kubectl, "one", namespace))
        assert "statefulsets" not in made(plane, home, namespace)
        assert not children.volumes(kubectl, "one", namespace)
        assert not keys_of(home, uid)
    finally:
        operator.stop()
