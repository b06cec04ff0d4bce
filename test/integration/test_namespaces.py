"""An operator that may look into two namespaces, one of which goes: the other one is looked after, whatever becomes of it."""

import pytest
from control_plane import ROOT
from manifests import allow_list, wait_for_condition, wait_for_ready, yb_cluster
from operator_process import Operator
from test_network import applied
from waiting import stays, wait_until

OPERATOR = "ybcluster-operator"


def binding(name, kind, role, account):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": OPERATOR}, "subjects": [account]}


@pytest.fixture
def few_rights(kubectl, home, new_namespace, tmp_path):
    """The home of a service account that has the rights of the overlay `namespaces`, and no others; and how they are granted."""
    own = new_namespace("-operator")
    kubectl("create", "serviceaccount", "named", "-n", own)
    account = {"kind": "ServiceAccount", "name": "named", "namespace": own}
    mine = home.copy(tmp_path / "home")
    (mine.folder / "token").write_text(kubectl("create", "token", "named", "-n", own).strip())
    kubectl.apply(binding(own, "ClusterRoleBinding", "ClusterRole", account), namespace=own)
    kubectl.apply(binding(own, "RoleBinding", "Role", account), namespace=home.namespace)

    def grant(namespace):
        kubectl("apply", "--server-side", "-n", namespace, "-k", ROOT / "deploy/in-namespace")
        kubectl.apply(binding("named", "RoleBinding", "Role", account), namespace=namespace)
    yield mine, grant
    kubectl("delete", "clusterrolebinding", own)
    kubectl.delete("rolebinding", own, home.namespace)


def test_a_namespace_that_is_gone_stops_no_other(kubectl, few_rights, new_namespace):
    home, grant = few_rights
    stays_on, goes = new_namespace("-a"), new_namespace("-b")
    for namespace in (stays_on, goes):
        grant(namespace)
    operator = Operator(home, f"--namespaces={stays_on},{goes}").start()
    try:
        kubectl.apply(yb_cluster("one", tier="Sandbox", nodes=1), namespace=stays_on)
        kubectl.apply(allow_list("list", "198.51.100.0/24"), namespace=goes)
        wait_for_condition(kubectl, "allowlist", "list", goes, "Ready", "True")
        wait_for_ready(kubectl, "one", stays_on)
        kubectl.delete("namespace", goes, goes, "--timeout=60s")
        operator.stop()
        operator.start(ready=False)
        kubectl.apply(allow_list("a", "198.51.100.0/24"), namespace=stays_on)
        kubectl.patch("ybcluster", "one", stays_on, {"spec": {"allowLists": ["a"]}})
        applied(kubectl, stays_on, "198.51.100.0/24")
        wait_for_ready(kubectl, "one", stays_on)
        stays("/readyz says that something is missing", lambda: not operator.answers("/readyz"), 2)
        kubectl("create", "namespace", goes)
        grant(goes)
        kubectl.apply(allow_list("list", "198.51.100.0/24"), namespace=goes)
        wait_for_condition(kubectl, "allowlist", "list", goes, "Ready", "True", seconds=120)
        wait_until("nothing is missing", lambda: operator.answers("/readyz"), 120)
        kubectl.delete("ybclusters,allowlists", "--all", stays_on, "--timeout=60s")
    finally:
        operator.stop()
