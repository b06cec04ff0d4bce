"""A rotation of the CA that was asked for when the operator is killed, before anything of it was written."""

from manifests import wait_for_ready, yb_cluster
from operator_process import Operator
from token_shim import Shim
from waiting import ROLLOUT, wait_until


def root_of(kubectl, namespace):
    return kubectl.get("configmap", "one-ca", namespace)["data"]["root.crt"]


def test_a_wish_outlives_a_kill(kubectl, home, namespace, tmp_path):
    """The status has the new generation by then, so that no write of the next start brings a second pass; and only after a first
    one, which compares them, leaves are known to be served."""
    home = home.copy(tmp_path / "home")
    shim = Shim(home)
    operator = Operator(home).start()
    try:
        kubectl.apply(yb_cluster("one", nodes=1, faultTolerance="None", tls={"caOverlap": "1s"}), namespace=namespace)
        wait_for_ready(kubectl, "one", namespace)
        before = root_of(kubectl, namespace)
        shim.order("C_Sign 2 kill-after")  # the first makes the CA, the second its chain
        kubectl.patch("ybcluster", "one", namespace, {"spec": {"tls": {"rotateCA": "first"}}})
        wait_until("it is killed", lambda: not operator.running)
        assert root_of(kubectl, namespace) == before
        operator.start()
        wait_until("the rotation begins", lambda: root_of(kubectl, namespace) != before)
        wait_until("and ends", lambda: root_of(kubectl, namespace).count("BEGIN") == 1 and before not in root_of(kubectl, namespace),
                   ROLLOUT, 1)
        wait_for_ready(kubectl, "one", namespace)
        kubectl.delete("ybcluster", "one", namespace)
    finally:
        operator.stop()
